import { createPoller, type Id, isFactotumError, isId, type Logger, type Poller } from '#kernel';
import type { Database } from '#kernel/database';
import type { Sequencer } from '#trust/audit';
import { type CollectDeps, collect, forgetOld } from './collect.ts';
import { isRead } from './kinds.ts';
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

const peopleAtOnce = 20;
/** So many entries that are news to nobody, as those of tasks that just run, are passed over before the place in the log is moved behind them. */
const quietEntriesMax = 2_000;
/** What the feed has missed is found by a look at everybody. */
const lookAtAllMs = 10 * 60_000;

/**
 * Tells people what needs them: collects what is to be told, and sends what is due. Any number of processes may: an entry is told once, and
 * a person is one's at a time.
 */
export function createNoticeKeeper(options: NoticeKeeperOptions): Poller {
  const { database, sequencer, clock, log, pollMs = 1_000 } = options;
  const stirred = new Set<Id<'tenant'>>();
  const quiet = new Map<Id<'tenant'>, number>();
  const turns = new Set<Promise<void>>();
  let endFeed: (() => void) | undefined;
  let lookedAtAllMs = Number.NEGATIVE_INFINITY;

  async function begin(ending: AbortSignal): Promise<void> {
    const isTime = clock.monotonicMs() - lookedAtAllMs >= lookAtAllMs;
    if (isTime) {
      for (const { id } of await options.listTenants()) stirred.add(id);
      lookedAtAllMs = clock.monotonicMs();
    }
    const tenants = [...stirred];
    stirred.clear();
    for (const tenantId of tenants) {
      if (ending.aborted) return;
      quiet.delete(tenantId);
      const collecting = collect(options, tenantId).then(() => (isTime ? forgetOld(options, tenantId) : undefined));
      await collecting.catch((error: unknown) => {
        if (isAway(error)) return log.debug({ err: error, tenantId }, 'notices: this tenant is away');
        stirred.add(tenantId);
        return log.warn({ err: error, tenantId }, 'notices: what is to be told could not be collected; it is tried again');
      });
    }
    // A turn waits for services that people have named: nobody else waits with it.
    const most = peopleAtOnce - turns.size;
    if (most === 0) return;
    for (const one of await claimPeople(database.engine.db, { now: clock.now(), most })) {
      const turn = takeTurn(options, one, ending)
        .catch((error: unknown) => {
          // The lease runs out, and whoever takes it then goes on.
          if (!ending.aborted) log.warn({ err: error, tenantId: one.tenantId }, 'notices: a turn broke off; it is tried again');
        })
        .finally(() => turns.delete(turn));
      turns.add(turn);
    }
  }

  const stir: Parameters<Sequencer['onEntries']>[0] = (tenantId, entries) => {
    if (!isId('tenant', tenantId)) return;
    const passed = (quiet.get(tenantId) ?? 0) + entries.length;
    quiet.set(tenantId, passed);
    if (passed > quietEntriesMax || entries.some(isRead)) stirred.add(tenantId);
  };

  const poller = createPoller({
    look: begin,
    everyMs: pollMs,
    onError: (error) => log.warn({ err: error }, 'notices could not be looked at; the next look is soon'),
  });
  return {
    async look() {
      await poller.look();
      await Promise.all(turns);
    },
    start() {
      endFeed = sequencer.onEntries(stir);
      poller.start();
    },
    async stop() {
      endFeed?.();
      await poller.stop();
      await Promise.all(turns);
    },
  };
}

/** The tenant is being moved, or is gone: nobody of it is told anything here. */
const isAway = (error: unknown): boolean => isFactotumError(error) && error.code.startsWith('tenant.');
