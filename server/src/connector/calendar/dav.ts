import { ConnectorFault, isConnectorFault, type Network } from '@factotum/connector-sdk';
import { type Multistatus, namesPrecondition, readMultistatus } from './multistatus.ts';

/** Calls to one CalDAV server, signed in. Paths are of the origin that the settings name, and nothing is sent anywhere else. */
export interface Dav {
  readonly base: URL;
  /** PROPFIND and REPORT. @throws ConnectorFault. */
  ask(method: 'PROPFIND' | 'REPORT', path: string, body: string, depth: 0 | 1): Promise<Multistatus & { readonly path: string }>;
  /** An object, or null where there is none. @throws ConnectorFault. */
  get(path: string): Promise<DavObject | null>;
  /** @returns `changed` when what is there is not what was expected. @throws ConnectorFault. */
  put(path: string, ics: string, expected: string | null): Promise<{ readonly etag: string | null } | 'changed'>;
  /** Also where there is none any more. @throws ConnectorFault. */
  remove(path: string, expected: string): Promise<'gone' | 'changed'>;
  /** What the server says it can do, from the DAV header. */
  abilities(path: string): Promise<string>;
}

export interface DavObject {
  readonly etag: string;
  readonly ics: string;
}

export interface DavLogin {
  readonly url: string;
  readonly user: string;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
}

/** Answers of more than this no calendar of people has: 40,000 entity tags, or 4,000 appointments. */
const bodyBytesMax = 16 * 1024 * 1024;
const redirectsMax = 5;

/** @throws ConnectorFault `permanent` when the address is none. */
export function createDav(network: Pick<Network, 'fetch' | 'signal'>, login: DavLogin): Dav {
  if (!URL.canParse(login.url)) throw new ConnectorFault('permanent', 'The address of the calendar server is not a URL.');
  const base = new URL(login.url);
  const authorization =
    login.token === undefined
      ? `Basic ${Buffer.from(`${login.user}:${login.password ?? ''}`, 'utf8').toString('base64')}`
      : `Bearer ${login.token}`;

  async function call(
    method: string,
    path: string,
    init: { readonly body?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    let url = new URL(path, base);
    for (let hop = 0; hop <= redirectsMax; hop += 1) {
      if (url.origin !== base.origin)
        throw new ConnectorFault('permanent', `The calendar server has moved to ${url.origin}. Set this address.`);
      const response = await network
        .fetch(url, {
          method,
          headers: { authorization, 'user-agent': 'Factotum', ...init.headers },
          ...(init.body === undefined ? {} : { body: init.body }),
        })
        .catch((cause: unknown) => {
          if (network.signal.aborted || isConnectorFault(cause)) throw cause;
          throw new ConnectorFault('transient', `${base.host} does not answer.`, { cause });
        });
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || response.status === 304 || location === null) return { url, response };
      await response.body?.cancel();
      if (!URL.canParse(location, url.href)) throw faultOf(url, response, '');
      url = new URL(location, url);
    }
    throw new ConnectorFault('permanent', `${base.host} redirects in circles. Check the address.`);
  }

  return {
    base,
    async ask(method, path, body, depth) {
      const { url, response } = await call(method, path, {
        body: `<?xml version="1.0" encoding="utf-8"?>${body}`,
        headers: { depth: String(depth), 'content-type': 'application/xml; charset=utf-8' },
      });
      const text = await bodyOf(response, url);
      if (response.status !== 207) throw faultOf(url, response, text);
      return { ...readMultistatus(text, url), path: url.pathname };
    },
    async get(path) {
      const { url, response } = await call('GET', path);
      const text = await bodyOf(response, url);
      if (response.status === 404 || response.status === 410) return null;
      if (!response.ok) throw faultOf(url, response, text);
      return { etag: response.headers.get('etag') ?? '', ics: text };
    },
    async put(path, ics, expected) {
      const condition = expected === null ? { 'if-none-match': '*' } : { 'if-match': expected };
      const headers = { 'content-type': 'text/calendar; charset=utf-8', ...condition };
      const { url, response } = await call('PUT', path, { body: ics, headers });
      const text = await bodyOf(response, url);
      // 409 is what some servers say for an id that is in the calendar already, under another name.
      if (response.status === 412 || (response.status === 409 && namesPrecondition(text, 'no-uid-conflict'))) return 'changed';
      if (!response.ok) throw faultOf(url, response, text);
      return { etag: response.headers.get('etag') };
    },
    async remove(path, expected) {
      const { url, response } = await call('DELETE', path, { headers: { 'if-match': expected } });
      const text = await bodyOf(response, url);
      if (response.status === 412) return 'changed';
      if (response.ok || response.status === 404 || response.status === 410) return 'gone';
      throw faultOf(url, response, text);
    },
    async abilities(path) {
      const { response } = await call('OPTIONS', path);
      await response.body?.cancel();
      return response.headers.get('dav') ?? '';
    },
  };
}

async function bodyOf(response: Response, url: URL): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > bodyBytesMax) throw new ConnectorFault('permanent', `${url.host} sent more than ${bodyBytesMax} bytes in one answer.`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** What follows from an answer that is none. */
function faultOf({ host, pathname }: URL, { status, headers }: Response, text: string): ConnectorFault {
  if ((status === 403 || status === 409 || status === 410 || status === 507) && namesPrecondition(text, 'valid-sync-token'))
    return new ConnectorFault('cursor_expired', `${host} no longer knows how far we have read.`);
  if (status === 401) return new ConnectorFault('auth', `${host} does not accept the user name and password.`);
  if (status === 403) return new ConnectorFault('auth', `${host} does not allow this user to use ${pathname}.`);
  const retryAfterMs = Number(headers.get('retry-after')) * 1_000;
  const after = retryAfterMs > 0 ? { retryAfterMs } : {};
  if (status === 429) return new ConnectorFault('rate_limited', `${host} asks us to wait.`, after);
  if (status >= 500) return new ConnectorFault('transient', `${host} has a fault of its own (${status}).`, after);
  return new ConnectorFault('permanent', `${host} answers ${status} at ${pathname}. Check the address.`);
}
