import { ConnectorFault, defineConnector, type HookRequest } from '@factotum/connector-sdk';
import { z } from 'zod';
import {
  type AnyConnector,
  createConnections,
  createNetwork,
  createWatcher,
  type Sink,
  type Watcher,
  type WatcherOptions,
} from '#flow/connection';
import { createAdmission, createIntake } from '#flow/intake';
import { createLogger, type Id, systemClock } from '#kernel';
import type { Database } from '#kernel/database';
import { createQuotas } from '#trust/quota';
import type { SecretResolver } from '#trust/secret';
import type { tenantFactory } from './tenant.ts';

export interface FeedItem {
  readonly id: string;
  readonly text?: string;
  readonly history?: boolean;
  readonly kind?: string;
}

/** A far side in memory, one for each connection by the name in its settings, and what its connector has been asked. */
export interface Feed {
  items: FeedItem[];
  /** Thrown by the next polls, until it is taken away. */
  fault: Error | null;
  /** Polls wait for it, if it is there. */
  gate: Promise<void> | null;
  hint: (() => void) | null;
  polls: { readonly cursor: number | null; readonly arrivals: number; readonly since: string | undefined; readonly by: string }[];
  /** Polls under way, and the most there have been at once. */
  running: number;
  runningMax: number;
  aborted: number;
}

/** A connector to feeds in memory. Its cursor is how many items have been read. */
export function feedConnector(options: { kind?: string; everyMs?: number; streams?: boolean } = {}) {
  const feeds = new Map<string, Feed>();
  const feed = (name: string): Feed => {
    const known = feeds.get(name) ?? { items: [], fault: null, gate: null, hint: null, polls: [], running: 0, runningMax: 0, aborted: 0 };
    feeds.set(name, known);
    return known;
  };
  const settings = z.object({ feed: z.string().min(1), back: z.boolean().default(false), relay: z.string().optional() });
  const connector = defineConnector<typeof settings, number, { seen: readonly string[] }>({
    kind: options.kind ?? 'feed',
    title: 'Feed',
    description: 'Reads a feed in memory.',
    settings,
    credentials: { password: { title: 'Password', required: true } },
    everyMs: options.everyMs ?? 60_000,
    place: ({ feed: name }) => name,
    destinations: ({ relay }) => (relay === undefined ? [] : [`relay ${relay}`]),
    async check({ credentials }) {
      if (credentials.password !== 'right') throw new ConnectorFault('auth', 'The password is not right. Connect again.');
    },
    async poll(context, cursor: number | null, limits) {
      const far = feed(context.settings.feed);
      far.polls.push({ cursor, arrivals: limits.arrivals, since: limits.since, by: context.credentials.password ?? '' });
      far.running += 1;
      far.runningMax = Math.max(far.runningMax, far.running);
      const onAbort = () => {
        far.aborted += 1;
      };
      context.signal.addEventListener('abort', onAbort);
      try {
        await far.gate;
        if (far.fault !== null) throw far.fault;
        if (context.credentials.password !== 'right') throw new ConnectorFault('auth', 'The password is not right. Connect again.');
        const start = cursor ?? 0;
        const taken = far.items.slice(start, start + limits.arrivals);
        return {
          arrivals: taken.map(({ id, text = '', history = false, kind = 'feed.item' }) => ({
            ...{ form: 'event' as const, kind, externalId: id, title: `Item ${id}`, payload: { id, text } },
            ...(history ? { history } : {}),
          })),
          cursor: start + taken.length,
          more: start + taken.length < far.items.length,
          changes: { seen: taken.map(({ id }) => id) },
        };
      } finally {
        far.running -= 1;
        context.signal.removeEventListener('abort', onAbort);
      }
    },
    async hook(_context, request: HookRequest) {
      if (request.headers['x-sign'] !== 'signed') throw new ConnectorFault('auth', 'wrong signature');
      const text = Buffer.from(request.body).toString();
      return {
        status: 202,
        body: 'taken',
        arrivals:
          text === '' ? [] : [{ form: 'event' as const, kind: 'feed.pushed', externalId: text, title: 'Pushed', payload: { text } }],
        pollNow: text === '',
      };
    },
    ...(options.streams === true
      ? {
          stream: (context, onHint) =>
            new Promise<void>((resolve) => {
              feed(context.settings.feed).hint = onHint;
              context.signal.addEventListener('abort', () => resolve(), { once: true });
            }),
        }
      : {}),
  });
  return { connector: connector as AnyConnector, feed };
}

