import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { XMLParser } from 'fast-xml-parser';

/** A CalDAV server for tests: one user with calendars in memory, sync tokens, entity tags and the faults that real ones have. */
export interface CaldavStandIn {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Whatever is in a calendar, by its path. */
  readonly objects: Map<string, { etag: string; ics: string }>;
  /** What it was asked: method and path. */
  readonly asked: string[];
  put(path: string, ics: string): void;
  remove(path: string): void;
  limit(seconds: number | null): void;
  hang(hangs: boolean): void;
  expireTokens(): void;
  /** As servers without sync-collection are. */
  withoutSync(): void;
  stop(): Promise<void>;
}

const home = '/cal/alice/';
export const standInCalendar = `${home}work/`;
const parser = new XMLParser({ removeNSPrefix: true, parseTagValue: false, isArray: (name) => name === 'href' });

export async function startCaldav(): Promise<CaldavStandIn> {
  const objects = new Map<string, { etag: string; ics: string }>();
  /** Every change in order; a token is how many there had been. */
  const changes: string[] = [];
  const asked: string[] = [];
  let [oldest, retryAfter, hangs, syncs] = [0, null as number | null, false, true];
  const token = () => `urn:token:${changes.length}`;
  const change = (path: string, ics: string | null) => {
    if (ics === null) objects.delete(path);
    else objects.set(path, { etag: `"${createHash('sha256').update(ics).digest('hex').slice(0, 20)}-${changes.length}"`, ics });
    changes.push(path);
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '/' } = request;
    asked.push(`${method} ${path}`);
    const body = await textOf(request);
    if (hangs) return;
    const send = (status: number, text = '', headers: Record<string, string> = {}) => response.writeHead(status, headers).end(text);
    if (request.headers.authorization !== `Basic ${Buffer.from('alice:right-password').toString('base64')}`) return void send(401);
    if (retryAfter !== null) return void send(429, '', { 'retry-after': String(retryAfter) });
    if (path === '/.well-known/caldav') return void send(301, '', { location: '/' });
    const multistatus = (inner: string, sync = '') =>
      send(
        207,
        `<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://calendarserver.org/ns/">${inner}${sync}</d:multistatus>`,
      );
    const inside = () => [...objects].filter(([name]) => name.startsWith(standInCalendar));
    if (method === 'PROPFIND') {
      if (path === '/')
        return void multistatus(found('/', '<d:current-user-principal><d:href>/principal/</d:href></d:current-user-principal>'));
      if (path === '/principal/')
        return void multistatus(
          found(
            path,
            `<c:calendar-home-set><d:href>${home}</d:href></c:calendar-home-set><c:calendar-user-address-set><d:href>mailto:Alice@example.com</d:href></c:calendar-user-address-set>`,
          ),
        );
      const calendar = found(
        standInCalendar,
        `<d:displayname>Work</d:displayname><d:resourcetype><d:collection/><c:calendar/></d:resourcetype><s:getctag>${changes.length}</s:getctag>${syncs ? `<d:sync-token>${token()}</d:sync-token>` : ''}<c:supported-calendar-component-set><c:comp name="VEVENT"/></c:supported-calendar-component-set>`,
      );
      if (path === home) return void multistatus(found(home, '<d:resourcetype><d:collection/></d:resourcetype>') + calendar);
      if (path === standInCalendar)
        return void multistatus(
          calendar +
            inside()
              .map(([name, { etag }]) => found(name, tag(etag)))
              .join(''),
        );
      return void send(404);
    }
    if (method === 'REPORT') {
      const asks: Record<string, { 'sync-token'?: string; href?: string[] }> = parser.parse(body);
      const sync = asks['sync-collection'];
      if (sync !== undefined) {
        const since = Number(/^urn:token:(\d+)$/.exec(sync['sync-token'] ?? '')?.[1] ?? -1);
        if (!syncs || since < oldest) return void send(403, '<d:error xmlns:d="DAV:"><d:valid-sync-token/></d:error>');
        const touched = [...new Set(changes.slice(since))];
        const parts = touched.map((name) => {
          const object = objects.get(name);
          return object === undefined
            ? `<d:response><d:href>${name}</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>`
            : found(name, tag(object.etag));
        });
        return void multistatus(parts.join(''), `<d:sync-token>${token()}</d:sync-token>`);
      }
      const wanted = asks['calendar-multiget']?.href;
      const some = wanted === undefined ? inside() : inside().filter(([name]) => wanted.includes(name));
      const data = (ics: string) => (wanted === undefined ? '' : `<c:calendar-data>${escaped(ics)}</c:calendar-data>`);
      return void multistatus(some.map(([name, { etag, ics }]) => found(name, tag(etag) + data(ics))).join(''));
    }
    const here = objects.get(path);
    const isExpected =
      request.headers['if-none-match'] === '*'
        ? here === undefined
        : request.headers['if-match'] === undefined || request.headers['if-match'] === here?.etag;
    if (method === 'OPTIONS') return void send(200, '', { dav: '1, 2, calendar-access' });
    if (method === 'GET') return void (here === undefined ? send(404) : send(200, here.ics, { etag: here.etag }));
    if (!isExpected) return void send(412);
    if (method === 'DELETE' && here === undefined) return void send(404);
    change(path, method === 'DELETE' ? null : body);
    return void send(method === 'DELETE' ? 204 : 201, '', method === 'DELETE' ? {} : { etag: objects.get(path)?.etag ?? '' });
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    user: 'alice',
    password: 'right-password',
    objects,
    asked,
    put: (path, ics) => change(path, ics),
    remove: (path) => change(path, null),
    limit: (seconds) => {
      retryAfter = seconds;
    },
    hang: (now) => {
      hangs = now;
    },
    expireTokens: () => {
      oldest = changes.length + 1;
      changes.push('');
    },
    withoutSync: () => {
      syncs = false;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const found = (href: string, props: string) =>
  `<d:response><d:href>${href}</d:href><d:propstat><d:prop>${props}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`;
const tag = (etag: string) => `<d:getetag>${escaped(etag)}</d:getetag>`;
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}
