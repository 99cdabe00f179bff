import type { ConnectorContext, Network, SavedCredentials } from '@factotum/connector-sdk';
import { LRUCache } from 'lru-cache';
import type { Clock, Id, Logger } from '#kernel';
import type { OutsideNetwork } from './network.ts';

/** What is known of a connection that is opened. */
export interface Opening<Settings> {
  readonly tenantId: Id<'tenant'>;
  readonly connectionId: string;
  readonly connector: { readonly kind: string; readonly callsPerMinute?: number };
  readonly settings: Settings;
  readonly credentials: Readonly<Record<string, string>>;
  readonly saved?: SavedCredentials;
  readonly signal: AbortSignal;
}

/** Makes what connectors are handed. */
export interface Contexts {
  of<Settings>(opening: Opening<Settings>): ConnectorContext<Settings>;
  /** For what is not a connection yet. */
  network(opening: Pick<Opening<never>, 'tenantId' | 'connector' | 'signal'>): Network;
}

const neverAborted = new AbortController().signal;

/** More than any protocol of ours needs, and little enough to be no burden to a far side. */
const callsPerMinuteDefault = 600;

export function createContexts({ network, clock, log }: { network: OutsideNetwork; clock: Clock; log: Logger }): Contexts {
  // By connection, so that one poll after another does not start counting anew.
  const paces = new LRUCache<string, Pace>({ max: 10_000 });
  const paceOf = (id: string, perMinute: number): Pace => {
    const pace = paces.get(id) ?? createPace(perMinute, clock);
    paces.set(id, pace);
    return pace;
  };
  const networkOf = ({ tenantId, connectionId, connector, signal }: Omit<Opening<never>, 'settings' | 'credentials'>): Network => {
    const pace = paceOf(connectionId, connector.callsPerMinute ?? callsPerMinuteDefault);
    return {
      signal,
      now: () => clock.now(),
      fetch: async (url, { outlives = false, ...init } = {}) => {
        const ends = outlives ? neverAborted : signal;
        await pace(ends);
        return network.fetch(url, init, ends);
      },
      resolve: (host, port) => network.resolve(host, port),
      log: (message, facts) => log.info({ ...facts, tenantId, connectionId, connector: connector.kind }, `connector: ${message}`),
    };
  };
  return {
    of: ({ settings, credentials, saved, ...opening }) => ({
      ...networkOf(opening),
      tenantId: opening.tenantId,
      connectionId: opening.connectionId,
      settings,
      credentials,
      ...(saved === undefined ? {} : { saved }),
    }),
    network: (opening) => networkOf({ ...opening, connectionId: `${opening.tenantId} ${opening.connector.kind}` }),
  };
}

/** Waits until one more call may be made. @throws the signal's reason. */
type Pace = (signal: AbortSignal) => Promise<void>;

/** A bucket that fills by the minute's share and holds a quarter of a minute: bursts pass, floods wait in line. */
function createPace(perMinute: number, clock: Clock): Pace {
  const everyMs = 60_000 / perMinute;
  const burst = Math.max(1, perMinute / 4);
  let nextFreeMs = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    signal.throwIfAborted();
    const nowMs = clock.monotonicMs();
    nextFreeMs = Math.max(nextFreeMs, nowMs - burst * everyMs) + everyMs;
    const waitMs = nextFreeMs - nowMs;
    if (waitMs > 0) await paused(waitMs, signal);
  };
}

/** Resolves after so many milliseconds. @throws the signal's reason. */
export function paused(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, ms);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
