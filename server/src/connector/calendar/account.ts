import { ConnectorFault, isConnectorFault } from '@factotum/connector-sdk';
import type { Calendar } from '#flow/agenda';
import { ianaZone, readCalendar } from '#flow/agenda';
import { createDav, type Dav } from './dav.ts';
import { type DavResource, hrefsOf, pathOf, record, textOf } from './multistatus.ts';
import type { CaldavContext, CaldavSettings } from './settings.ts';

/** Where an account's calendars lie, and by which addresses its owner is invited. */
export interface Account {
  readonly home: string;
  readonly addresses: readonly string[];
  readonly serverInvites: boolean;
}

/** A calendar as the server lists it, with what tells whether something in it has changed. */
export interface ListedCalendar extends Calendar {
  readonly token: string | null;
  readonly ctag: string | null;
}

const dav = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://calendarserver.org/ns/"';

/** @throws ConnectorFault `permanent` where neither a password nor a token is there. */
export function davOf({ settings, credentials, fetch, signal }: Pick<CaldavContext, 'settings' | 'credentials' | 'fetch' | 'signal'>): Dav {
  const { password, token } = credentials;
  if (password === undefined && token === undefined) throw new ConnectorFault('auth', 'There is neither a password nor an access token.');
  return createDav({ fetch, signal }, { url: settings.url, user: settings.user, password, token });
}

/** Finds the account by RFC 6764: who we are, and where our calendars lie. An address of one calendar is that calendar alone. */
export async function findAccount(client: Dav, settings: CaldavSettings): Promise<Account> {
  const query = `<d:propfind ${dav}><d:prop><d:current-user-principal/><d:resourcetype/><c:calendar-home-set/></d:prop></d:propfind>`;
  const start = await firstOf(client, [client.base.pathname, '/.well-known/caldav', '/'], query);
  const at = new URL(start.path, client.base);
  const principal = pathOf(hrefsOf(start.props['current-user-principal'])[0], at);
  const about = principal === null ? start : await principalOf(client, principal);
  const home = isCalendar(start) ? start.path : pathOf(hrefsOf(about.props['calendar-home-set'])[0], at);
  if (home === null)
    throw new ConnectorFault(
      'permanent',
      `${client.base.host} does not say where the calendars lie. Set the address of the account or of one calendar.`,
    );
  const said = hrefsOf(about.props['calendar-user-address-set']).filter((address) => /^mailto:/i.test(address));
  const own = settings.address ?? (settings.user.includes('@') ? settings.user : undefined);
  const addresses = [...(own === undefined ? [] : [own]), ...said.map((address) => address.slice('mailto:'.length))];
  return {
    home,
    addresses: [...new Set(addresses.map((address) => address.toLowerCase()))].slice(0, 20),
    serverInvites: (await client.abilities(home).catch(() => '')).includes('calendar-auto-schedule'),
  };
}

/** The calendars of the account that hold appointments, and that the settings name. @throws ConnectorFault `permanent` where there is none. */
export async function listCalendars(client: Dav, account: Account, settings: CaldavSettings): Promise<ListedCalendar[]> {
  const query = `<d:propfind ${dav}><d:prop><d:displayname/><d:resourcetype/><d:sync-token/><s:getctag/><c:supported-calendar-component-set/><c:calendar-timezone/></d:prop></d:propfind>`;
  const { resources } = await client.ask('PROPFIND', account.home, query, 1);
  const all = resources
    .filter(isCalendar)
    .filter(holdsAppointments)
    .map((one) => calendarOf(one, account, settings));
  const wanted = settings.calendars?.map((name) => all.find((one) => one.name === name || one.href === name));
  const missing = settings.calendars?.filter((_, at) => wanted?.[at] === undefined) ?? [];
  if (missing.length > 0)
    throw new ConnectorFault(
      'permanent',
      `There is no calendar ${missing.join(', ')}. There are: ${all.map(({ name }) => name).join(', ') || 'none'}.`,
    );
  return (wanted ?? all).filter((one) => one !== undefined).slice(0, calendarsMax);
}

const calendarsMax = 100;

/** The first of these places that knows about calendars. */
async function firstOf(client: Dav, places: readonly string[], query: string) {
  let failed: unknown;
  for (const place of [...new Set(places)]) {
    try {
      const { resources, path } = await client.ask('PROPFIND', place, query, 0);
      const [found] = resources;
      if (found !== undefined && (isCalendar(found) || hrefsOf(found.props['current-user-principal']).length > 0))
        return { ...found, path };
    } catch (error) {
      if (!isConnectorFault(error) || error.kind !== 'permanent') throw error;
      failed ??= error;
    }
  }
  throw failed ?? new ConnectorFault('permanent', `${client.base.host} is no calendar server. Check the address.`);
}

async function principalOf(client: Dav, principal: string) {
  const query = `<d:propfind ${dav}><d:prop><c:calendar-home-set/><c:calendar-user-address-set/></d:prop></d:propfind>`;
  const { resources, path } = await client.ask('PROPFIND', principal, query, 0);
  return { ...(resources[0] ?? { href: path, status: null, props: {} }), path };
}

const isCalendar = ({ props }: DavResource): boolean => 'calendar' in record(props.resourcetype);

/** Servers that do not say what a calendar holds let it hold everything. */
function holdsAppointments({ props }: DavResource): boolean {
  const { comp } = record(props['supported-calendar-component-set']);
  return !Array.isArray(comp) || comp.some((one) => record(one)['@name'] === 'VEVENT');
}

function calendarOf({ href, props }: DavResource, account: Account, settings: CaldavSettings): ListedCalendar {
  const { workDays, workFrom, workTo } = settings;
  const hasHours = workDays !== undefined || workFrom !== undefined || workTo !== undefined;
  return {
    href,
    name: (textOf(props.displayname) ?? lastSegment(href)).slice(0, 200),
    addresses: [...account.addresses],
    timeZone: settings.timeZone ?? zoneIn(textOf(props['calendar-timezone'])),
    hours: hasHours ? { days: workDays ?? [1, 2, 3, 4, 5], from: workFrom ?? '09:00', to: workTo ?? '17:00' } : null,
    reminders: settings.reminders,
    serverInvites: account.serverInvites,
    token: textOf(props['sync-token']),
    ctag: textOf(props.getctag),
  };
}

function lastSegment(href: string): string {
  const segment = href.split('/').filter(Boolean).at(-1) ?? href;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The zone that a calendar says it is in, where its name is one that everybody knows. */
function zoneIn(text: string | null): string | null {
  if (text === null) return null;
  try {
    const tzid = readCalendar(text).component.getFirstSubcomponent('vtimezone')?.getFirstPropertyValue('tzid');
    return typeof tzid === 'string' ? (ianaZone(tzid)?.name ?? null) : null;
  } catch {
    // What a calendar says of itself is a help and nothing more.
    return null;
  }
}
