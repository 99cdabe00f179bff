import { type Clock, createPoller, type Id, isFactotumError, type Logger, type Poller } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import { countOnce } from './count.ts';

interface AnalyticsOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Entries in one transaction: about a tenth of a second of work. */
const batchEntries = 2_000;

/**
 * Counts what is new for a tenant, for about `budgetMs`, or all there is. Figures are a moment behind the log when this ends early.
 *
 * @throws FactotumError `tenant.not_found`, `database.unavailable`.
 */
export async function countUp(
  { database, clock }: Pick<AnalyticsOptions, 'database' | 'clock'>,
  tenantId: Id<'tenant'>,
  budgetMs = Number.POSITIVE_INFINITY,
): Promise<void> {
  const endMs = clock.monotonicMs() + budgetMs;
  do {
    const step = await withTenant(database.app.db, tenantId, (tx) => countOnce(tx, tenantId, { now: clock.now(), limit: batchEntries }));
    if (step !== 'more') return;
  } while (clock.monotonicMs() < endMs);
}

/**
 * Counts for all tenants now and then, so that nobody who looks at figures has to wait for them. Any number of processes may: for one tenant
 * one at a time counts.
 */
export function createAnalyticsKeeper({
  database,
  clock,
  log,
  listTenants,
  pollMs = 30_000,
}: AnalyticsOptions & {
  readonly listTenants: () => Promise<readonly { readonly id: Id<'tenant'> }[]>;
  readonly pollMs?: number;
}): Poller {
  async function look(ending: AbortSignal): Promise<void> {
    let open = (await listTenants()).map(({ id }) => id);
    // In turns, a batch each: a tenant with a long log keeps nobody waiting.
    while (open.length > 0) {
      const more: Id<'tenant'>[] = [];
      for (const tenantId of open) {
        if (ending.aborted) return;
        try {
          const unit = { now: clock.now(), limit: batchEntries };
          if ((await withTenant(database.app.db, tenantId, (tx) => countOnce(tx, tenantId, unit))) === 'more') more.push(tenantId);
        } catch (error) {
          if (isFactotumError(error, 'tenant.not_found')) continue;
          log.warn({ err: error, tenantId }, 'the figures of a tenant could not be counted; the next look is soon');
        }
      }
      open = more;
    }
  }

  return createPoller({
    look,
    everyMs: pollMs,
    onError: (error) => log.warn({ err: error }, 'figures could not be counted; the next look is soon'),
  });
}
