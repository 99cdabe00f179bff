import { LRUCache } from 'lru-cache';
import { createTurns, type Id, type Logger } from '#kernel';
import type { TlsEnd } from '#trust/certificate';
import { createCaller } from './call-tool.ts';
import { type McpConnection, openMcpConnection, withoutWaiting } from './connection.ts';
import type { ClosableToolHost } from './host.ts';
import type { Permits } from './permit.ts';

export interface RemoteToolHostOptions {
  /** Of the process that serves tools: its host and port. */
  readonly url: string;
  /** What a worker shows when it acts for a tenant. */
  readonly endFor: (tenantId: Id<'tenant'>) => TlsEnd;
  /** Left out: the server asks for none. */
  readonly permits?: Permits;
  readonly log: Logger;
}

/** Tenants whose connections are kept, an idle one some 50 KB; what is beyond is made again when it is needed. */
const connectionsMax = 1_000;

/**
 * Introductions at once. Each begins with a handshake that has seconds until it counts as failed: hundreds of tenants that come together
 * would take each other's processor, all fail, and all begin again.
 */
const introductionsAtOnceMax = 8;

/** Calls tools that run in another process. Each tenant has a connection, and so a client certificate, of its own. */
export function createRemoteToolHost({ url, endFor, permits, log }: RemoteToolHostOptions): ClosableToolHost {
  const callThrough = createCaller(log, permits);
  const address = new URL(toolsPath, url).href;
  const inTurn = createTurns<Id<'tenant'>>({ atOnceMax: introductionsAtOnceMax, eachMax: introductionsAtOnceMax });
  const closing = new AbortController();
  interface Held {
    readonly connection: McpConnection;
    calls: number;
    isRetired: boolean;
  }
  const held = new LRUCache<Id<'tenant'>, Held>({
    max: connectionsMax,
    dispose: (one) => {
      one.isRetired = true;
      if (one.calls === 0) closeQuietly(one.connection);
    },
  });
  const closeQuietly = (connection: McpConnection) => {
    connection.close().catch((error: unknown) => log.debug({ err: error }, 'a connection to the tools did not close cleanly'));
  };
  const of = (tenantId: Id<'tenant'>): Held => {
    const known = held.get(tenantId);
    if (known !== undefined) return known;
    const connection = openMcpConnection({
      ...{ url: address, end: endFor(tenantId), chosenBy: 'operator' },
      inTurn: (introduce) => inTurn(tenantId, introduce, closing.signal),
    });
    const made = { connection, calls: 0, isRetired: false };
    held.set(tenantId, made);
    return made;
  };
  return {
    async call(call) {
      const mine = of(call.tenantId);
      mine.calls += 1;
      try {
        const make = () =>
          callThrough(call, (signal) => mine.connection.client(AbortSignal.any([signal, AbortSignal.timeout(call.timeoutMs)])));
        return await (call.operation === 'lookup' ? withoutWaiting(make) : make());
      } finally {
        mine.calls -= 1;
        if (mine.isRetired && mine.calls === 0) closeQuietly(mine.connection);
      }
    },
    async close() {
      // Who still waits to be introduced is not any more.
      closing.abort();
      const all = [...held.values()];
      held.clear();
      await Promise.all(all.map(({ connection }) => connection.close()));
    },
  };
}

/** Where the process that serves tools has them. */
export const toolsPath = '/mcp';
