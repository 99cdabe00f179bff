import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js';
import type { Agent } from 'undici';
import { guardedAgent, neverConnected, type OutboundLimits, type OutboundTls, outboundFetch, unguardedAgent } from '#kernel/outbound';
import { createRenewedAgent, type TlsEnd } from '#trust/certificate';

/** How we introduce ourselves to an MCP server, in this process or far away. */
export const clientInfo = { name: 'factotum', version: '0.1.0' } as const;

/** The most that one message may be, in bytes: a note of a million characters in JSON, escapes and all, fits. */
export const messageBytesMax = 16 * 1_024 * 1_024;

/** The call's own time-out comes before each of these but the first. */
const limits: OutboundLimits = {
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 300_000,
  bodyTimeoutMs: 300_000,
  responseBytesMax: messageBytesMax,
};

/** How long being introduced to a server may take from beginning to end, in milliseconds. */
const introductionMsUsual = 10_000;

export interface McpConnectionOptions {
  readonly url: string;
  /** What we show, and whom we believe: the internal CA's, or from files. */
  readonly end: TlsEnd;
  /** Whoever chose the address: one of a tenant's is dialled only on the public internet. */
  readonly chosenBy: 'operator' | 'tenant';
  /** Does the introduction when it is its turn; left out: at once. What is asked now or not at all does not wait for it. */
  readonly inTurn?: <R>(introduce: () => Promise<R>) => Promise<R>;
  /** How long the introduction may take from its turn on, in milliseconds; left out: 10 s. */
  readonly introductionMsMax?: number;
}

/** A connection to an MCP server over Streamable HTTP with mutual TLS. */
export interface McpConnection {
  /** Introduced to the server; made at the first call, anew when that failed. */
  client(signal: AbortSignal): Promise<Client>;
  /** Breaks off what is under way. */
  close(): Promise<void>;
}

/**
 * Opens a connection; nothing is dialled yet. Certificates are renewed under it without breaking a call. A call that is given up here is
 * given up there: its request is ended, and a server that keeps sessions is told by the protocol's notification as well.
 */
export function openMcpConnection({
  url,
  end,
  chosenBy,
  inTurn = (introduce) => introduce(),
  introductionMsMax = introductionMsUsual,
}: McpConnectionOptions): McpConnection {
  const agentFor = (tls: OutboundTls): Agent =>
    chosenBy === 'tenant' ? guardedAgent(limits, undefined, tls) : unguardedAgent(limits, tls);
  const agents = createRenewedAgent(end, agentFor);
  const fetch: typeof globalThis.fetch = (input, init) => {
    const given = requestSignal.getStore();
    const signal = AbortSignal.any([init?.signal, given].filter((one) => one !== undefined && one !== null));
    const dial = () => agents.use((agent) => outboundFetch(agent, limits)(input, { ...init, signal }));
    return impatience.getStore() === true ? dial() : untilDialled(dial, signal);
  };
  const connect = async (): Promise<Client> => {
    const client = new Client(clientInfo);
    try {
      // The SDK bounds the first of the two messages alone.
      await raced(client.connect(new EndingTransport(new URL(url), { fetch })), AbortSignal.timeout(introductionMsMax));
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  };
  /** Whoever waits and whoever does not share no introduction: the one would hold the other up, or have it fail. */
  interface Introduction {
    readonly waits: boolean;
    readonly client: Promise<Client>;
  }
  const underWay = new Set<Introduction>();
  let known: Client | undefined;
  const introduce = (waits: boolean): Introduction => {
    const first = async () => {
      if (known !== undefined) return known;
      const client = await connect();
      if (known === undefined) known = client;
      else await client.close();
      return known;
    };
    const one: Introduction = { waits, client: waits ? inTurn(first) : first() };
    underWay.add(one);
    const end = () => underWay.delete(one);
    one.client.then(end, end);
    return one;
  };
  return {
    async client(signal) {
      if (known !== undefined) return known;
      const waits = impatience.getStore() !== true;
      const { client } = [...underWay].find((one) => one.waits === waits) ?? introduce(waits);
      return raced(client, signal);
    },
    async close() {
      await Promise.allSettled([...underWay].map(({ client }) => client));
      await known?.close();
      await agents.close();
    },
  };
}

/** The signal of the request that a `send` belongs to; `fetch` finds it here because the SDK hands it only the connection's. */
const requestSignal = new AsyncLocalStorage<AbortSignal>();

/** Says of what is asked within that it is asked now or not at all. */
const impatience = new AsyncLocalStorage<boolean>();

/**
 * Runs calls that do not wait for a server that is away. For questions about a call whose outcome is not known: asked again later they do
 * no harm, while the answer of a server that has just come back, "not so far", would leave it to a person.
 */
export const withoutWaiting = <R>(work: () => Promise<R>): Promise<R> => impatience.run(true, work);

/** The SDK's transport, whose requests end when they are cancelled: by itself it only sends word and goes on waiting. */
class EndingTransport extends StreamableHTTPClientTransport {
  readonly #open = new Map<RequestId, AbortController>();

  override async send(message: JSONRPCMessage, options?: Parameters<StreamableHTTPClientTransport['send']>[1]): Promise<void> {
    if ('method' in message && 'id' in message) {
      const request = new AbortController();
      this.#open.set(message.id, request);
      try {
        await requestSignal.run(request.signal, () => super.send(message, options));
      } finally {
        this.#open.delete(message.id);
      }
      return;
    }
    if ('method' in message && message.method === 'notifications/cancelled') {
      // The SDK writes this notification itself, with the id that it gave the request.
      const id = (message.params as { requestId: RequestId } | undefined)?.requestId;
      if (id !== undefined) this.#open.get(id)?.abort();
      // Without a session nobody is left to be told.
      if (this.sessionId === undefined) return;
    }
    await super.send(message, options);
  }
}

/** Of the errors that connections are not made for those that pass: a server that is being started or replaced, a name that is being moved. */
const passing = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const againMsMax = 1_000;

/** Dials again until the signal ends it: a server that is being replaced is back in seconds, and nothing was sent in the meantime. */
async function untilDialled<R>(dial: () => Promise<R>, signal: AbortSignal): Promise<R> {
  for (let waitMs = 50; ; waitMs = Math.min(2 * waitMs, againMsMax)) {
    try {
      return await dial();
    } catch (error) {
      if (signal.aborted || !neverConnected(error) || !passing.has(codeOf(error))) throw error;
      await sleep(waitMs, undefined, { signal });
    }
  }
}

/** The code of an error, or of what `fetch` says that it was caused by. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return 'code' in error ? String(error.code) : codeOf(error.cause);
}

/** The promise, or the signal's reason when that comes first. */
function raced<R>(work: Promise<R>, signal: AbortSignal): Promise<R> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
