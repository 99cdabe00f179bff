import type { Clock, Id } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import { type Block, createLeasing, type Leasing, type Taken } from './leasing.ts';
import { addWithin, forgetBefore, lockCounter } from './store.ts';
import type { Window } from './window.ts';

export interface LeasedCounterOptions {
  /** The pool of the role `factotum_app`. */
  readonly db: Tx;
  readonly clock: Clock;
  /** What is counted, 'event' for example. */
  readonly name: string;
  readonly window: Window;
  /** Told in the transaction of each lease how much of the window is taken. */
  readonly onLeased?: (tx: Tx, lease: Leased) => Promise<void>;
}

/** What a window holds after a lease. `isUsedUp`: somebody asked for more than was left. */
export interface Leased {
  readonly tenantId: Id<'tenant'>;
  readonly used: number;
  readonly limit: number;
  readonly isUsedUp: boolean;
}

export interface LeasedCounter {
  /** Counts `amount` uses if the tenant's window still has room for all of them; as `Leasing` says. */
  take(tenantId: Id<'tenant'>, amount: number, limit: number): Promise<Taken>;
}

/** One of many counters of a tenant, told apart by name. */
export interface NamedCounter {
  readonly tenantId: Id<'tenant'>;
  /** No content: it is stored in clear. */
  readonly name: string;
}

/**
 * How much of what remains one lease takes at most: an eighth. So a busy tenant costs about 60 leases a window whatever its limit is,
 * and what idle processes hold back shrinks with what is left.
 */
const leaseDivisor = 8;

/** The first lease of a window. Each further one takes as much as all before it, so that what counts as used is at most twice what was. */
const firstLease = 16;

/** Counters of tenants, leased in blocks. @see createLeasing for what they promise. */
export function createLeasedCounters({ db, clock, window, onLeased }: Omit<LeasedCounterOptions, 'name'>): Leasing<NamedCounter> {
  return createLeasing<NamedCounter>({
    clock,
    window,
    textOf: ({ tenantId, name }) => `${tenantId} ${name}`,
    // Only after the commit is a block anybody's: one that was rolled back is not.
    lease: ({ tenantId, name }, { span, wanted, limit, leased }) =>
      withTenant(db, tenantId, async (tx): Promise<Block> => {
        const key = { tenantId, name, windowStart: span.start };
        const used = await lockCounter(tx, key);
        const remaining = Math.max(0, limit - used);
        const block = Math.min(Math.ceil(remaining / leaseDivisor), Math.max(firstLease, leased));
        const granted = wanted > remaining ? 0 : Math.max(wanted, block);
        if (granted > 0) await addWithin(tx, key, granted, limit);
        if (used === 0) await forgetBefore(tx, { ...key, windowStart: span.previousStart });
        await onLeased?.(tx, { tenantId, used: used + granted, limit, isUsedUp: granted === 0 });
        return { granted, remaining: remaining - granted };
      }),
  });
}

/** The same for one name. */
export function createLeasedCounter({ name, ...options }: LeasedCounterOptions): LeasedCounter {
  const counters = createLeasedCounters(options);
  return { take: (tenantId, amount, limit) => counters.take({ tenantId, name }, amount, limit) };
}
