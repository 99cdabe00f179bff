import type { Network, Proposal } from '@factotum/connector-sdk';
import { isConnectorFault } from '@factotum/connector-sdk';
import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';
import { normaliseAddress } from '#trust/policy';

/** As `dns.resolveSrv`. */
export type SrvLookup = (
  name: string,
) => Promise<readonly { readonly name: string; readonly port: number; readonly priority: number; readonly weight: number }[]>;

interface Server {
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls';
}
interface Found {
  readonly imap: Server;
  readonly smtp: Server | null;
  readonly user: string;
}

const configCharsMax = 200_000;
const hostPattern = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i;

/**
 * Proposes servers for a mail address, best first: what its domain says of itself over https, what its domain says in DNS, and names that
 * many use and that exist. Nobody else is asked. A proposal is only a form that is filled in: a person looks at it before a password is sent.
 */
export async function discoverMail(network: Network, address: string, lookupSrv: SrvLookup): Promise<readonly Proposal[]> {
  const sound = normaliseAddress(address.trim());
  const domain = sound?.slice(sound.lastIndexOf('@') + 1);
  if (sound === null || domain === undefined || !hostPattern.test(domain)) return [];
  const [published, services, guessed] = await Promise.all([
    autoconfig(network, sound, domain),
    announced(sound, domain, lookupSrv),
    guess(network, sound, domain),
  ]);
  const proposals = [
    ...published.map((found) => proposalOf(found, sound, `As ${domain} publishes it`)),
    ...services.map((found) =>
      proposalOf(
        found,
        sound,
        outside(found, domain) ? `As ${domain} says in DNS; the server is somebody else’s, so check its name` : `As ${domain} says in DNS`,
      ),
    ),
    ...guessed.map((found) => proposalOf(found, sound, 'A guess: servers of this name exist')),
  ];
  return [...new Map(proposals.reverse().map((proposal) => [JSON.stringify(proposal.settings), proposal])).values()].reverse();
}

const proposalOf = ({ imap, smtp, user }: Found, address: string, title: string): Proposal => ({
  title,
  settings: {
    ...{ imapHost: imap.host, imapPort: imap.port, imapSecurity: imap.security },
    ...(smtp === null ? {} : { smtpHost: smtp.host, smtpPort: smtp.port, smtpSecurity: smtp.security }),
    user,
    fromAddress: address,
  },
});

/** DNS is not signed as a rule: a name outside the domain is for a person to confirm (RFC 6186, section 6). */
const outside = ({ imap }: Found, domain: string): boolean => imap.host !== domain && !imap.host.endsWith(`.${domain}`);

/** The file that mail programs look for at the domain: `autoconfig.` first, then well-known. Over https only. */
async function autoconfig(network: Network, address: string, domain: string): Promise<Found[]> {
  const urls = [
    `https://autoconfig.${domain}/mail/config-v1.1.xml?emailaddress=${encodeURIComponent(address)}`,
    `https://${domain}/.well-known/autoconfig/mail/config-v1.1.xml`,
  ];
  for (const url of urls) {
    const text = await network
      .fetch(url, { headers: { accept: 'text/xml, application/xml' } })
      .then(async (response) => (response.ok ? (await response.text()).slice(0, configCharsMax) : null))
      .catch(passOver);
    const found = text === null ? null : readAutoconfig(text, address);
    if (found !== null) return [found];
  }
  return [];
}

/** A name that does not exist, is not public or does not answer says nothing; anything else is a fault of ours. */
function passOver(error: unknown): null {
  if (isConnectorFault(error) || (error instanceof Error && 'code' in error) || (error instanceof Error && error.name === 'TimeoutError'))
    return null;
  throw error;
}

const many = <T extends z.ZodType>(one: T) =>
  z.preprocess((value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]), z.array(one).max(50));
const serverSchema = z.object({
  '@type': z.string(),
  hostname: z.string(),
  port: z.coerce.number().int().min(1).max(65_535),
  socketType: z.string(),
  username: z.string().optional(),
});
const configSchema = z.object({
  clientConfig: z.object({
    emailProvider: z.object({ incomingServer: many(serverSchema), outgoingServer: many(serverSchema) }),
  }),
});

/** The servers in a configuration file that we can use: IMAP and SMTP, with TLS. */
export function readAutoconfig(text: string, address: string): Found | null {
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@', parseTagValue: false, processEntities: true });
  let parsed: unknown;
  try {
    parsed = parser.parse(text);
  } catch {
    // What is no XML, such as a page that says "not found", proposes nothing.
    return null;
  }
  const config = configSchema.safeParse(parsed);
  if (!config.success) return null;
  const { incomingServer, outgoingServer } = config.data.clientConfig.emailProvider;
  const [imap] = usable(incomingServer, 'imap', address);
  const [smtp = null] = usable(outgoingServer, 'smtp', address);
  return imap === undefined ? null : { imap, smtp, user: imap.user };
}

function usable(servers: readonly z.infer<typeof serverSchema>[], type: string, address: string): (Server & { user: string })[] {
  const local = address.slice(0, address.lastIndexOf('@'));
  const domain = address.slice(address.lastIndexOf('@') + 1);
  const filled = (text: string) =>
    text.replaceAll('%EMAILADDRESS%', address).replaceAll('%EMAILLOCALPART%', local).replaceAll('%EMAILDOMAIN%', domain);
  return servers.flatMap((server) => {
    const host = filled(server.hostname.trim()).toLowerCase();
    const security = ({ SSL: 'tls', STARTTLS: 'starttls' } as const)[server.socketType.trim().toUpperCase()];
    if (server['@type'] !== type || security === undefined || !hostPattern.test(host)) return [];
    return [{ host, port: server.port, security, user: filled(server.username?.trim() ?? address).slice(0, 200) }];
  });
}

/** RFC 6186, and RFC 8314 for submission over TLS. A service whose host is `.` is declared not to exist. */
async function announced(address: string, domain: string, lookupSrv: SrvLookup): Promise<Found[]> {
  const best = async (service: string, security: Server['security']): Promise<Server[]> => {
    const records = await lookupSrv(`_${service}._tcp.${domain}`).catch((): [] => []);
    return [...records]
      .filter(({ name }) => hostPattern.test(name.replace(/\.$/, '')))
      .sort((left, right) => left.priority - right.priority || right.weight - left.weight)
      .slice(0, 1)
      .map(({ name, port }) => ({ host: name.replace(/\.$/, '').toLowerCase(), port, security }));
  };
  const [imaps, imap, submissions, submission] = await Promise.all([
    best('imaps', 'tls'),
    best('imap', 'starttls'),
    best('submissions', 'tls'),
    best('submission', 'starttls'),
  ]);
  const [incoming] = [...imaps, ...imap];
  const [outgoing = null] = [...submissions, ...submission];
  return incoming === undefined ? [] : [{ imap: incoming, smtp: outgoing, user: address }];
}

/** Names that many servers have, as far as they exist. */
async function guess(network: Network, address: string, domain: string): Promise<Found[]> {
  const first = async (names: readonly string[]): Promise<string | null> => {
    for (const name of names) if ((await network.resolve(`${name}.${domain}`).catch(passOver)) !== null) return `${name}.${domain}`;
    return null;
  };
  const [imapHost, smtpHost] = await Promise.all([first(['imap', 'mail']), first(['smtp', 'mail'])]);
  if (imapHost === null) return [];
  const smtp = smtpHost === null ? null : ({ host: smtpHost, port: 465, security: 'tls' } as const);
  return [{ imap: { host: imapHost, port: 993, security: 'tls' }, smtp, user: address }];
}
