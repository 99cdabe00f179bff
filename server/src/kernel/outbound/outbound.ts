import { lookup } from 'node:dns';
import { type BlockList, isIP, type LookupFunction } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import ipaddr from 'ipaddr.js';
import { Agent, buildConnector, type Dispatcher, fetch as dispatchedFetch } from 'undici';
import { FactotumError } from '#kernel';

/** What one call to the outside may cost us. A far side that is slow, silent or endless ends in an error, never in a full memory. */
export interface OutboundLimits {
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  /** Longest silence between two pieces of a body. */
  readonly bodyTimeoutMs: number;
  /** Counted on the wire and once more after decompression. */
  readonly responseBytesMax: number;
}

/** Certificates for connections where the usual ones will not do: our own, whom to believe, and who the far side has to be. */
export type OutboundTls = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'minVersion' | 'checkServerIdentity'>;

/**
 * An agent for addresses that a tenant or a stranger chose: it only dials public unicast addresses, and those the allow list names.
 *
 * The address that is checked is the one that is dialled, for names and for literal addresses alike, so nothing can change in between.
 * Fails the request with FactotumError `outbound.address_refused` (not worth a retry).
 */
export function guardedAgent(limits: OutboundLimits, allow?: BlockList, tls: OutboundTls = {}): Agent {
  const connect = buildConnector({ ...tls, timeout: limits.connectTimeoutMs, lookup: guardedLookup(allow) });
  return new Agent({
    ...agentLimits(limits),
    connect: noted((options, done) => {
      // A literal address is never looked up, so it is checked here. undici hands over IPv6 without or with brackets.
      const literal = options.hostname.replace(/^\[|\]$/g, '');
      if (isIP(literal) !== 0 && !mayDial(literal, allow)) done(refused(literal), null);
      else connect(options, done);
    }),
  });
}

/** An agent for addresses that the operator configured: same limits, any address, because the operator owns the network. */
export function unguardedAgent(limits: OutboundLimits, tls: OutboundTls = {}): Agent {
  return new Agent({ ...agentLimits(limits), connect: noted(buildConnector({ ...tls, timeout: limits.connectTimeoutMs })) });
}

/** Errors that ended the making of a connection, TLS included. */
const connectionErrors = new WeakSet<Error>();

const noted =
  (connect: buildConnector.connector): buildConnector.connector =>
  (options, done) =>
    connect(options, (...made) => {
      if (made[0] !== null) connectionErrors.add(made[0]);
      done(...made);
    });

/** Whether a request through one of our agents failed because no connection came about: then nothing of it was sent. */
export function neverConnected(error: unknown): boolean {
  return error instanceof Error && (connectionErrors.has(error) || neverConnected(error.cause));
}

/** Whether an address is public unicast or on the allow list. IPv4 inside IPv6 is judged as IPv4; what is not an address is refused. */
export function mayDial(address: string, allow?: BlockList): boolean {
  if (allow?.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4') === true) return true;
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
}

/**
 * `fetch` through an agent. Redirects come back as they are: credentials must not follow a far side's wish to send them elsewhere.
 *
 * Takes the agent's own limit again for the decompressed body, because undici counts before it unpacks: 4 MB of gzip can be 4 GB of text.
 * A body beyond it fails with FactotumError `outbound.too_large`.
 */
export function outboundFetch(agent: Dispatcher, limits: OutboundLimits): typeof globalThis.fetch {
  const limited = async (input: Parameters<typeof dispatchedFetch>[0], init: Parameters<typeof dispatchedFetch>[1]) => {
    const response = await dispatchedFetch(input, { ...init, dispatcher: agent, redirect: 'manual' });
    if (response.body === null) return response;
    const { status, statusText, headers } = response;
    // Streams of undici and of the platform are the same; only their declarations come from two packages.
    const body = response.body as unknown as ReadableStream<Uint8Array<ArrayBuffer>>;
    return new Response(body.pipeThrough(limitBytes(limits.responseBytesMax)), { status, statusText, headers: [...headers] });
  };
  // undici's fetch and the global one are the same code; only their type declarations come from two packages.
  return limited as unknown as typeof globalThis.fetch;
}

function limitBytes(bytesMax: number): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let seen = 0;
  return new TransformStream({
    transform(chunk, controller) {
      seen += chunk.byteLength;
      if (seen <= bytesMax) controller.enqueue(chunk);
      else controller.error(new FactotumError('outbound.too_large', `The far side sent more than ${bytesMax} bytes.`));
    },
  });
}

const agentLimits = ({ headersTimeoutMs, bodyTimeoutMs, responseBytesMax }: OutboundLimits): Agent.Options => ({
  headersTimeout: headersTimeoutMs,
  bodyTimeout: bodyTimeoutMs,
  maxResponseSize: responseBytesMax,
});

function guardedLookup(allow: BlockList | undefined): LookupFunction {
  return (host, options, done) =>
    lookup(host, { ...options, all: true }, (error, found) => {
      const first = found?.[0];
      if (error !== null || first === undefined) return done(error ?? new Error(`No address for ${host}`), []);
      const bad = found.find((entry) => !mayDial(entry.address, allow));
      if (bad !== undefined) return done(refused(bad.address), []);
      if (options.all === true) return done(null, found);
      return done(null, first.address, first.family);
    });
}

/** What the name resolved to stays in the cause: it would tell a tenant about the operator's network. */
function refused(address: string): FactotumError {
  return new FactotumError(
    'outbound.address_refused',
    'This address is not on the public internet, so Factotum does not call it. Ask the operator to allow it.',
    {
      cause: new Error(`refused address ${address}`),
    },
  );
}