/** A pace at which tests need not wait. Leases are long: nothing but death ends them. */
export const quickPace: NonNullable<WatcherOptions['pace']> = { tickMs: 20, beatMs: 100, leaseMs: 60_000, hintGapMs: 5 };

export interface ConnectionWorld {
  readonly connections: ReturnType<typeof createConnections>['connections'];
  /** Every secret that was asked for. */
  readonly secrets: Map<string, string>;
  watcher(options?: Partial<Pick<WatcherOptions, 'pace' | 'pollsMax'>>): Watcher;
}

/** Connections over these connectors, with a pool of their own if one is given: as another process has them. */
export function connectionWorld(
  database: Database,
  tenants: Awaited<ReturnType<typeof tenantFactory>>,
  {
    connectors,
    sinks = {},
    allowHosts = [],
  }: { connectors: readonly AnyConnector[]; sinks?: Readonly<Record<string, Sink>>; allowHosts?: readonly string[] },
): ConnectionWorld {
  const nobody = async () => 0;
  const log = createLogger({ level: 'silent' });
  const clock = systemClock;
  const quotas = createQuotas({
    db: database.app.db,
    clock,
    gauges: { maxRunning: nobody, members: nobody, connectors: nobody },
    onChanged: [],
  });
  const secrets = new Map<string, string>();
  const resolver: Pick<SecretResolver, 'valueOf' | 'check' | 'forget'> = {
    valueOf: async (_scope, text) => secrets.get(text) ?? text,
    check: () => undefined,
    forget: () => undefined,
  };
  const intake = createIntake({
    database,
    keysOf: tenants.keyring.of,
    clock,
    admit: createAdmission({ database, quotas }),
    onAccepted: () => undefined,
  });
  const watchers: Watcher[] = [];
  const { connections, parts } = createConnections({
    ...{ database, keysOf: tenants.keyring.of, secrets: resolver, quotas, intake, connectors, clock, log },
    network: createNetwork(allowHosts),
    onChanged: () => {
      for (const watcher of watchers) watcher.kick();
    },
  });
  return {
    connections,
    secrets,
    watcher(options = {}) {
      const watcher = createWatcher({ ...parts, database, sinks, pollsMax: 20, pace: quickPace, ...options });
      watchers.push(watcher);
      return watcher;
    },
  };
}

/** The events of a tenant by kind and title, and the states of their tasks, in the order in which they came. */
export async function storedOf(database: Database, tenantId: Id<'tenant'>): Promise<{ events: string[]; tasks: string[] }> {
  const { rows } = await database.engine.pool.query<{ kind: string; channel: string; state: string | null; outcome: string | null }>(
    `select e.kind, e.channel, t.state, t.outcome from app.event e left join app.task t on t.tenant_id = e.tenant_id and t.task_id = e.task_id
     where e.tenant_id = $1 order by e.event_id`,
    [tenantId],
  );
  return {
    events: rows.map(({ kind, channel }) => `${channel} ${kind}`),
    tasks: rows.flatMap(({ state, outcome }) => (state === null ? [] : [outcome === null ? state : `${state} ${outcome}`])),
  };
}

const giveUpMs = 60_000;

/** Waits until it is so. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAtMs = performance.now() + giveUpMs;
  while (!(await isTrue())) {
    if (performance.now() > giveUpAtMs) throw new Error(`it did not come true within ${giveUpMs / 1_000} seconds`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
