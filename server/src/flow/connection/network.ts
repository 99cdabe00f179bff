import { lookup } from 'node:dns/promises';
import { ConnectorFault, isConnectorFault, type Network } from '@factotum/connector-sdk';
import { isFactotumError } from '#kernel';
import { guardedAgent, mayDial, type OutboundLimits, outboundFetch, unguardedAgent } from '#kernel/outbound';

/** What one answer may cost: attachments and statements are megabytes, and anything slower than this is away. */
const limits: OutboundLimits = {
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 30_000,
  bodyTimeoutMs: 20_000,
  responseBytesMax: 32 * 1024 * 1024,
};
const callTimeoutMs = 30_000;

/** The way to outside systems whose addresses tenants choose. */
export interface OutsideNetwork {
  fetch(url: string | URL, init: RequestInit | undefined, signal: AbortSignal): Promise<Response>;
  resolve: Network['resolve'];
  close(): Promise<void>;
}

/** @param allowHosts - `host:port` that may be called although private, and without TLS. */
export function createNetwork(allowHosts: readonly string[]): OutsideNetwork {
  const allowed = new Set(allowHosts.map((host) => host.toLowerCase()));
  const agents = { guarded: guardedAgent(limits), trusted: unguardedAgent(limits) };
  const guarded = outboundFetch(agents.guarded, limits);
  const trusted = outboundFetch(agents.trusted, limits);
  const isAllowed = (host: string, port: string | number) => allowed.has(`${host.toLowerCase()}:${port}`);
  const isHostAllowed = (host: string) => [...allowed].some((entry) => entry.slice(0, entry.lastIndexOf(':')) === host.toLowerCase());
  return {
    async fetch(given, init, signal) {
      const url = parsed(given);
      const isOpen = isAllowed(url.hostname, url.port === '' ? defaultPort(url) : url.port);
      if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isOpen))
        throw new ConnectorFault('permanent', `${url.origin} is not protected by TLS. Use its https address.`);
      const ends = AbortSignal.any([AbortSignal.timeout(callTimeoutMs), signal, ...(init?.signal ? [init.signal] : [])]);
      return (isOpen ? trusted : guarded)(url, { ...init, signal: ends }).catch((cause: unknown) => {
        // Whoever has ended the call knows why; everything else is told in words of ours.
        if (signal.aborted || init?.signal?.aborted === true) throw cause;
        throw networkFault(url.hostname, cause);
      });
    },
    async resolve(host, port) {
      const name = host.replace(/^\[|\]$/g, '');
      const found = await lookup(name, { all: true, verbatim: true }).catch((cause: unknown) => {
        const isUnknown = cause instanceof Error && 'code' in cause && cause.code === 'ENOTFOUND';
        throw new ConnectorFault('transient', isUnknown ? `There is no server named ${name}.` : `The name ${name} cannot be resolved.`, {
          cause,
        });
      });
      const isOpen = port === undefined ? isHostAllowed(host) : isAllowed(host, port);
      if (!isOpen && found.some(({ address }) => !mayDial(address))) throw addressRefused(name);
      const [first] = found;
      if (first === undefined) throw new ConnectorFault('transient', `The name ${name} has no address.`);
      return first.address;
    },
    close: async () => {
      await Promise.all([agents.guarded.destroy(), agents.trusted.destroy()]);
    },
  };
}

function parsed(given: string | URL): URL {
  const url = URL.canParse(String(given)) ? new URL(given) : undefined;
  if (url === undefined) throw new ConnectorFault('permanent', 'An address of this connection is not a URL.');
  return url;
}

const defaultPort = ({ protocol }: URL): string => (protocol === 'https:' ? '443' : '80');

const addressRefused = (host: string, cause?: unknown) =>
  new ConnectorFault(
    'permanent',
    `${host} is not on the public internet, so Factotum does not call it. Ask the operator to allow it (FACTOTUM_CONNECTION_ALLOW_HOSTS).`,
    { cause },
  );

/** Says what happened without repeating what was asked: an address may carry a key. */
function networkFault(host: string, cause: unknown): ConnectorFault {
  const known = causes(cause);
  const fault = known.find(isConnectorFault);
  if (fault !== undefined) return fault;
  if (known.some((one) => isFactotumError(one, 'outbound.address_refused'))) return addressRefused(host, cause);
  if (known.some((one) => isFactotumError(one, 'outbound.too_large')))
    return new ConnectorFault('permanent', `${host} sent more than ${limits.responseBytesMax} bytes in one answer.`, { cause });
  if (known.some((one) => one instanceof Error && one.name === 'TimeoutError'))
    return new ConnectorFault('transient', `${host} did not answer within ${callTimeoutMs / 1_000} seconds.`, { cause });
  const code = known.flatMap((one) => (one instanceof Error && 'code' in one && typeof one.code === 'string' ? [one.code] : []))[0];
  return new ConnectorFault('transient', `${host} could not be reached${code === undefined ? '' : ` (${code})`}.`, { cause });
}

function causes(error: unknown): unknown[] {
  const found: unknown[] = [];
  for (let one = error; one !== undefined && one !== null && found.length < 8; one = one instanceof Error ? one.cause : undefined)
    found.push(one);
  return found;
}
