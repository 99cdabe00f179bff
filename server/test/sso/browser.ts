import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestHttp } from '../http.ts';
import { testOrigin } from '../identity.ts';

/** A page that a browser has come to. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly body: string;
  readonly location: string | null;
}

/** A browser as far as signing in needs one: cookies by host, forms, redirects one by one. Our own server has no socket here. */
export interface TestBrowser {
  /** Without following redirects. Our cookies are not sent with a foreign page's post, as browsers do with SameSite=Lax. */
  open(url: string | URL, form?: Readonly<Record<string, string>>, from?: 'ours' | 'foreign'): Promise<Page>;
  /** Follows redirects until a page, or until `stop` says so. */
  follow(page: Page, stop?: (next: URL) => boolean): Promise<Page>;
  /** The cookies for our own server. */
  readonly cookie: () => string;
  /** Loses every cookie of a site, as when signing out there. */
  forget(origin: string): void;
  /** Puts a cookie there, as a neighbouring host could. */
  plant(cookie: string): void;
}

export function testBrowser({ http }: Pick<TestHttp, 'http'>): TestBrowser {
  const jars = new Map<string, Map<string, string>>();
  const address = `10.${randomBytes(3).join('.')}`;
  const jarOf = (origin: string) => {
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    return jar;
  };
  const cookieFor = (origin: string) => [...jarOf(origin)].map(([name, value]) => `${name}=${value}`).join('; ');

  const open: TestBrowser['open'] = async (given, form, from = 'foreign') => {
    const url = new URL(given, testOrigin);
    const headers = new Headers();
    const isOurs = url.origin === testOrigin;
    const cookie = cookieFor(url.origin);
    if (cookie !== '' && !(isOurs && form !== undefined && from === 'foreign')) headers.set('cookie', cookie);
    if (form !== undefined && isOurs) headers.set('origin', from === 'ours' ? testOrigin : 'https://idp.example');
    const body = form && new URLSearchParams(form);
    const init = { method: form ? 'POST' : 'GET', headers, redirect: 'manual', ...(body ? { body } : {}) } as const;
    const response = isOurs
      ? await http.fetch(new Request(url, init), { incoming: { socket: { remoteAddress: address } } })
      : await fetch(url, init);
    for (const line of response.headers.getSetCookie()) keep(jarOf(url.origin), line);
    return { url, status: response.status, body: await response.text(), location: response.headers.get('location') };
  };

  return {
    open,
    follow: async (first, stop = () => false) => {
      let page = first;
      for (let hops = 0; page.location !== null; hops++) {
        assert.ok(hops < 20, 'a chain of redirects without an end');
        const next = new URL(page.location, page.url);
        if (stop(next)) return page;
        page = await open(next);
      }
      return page;
    },
    cookie: () => cookieFor(testOrigin),
    forget: (origin) => void jars.delete(origin),
    plant: (cookie) => keep(jarOf(testOrigin), cookie),
  };
}

function keep(jar: Map<string, string>, line: string): void {
  const [pair = ''] = line.split(';', 1);
  const at = pair.indexOf('=');
  if (/;\s*(max-age=0|expires=Thu, 01 Jan 1970)/i.test(line)) jar.delete(pair.slice(0, at));
  else jar.set(pair.slice(0, at), pair.slice(at + 1));
}
