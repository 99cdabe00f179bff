import { isConnectorFault } from '@factotum/connector-sdk';
import type { Dav, DavObject } from './dav.ts';
import { textOf } from './multistatus.ts';

/** What a server says about the objects of one calendar. */
const xmlns = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"';

/** Entity tags by path. */
export type Etags = ReadonlyMap<string, string>;

/** Everything in a calendar, however long ago. */
export async function allEtags(dav: Dav, calendar: string): Promise<Etags> {
  const { resources } = await dav.ask(
    'PROPFIND',
    calendar,
    `<d:propfind ${xmlns}><d:prop><d:getetag/><d:resourcetype/></d:prop></d:propfind>`,
    1,
  );
  return etagsOf(resources.filter(({ href }) => href !== calendar && !href.endsWith('/')));
}

/** What takes place between two days (RFC 4791, section 7.8). */
export async function etagsBetween(dav: Dav, calendar: string, from: Date, until: Date): Promise<Etags> {
  const at = (date: Date) => `${date.toISOString().slice(0, 10).replaceAll('-', '')}T000000Z`;
  const filter = `<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"><c:time-range start="${at(from)}" end="${at(until)}"/></c:comp-filter></c:comp-filter></c:filter>`;
  const { resources } = await dav.ask(
    'REPORT',
    calendar,
    `<c:calendar-query ${xmlns}><d:prop><d:getetag/></d:prop>${filter}</c:calendar-query>`,
    1,
  );
  return etagsOf(resources);
}

export interface Synced {
  readonly changed: Etags;
  readonly removed: readonly string[];
  readonly token: string | null;
  /** The server had more to say. */
  readonly more: boolean;
}

/** What has changed since a token was given out (RFC 6578). @throws ConnectorFault `cursor_expired` when the server no longer knows it. */
export async function changesSince(dav: Dav, calendar: string, token: string): Promise<Synced> {
  const body = `<d:sync-collection ${xmlns}><d:sync-token>${escaped(token)}</d:sync-token><d:sync-level>1</d:sync-level><d:prop><d:getetag/></d:prop></d:sync-collection>`;
  const { resources, syncToken } = await dav.ask('REPORT', calendar, body, 0);
  const inside = resources.filter(({ href }) => href !== calendar && !href.endsWith('/'));
  return {
    changed: etagsOf(inside.filter(({ status }) => status !== 404 && status !== 410)),
    removed: inside.filter(({ status }) => status === 404 || status === 410).map(({ href }) => href),
    token: syncToken,
    more: resources.some(({ href, status }) => href === calendar && status === 507),
  };
}

/** Objects at a time: some servers give up on more, and one answer stays below its bound. */
const batch = 40;

/** The objects at these paths; those that are gone meanwhile are not among them. */
export async function objectsAt(dav: Dav, calendar: string, hrefs: readonly string[]): Promise<ReadonlyMap<string, DavObject>> {
  const found = new Map<string, DavObject>();
  for (let at = 0; at < hrefs.length; at += batch) {
    const some = hrefs.slice(at, at + batch);
    const list = some.map((href) => `<d:href>${escaped(href)}</d:href>`).join('');
    const body = `<c:calendar-multiget ${xmlns}><d:prop><d:getetag/><c:calendar-data/></d:prop>${list}</c:calendar-multiget>`;
    const { resources } = await dav.ask('REPORT', calendar, body, 1);
    for (const { href, props } of resources) {
      const [etag, ics] = [textOf(props.getetag), textOf(props['calendar-data'])];
      if (etag !== null && ics !== null) found.set(href, { etag, ics });
    }
  }
  return found;
}

const etagsOf = (resources: readonly { readonly href: string; readonly props: Readonly<Record<string, unknown>> }[]): Etags =>
  new Map(
    resources.flatMap(({ href, props }) => {
      const etag = textOf(props.getetag);
      return etag === null ? [] : [[href, etag] as const];
    }),
  );

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Whether a server refused a report that it does not know, so that the calendar is to be listed instead. */
export const isUnsupported = (error: unknown): boolean => isConnectorFault(error) && (error.kind === 'permanent' || error.kind === 'auth');
