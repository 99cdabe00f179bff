import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js';
import { BrokenAnswer, Refusal } from './fault.ts';
import { createSieve, eventsOf } from './messages.ts';

export interface WebOptions {
  readonly url: string;
  /** Guarded, bounded, without redirects. */
  readonly fetch: typeof globalThis.fetch;
  /** What proves who we are, asked for each message: tokens are renewed in between. */
  readonly credentials: () => Promise<Readonly<Record<string, string>>>;
  /** After a 401. @returns whether it is worth another try, with credentials that are new. */
  readonly renew: () => Promise<boolean>;
  readonly onListChanged: () => void;
}

/**
 * Streamable HTTP as a client that trusts nobody: each message is a request of its own, and its answer is read to the byte limit and no
 * further. The stream on which a server could speak unasked is never opened, and no answer is fetched later: what breaks off has broken
 * off, and the caller is told so at once. (The SDK's own transport reports a stream that broke to nobody, and the call waits for its
 * time-out.)
 */
export function createWebTransport({ url, fetch, credentials, renew, onListChanged }: WebOptions): Transport {
  const open = new Map<RequestId, AbortController>();
  const closed = new AbortController();
  let sessionId: string | undefined;
  let protocolVersion: string | undefined;

  async function post(message: JSONRPCMessage, signal: AbortSignal): Promise<Response> {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(sessionId === undefined ? {} : { 'mcp-session-id': sessionId }),
      ...(protocolVersion === undefined ? {} : { 'mcp-protocol-version': protocolVersion }),
      ...(await credentials()),
    };
    return fetch(url, { method: 'POST', headers, body: JSON.stringify(message), signal });
  }

  async function exchange(message: JSONRPCMessage, signal: AbortSignal): Promise<void> {
    let response = await post(message, signal);
    if (response.status === 401) {
      await response.body?.cancel();
      if (await renew()) response = await post(message, signal);
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw new Refusal(response.status, retryAfterMsOf(response));
    }
    sessionId = response.headers.get('mcp-session-id')?.slice(0, 1_000) ?? sessionId;
    if (!('method' in message && 'id' in message)) return void (await response.body?.cancel());
    await read(response, message.id);
  }

  /** Hands on what comes until the answer to this request has come. */
  async function read(response: Response, id: RequestId): Promise<void> {
    const sieve = createSieve((message) => transport.onmessage?.(message), onListChanged);
    const isAnswered = (messages: readonly JSONRPCMessage[]) => messages.some((one) => !('method' in one) && 'id' in one && one.id === id);
    const type = (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
    if (type === 'application/json') {
      if (!isAnswered(sieve(await response.text()))) throw new BrokenAnswer('The server answered another question than ours.');
      return;
    }
    if (type !== 'text/event-stream' || response.body === null) {
      await response.body?.cancel();
      throw new BrokenAnswer('The server answered with something else than the protocol has.');
    }
    for await (const event of eventsOf(response.body)) if (isAnswered(sieve(event))) return;
    throw new BrokenAnswer('The server ended its answer before it had given one.');
  }

  const transport: Transport = {
    // Nothing is dialled before there is something to say.
    start: () => Promise.resolve(),
    setProtocolVersion(version) {
      protocolVersion = version;
    },
    async send(message) {
      if ('method' in message && message.method === 'notifications/cancelled') {
        // The SDK writes this notification itself, with the id that it gave the request.
        const id = (message.params as { requestId?: RequestId } | undefined)?.requestId;
        if (id !== undefined) open.get(id)?.abort();
        if (sessionId === undefined) return;
      }
      const ended = new AbortController();
      const id = 'method' in message && 'id' in message ? message.id : undefined;
      if (id !== undefined) open.set(id, ended);
      try {
        await exchange(message, AbortSignal.any([ended.signal, closed.signal]));
      } finally {
        if (id !== undefined) open.delete(id);
      }
    },
    async close() {
      if (closed.signal.aborted) return;
      closed.abort();
      const bye = sessionId;
      sessionId = undefined;
      transport.onclose?.();
      if (bye === undefined) return;
      // A server that does not let sessions be ended says so; nothing depends on it.
      const headers = { 'mcp-session-id': bye, ...(await credentials().catch(() => ({}))) };
      const answer = await fetch(url, { method: 'DELETE', headers, signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
      await answer?.body?.cancel();
    },
  };
  return transport;
}

/** Seconds or a date (RFC 9110, section 10.2.3), at most an hour. */
function retryAfterMsOf(response: Response): number | undefined {
  const given = response.headers.get('retry-after');
  if (given === null) return undefined;
  const ms = /^\d+$/.test(given) ? Number(given) * 1_000 : Date.parse(given) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 3_600_000) : undefined;
}
