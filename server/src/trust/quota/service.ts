import { LRUCache } from 'lru-cache';
import type { Clock, Id } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import { raiseAlerts, rearmAlerts } from './alert.ts';
import { type ChangeListener, changeLimits } from './change.ts';
import { createLeasedCounter, type LeasedCounter } from './leased-counter.ts';
import { type LimitChanges, readLimits } from './limits.ts';
import type { GaugeName, Limits, RateName } from './quotas.ts';
import { quotaExceeded } from './refusal.ts';
import { readUsage, type Usage } from './usage.ts';

export interface QuotasDeps {
  /** The pool of the role `factotum_app`. */
  readonly db: Tx;
  readonly clock: Clock;
  /** Says of what is not counted by uses how many there are. */
  readonly gauges: Readonly<Record<GaugeName, (tenantId: Id<'tenant'>) => Promise<number>>>;
  /** Told of changed limits in the transaction that changes them. */
  readonly onChanged: readonly ChangeListener[];
}

export interface Quotas {
  /** The tenant's limits, as they were within the last seconds: at most five, and none where they were changed by this process. */
  limits(tenantId: Id<'tenant'>): Promise<Limits>;
  /**
   * Counts one use in the present minute, or several at once or not at all, exactly over all processes, and says what is left as far as this
   * one knows. More than a whole minute's worth counts as that, or it would never be let in.
   *
   * @throws FactotumError `quota.exceeded` with `details.retryAfterMs`.
   */
  take(tenantId: Id<'tenant'>, name: RateName, count?: number): Promise<Room>;
  /**
   * Says whether there may be as many as that, the new one included, by the limit as it is now.
   *
   * It is exact only if nobody can add another meanwhile: call it while holding what every adder locks first.
   * @throws FactotumError `quota.exceeded`.
   */
  admit(tenantId: Id<'tenant'>, name: GaugeName, count: number): Promise<void>;
  /** The same in the caller's transaction. What it has told of a limit is undone with that. */
  admitIn(tx: Tx, tenantId: Id<'tenant'>, name: GaugeName, count: number): Promise<void>;
  /** Every quota with what is used of it. */
  usage(tenantId: Id<'tenant'>): Promise<Usage[]>;
  /** Sets limits for the tenant, audited; new work goes by them at once, and what waits for a raised one goes on. */
  change(tenantId: Id<'tenant'>, changes: LimitChanges, actor: string): Promise<void>;
}

/** What is left of a limit. */
export interface Room {
  readonly limit: number;
  readonly remaining: number;
  readonly resetsInMs: number;
}

/** A changed limit counts in other processes after this long at the latest, in milliseconds: as a revoked key does. */
const limitsTtlMs = 5_000;

export function createQuotas({ db, clock, gauges, onChanged }: QuotasDeps): Quotas {
  const kept = new LRUCache<Id<'tenant'>, Promise<Limits>>({ max: 10_000, ttl: limitsTtlMs, perf: { now: () => clock.monotonicMs() } });
  const rate = (name: RateName): LeasedCounter =>
    createLeasedCounter({
      db,
      clock,
      name,
      window: 'minute',
      onLeased: (tx, { tenantId, ...lease }) => raiseAlerts(tx, tenantId, { name, ...lease, now: clock.now() }),
    });
  const rates: Readonly<Record<RateName, LeasedCounter>> = {
    eventsPerMinute: rate('eventsPerMinute'),
    requestsPerMinute: rate('requestsPerMinute'),
  };

  function limits(tenantId: Id<'tenant'>): Promise<Limits> {
    const known = kept.get(tenantId);
    if (known !== undefined) return known;
    const reading = withTenant(db, tenantId, (tx) => readLimits(tx, tenantId));
    kept.set(tenantId, reading);
    reading.catch(() => kept.delete(tenantId));
    return reading;
  }

  async function admitIn(tx: Tx, tenantId: Id<'tenant'>, name: GaugeName, count: number): Promise<void> {
    const limit = (await readLimits(tx, tenantId))[name];
    if (count > limit) throw quotaExceeded(name, { used: count - 1, limit });
    await rearmAlerts(tx, tenantId, { name, used: count, limit });
    await raiseAlerts(tx, tenantId, { name, used: count, limit, now: clock.now() });
  }

  return {
    limits,
    async take(tenantId, name, count = 1) {
      const limit = (await limits(tenantId))[name];
      const taken = await rates[name].take(tenantId, Math.min(count, Math.max(limit, 1)), limit);
      if (!taken.allowed) throw quotaExceeded(name, { used: limit, limit, retryAfterMs: taken.retryAfterMs });
      return { limit, remaining: taken.remaining, resetsInMs: taken.resetsInMs };
    },
    admit: (tenantId, name, count) => withTenant(db, tenantId, (tx) => admitIn(tx, tenantId, name, count)),
    admitIn,
    usage: async (tenantId) => {
      const counts = { maxRunning: 0, members: 0, connectors: 0 } satisfies Record<GaugeName, number>;
      // The keys of the literal are exactly the names of the gauges.
      for (const name of Object.keys(counts) as GaugeName[]) counts[name] = await gauges[name](tenantId);
      return withTenant(db, tenantId, (tx) => readUsage(tx, tenantId, { counts, now: clock.now() }));
    },
    change: async (tenantId, changes, actor) => {
      await withTenant(db, tenantId, (tx) => changeLimits(tx, tenantId, changes, { by: actor, at: clock.now() }, onChanged));
      kept.delete(tenantId);
    },
  };
}
