import { ConnectorFault, defineConnector, isConnectorFault, type Network, type Proposal } from '@factotum/connector-sdk';
import type { AgendaChanges, AgendaMemory } from '#flow/agenda';
import { davOf, findAccount, listCalendars } from './account.ts';
import { type CaldavCursor, cursorSchema, pollAccount } from './poll.ts';
import { caldavSettingsSchema } from './settings.ts';

const everyMs = 120_000;

/** Providers whose calendars lie elsewhere than their mail, by the domain of the address. */
const providers: Readonly<Record<string, string | undefined>> = {
  'icloud.com': 'https://caldav.icloud.com/',
  'me.com': 'https://caldav.icloud.com/',
  'fastmail.com': 'https://caldav.fastmail.com/',
  'posteo.de': 'https://posteo.de:8443/',
  'mailbox.org': 'https://dav.mailbox.org/',
  'gmx.net': 'https://caldav.gmx.net/',
  'web.de': 'https://caldav.web.de/',
};

/** Calendars over CalDAV (RFC 4791), read into the agenda. @param memory - what was seen before */
export const caldavConnector = ({ memory }: { readonly memory: AgendaMemory }) =>
  defineConnector<typeof caldavSettingsSchema, CaldavCursor, AgendaChanges>({
    kind: 'caldav',
    title: 'Calendars (CalDAV)',
    description:
      'Reads the calendars of one account, tells of what changes in them, and lets appointments be held, made, moved and answered.',
    settings: caldavSettingsSchema,
    credentials: {
      password: { title: 'Password', required: false, help: 'Many providers want an app password here' },
      token: { title: 'Access token', required: false, help: 'In place of user name and password' },
    },
    everyMs,
    place: ({ url, user, calendars }) => JSON.stringify([url, user, calendars ?? null]),
    discover,
    async check(context) {
      const dav = davOf(context);
      const calendars = await listCalendars(dav, await findAccount(dav, context.settings), context.settings);
      if (calendars.length === 0)
        throw new ConnectorFault('permanent', 'This account has no calendar for appointments. Make one there first.');
    },
    async poll(context, given, limits) {
      const cursor = given === null ? null : cursorSchema.safeParse(given);
      if (cursor?.success === false) throw new ConnectorFault('cursor_expired', 'How far we have read was kept by another release.');
      return pollAccount(context, memory, cursor?.data ?? null, limits);
    },
  });

/** Asks where a domain's calendars lie (RFC 6764). Who asks is not signed in, so a server that wants that is found. */
async function discover(network: Network, address: string): Promise<Proposal[]> {
  const at = address.trim().toLowerCase().lastIndexOf('@');
  const domain = address
    .trim()
    .toLowerCase()
    .slice(at + 1);
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?$/.test(domain)) return [];
  const user = at > 0 ? address.trim() : undefined;
  const propose = (url: string): Proposal => ({
    title: new URL(url).host,
    settings: { url, ...(user === undefined ? {} : { user, address: user.toLowerCase() }) },
  });
  const known = providers[domain];
  if (known !== undefined) return [propose(known)];
  const found: Proposal[] = [];
  for (const host of [domain, `caldav.${domain}`, `dav.${domain}`, `calendar.${domain}`]) {
    const url = await wellKnown(network, `https://${host}/.well-known/caldav`);
    if (url !== null) found.push(propose(url));
  }
  return found;
}

async function wellKnown(network: Network, url: string): Promise<string | null> {
  try {
    const response = await network.fetch(url, { method: 'PROPFIND', headers: { depth: '0' } });
    await response.body?.cancel();
    const location = response.headers.get('location');
    if (location !== null && response.status >= 300 && response.status < 400 && URL.canParse(location, url))
      return new URL(location, url).href;
    return response.status === 401 || response.status === 207 ? url : null;
  } catch (error) {
    if (isConnectorFault(error)) return null;
    throw error;
  }
}
