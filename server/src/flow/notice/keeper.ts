import { type Id, isFactotumError, isId, type Logger } from '#kernel';
import type { Database } from '#kernel/database';
import type { Sequencer } from '#trust/audit';
import { type CollectDeps, collect } from './collect.ts';
import { isLookedAt } from './kinds.ts';
import { claimPeople } from './store.ts';
import { type TurnDeps, takeTurn } from './turn.ts';

export interface NoticeKeeperOptions extends TurnDeps, CollectDeps {
  readonly database: Database;
  readonly sequencer: Pick<Sequencer, 'onEntries'>;
  readonly listTenants: () => Promise<readonly { readonly id: Id<'tenant'> }[]>;
  readonly log: Logger;
  /** How often what is due is looked for, in milliseconds. */
  readonly pollMs?: number;
}

/** Tells people what needs them. Any number of processes may: an entry is told once, and a person is one's at a time. */
export interface NoticeKeeper {
  start(): void;
  stop(): Promise<void>;
  /** Collects what is to be told and sends what is due, once, now. */
  look(): Promise<void>;
}

const leaseMs = 120_000;
const peopleAtOnce = 20;
/** So many entries that mean nothing to anybody are passed over before the place in the log is moved behind them. */
const quietEntriesMax = 2_000;
/** What the feed has missed is found by a look at everybody. */
const lookAtAllMs = 10 * 60_000;

export function createNoticeKeeper(options: NoticeKeeperOptions): NoticeKeeper {
  const { database, sequencer, clock, log, pollMs = 1_000 } = options;
  const stopping = new AbortController();
  const stirred = new Set<Id<'tenant'>>();
  const quiet = new Map<Id<'tenant'>, number>();
  const turns = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let endFeed: (() => void) | undefined;
  let lookedAtAllMs = Number.NEGATIVE_INFINITY;

  async function lookOnce(): Promise<void> {
    if (clock.monotonicMs() - lookedAtAllMs >= lookAtAllMs) {
      for (const { id } of await options.listTenants()) stirred.add(id);
      lookedAtAllMs = clock.monotonicMs();
    }
    const tenants = [...stirred];
    stirred.clear();
    for (const tenantId of tenants) {
      if (stopping.signal.aborted) return;
      quiet.delete(tenantId);
      await collect(options, tenantId).catch((error: unknown) => {
        if (isAway(error)) return log.debug({ err: error, tenantId }, 'notices: this tenant is away');
        stirred.add(tenantId);
        return log.warn({ err: error, tenantId }, 'notices: what is to be told could not be collected; it is tried again');
      });
    }
    // A turn waits for services that people have named: nobody else waits with it.
    const most = peopleAtOnce - turns.size;
    if (most === 0) return;
    for (const one of await claimPeople(database.engine.db, { now: clock.now(), most, leaseMs })) {
      const turn = takeTurn(options, one, stopping.signal)
        .catch((error: unknown) => {
          // The lease runs out, and whoever takes it then goes on.
          if (!stopping.signal.aborted) log.warn({ err: error, tenantId: one.tenantId }, 'notices: a turn broke off; it is tried again');
        })
        .finally(() => turns.delete(turn));
      turns.add(turn);
    }
  }

  async function begin(): Promise<void> {
    looking ??= lookOnce().finally(() => {
      looking = undefined;
    });
    await looking;
  }

  async function look(): Promise<void> {
    await begin();
    await Promise.all(turns);
  }

  const stir: Parameters<Sequencer['onEntries']>[0] = (tenantId, entries) => {
    if (!isId('tenant', tenantId)) return;
    const passed = (quiet.get(tenantId) ?? 0) + entries.length;
    quiet.set(tenantId, passed);
    if (passed > quietEntriesMax || entries.some(({ kind }) => isLookedAt(kind))) stirred.add(tenantId);
  };

  return {
    look,
    start() {
      endFeed = sequencer.onEntries(stir);
      timer = setInterval(
        () => void begin().catch((error: unknown) => log.warn({ err: error }, 'notices could not be looked at; the next look is soon')),
        pollMs,
      );
    },
    async stop() {
      clearInterval(timer);
      endFeed?.();
      stopping.abort();
      await looking?.catch(() => undefined);
      await Promise.all(turns);
    },
  };
}

/** The tenant is being moved, or is gone: nobody of it is told anything here. */
const isAway = (error: unknown): boolean => isFactotumError(error) && error.code.startsWith('tenant.');
