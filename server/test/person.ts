import type { Identity, Principal, Self } from '#trust/identity';
import { appCode, createAuthenticator } from './authenticator.ts';
import { browser, cookiesOf, exchangeLink, type MovedClock, type TestIdentity, testOrigin } from './identity.ts';

/** Passkeys need a name: this is the same server as the tests' browser knows it by number. */
export const namedOrigin = testOrigin.replace('127.0.0.1', 'localhost');

export const goodPassword = 'drei Enten tanzen Tango';

/** Somebody in a browser, in identity's own terms. */
export interface TestPerson {
  readonly tenantId: Principal['tenantId'];
  readonly userId: NonNullable<Principal['session']>['userId'];
  readonly name: string;
  readonly email: string;
  /** What the browser sends now. */
  headers(): Headers;
  /** What the browser has learnt from an answer. */
  keep(response: Response): void;
  self(): Promise<Self>;
}

/** The owner of a new tenant, signed in by a printed link. */
export async function testPerson({ identity, buildTenant }: Pick<TestIdentity, 'identity' | 'buildTenant'>): Promise<TestPerson> {
  const tenant = await buildTenant();
  const cookies = createCookieJar();
  const { response } = await exchangeLink(identity, await identity.createSignInLink(tenant.tenantId));
  cookies.keep(response);
  return { ...tenant, headers: cookies.headers, keep: cookies.keep, self: () => selfOf(identity, cookies.headers()) };
}

/** Who sends these headers, and in which session. */
export async function selfOf(identity: Identity, headers: Headers): Promise<Self> {
  const principal = (await identity.principalOf(headers)) ?? (await identity.operatorOf(headers));
  if (principal?.session === undefined) throw new Error('nobody is signed in');
  return { principal, session: principal.session };
}

/** What a browser keeps from one answer to the next. */
export function createCookieJar() {
  const kept = new Map<string, string>();
  return {
    keep: (response: Response) => {
      for (const cookie of response.headers.getSetCookie()) {
        const [pair = ''] = cookie.split(';', 1);
        const [name = ''] = pair.split('=', 1);
        if (/; Max-Age=0/.test(cookie)) kept.delete(name);
        else kept.set(name, pair);
      }
    },
    keepText: (cookie: string) => void kept.set(cookie.split('=', 1)[0] ?? '', cookie.split(';', 1)[0] ?? ''),
    headers: () => {
      const { headers } = browser([...kept.values()].join('; '));
      headers.set('origin', namedOrigin);
      return headers;
    },
    text: () => [...kept.values()].join('; '),
  };
}

/** Sets an authenticator app up for a person; gives the code that did so, and then each time one of a later half minute. */
export async function addApp({ account }: Identity, person: TestPerson, clock: MovedClock) {
  const { secret } = await account.beginTotp(await person.self());
  const code = () => appCode(secret, clock.now());
  const used = code();
  const { recoveryCodes, response } = await account.confirmTotp(await person.self(), used);
  person.keep(response);
  return {
    recoveryCodes,
    used,
    next: () => {
      clock.aheadMs += 30_000;
      return code();
    },
  };
}

/** Gives a person a passkey, and the authenticator that has it. */
export async function addPasskey(identity: Identity, person: TestPerson) {
  const authenticator = createAuthenticator();
  const { options, cookie } = await identity.account.passkeyOptions(await person.self(), { method: 'POST', headers: person.headers() });
  // Creation options always have both; the library's type says so in its own words.
  const response = authenticator.create(options as never, { origin: namedOrigin });
  const headers = person.headers();
  headers.set('cookie', `${headers.get('cookie')}; ${cookie.split(';', 1)[0]}`);
  const added = await identity.account.addPasskey(await person.self(), { name: 'Key ring', response }, { method: 'POST', headers });
  person.keep(added.response);
  return { authenticator, passkeyId: added.passkeyId, cookies: cookiesOf(added.response) };
}
