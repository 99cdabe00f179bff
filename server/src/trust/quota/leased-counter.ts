import { LRUCache } from 'lru-cache';
import type { Clock, Id } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import { addWithin, forgetBefore, lockCounter } from './store.ts';
import { spanOf, type Window } from './window.ts';

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
  /**
   * Counts `amount` uses if the tenant's window still has room for all of them.
   *
   * @param limit - how many uses a window may hold. Another limit than last time counts at once.
   */
  take(tenantId: Id<'tenant'>, amount: number, limit: number): Promise<Taken>;
}

export type Taken = { readonly allowed: true } | { readonly allowed: false; readonly retryAfterMs: number };

/** What one process holds of a tenant's window. */
interface Share {
  readonly windowStartMs: number;
  readonly limit: number;
  /** Leased and not yet used. */
  left: number;
  /** What the database had left when last asked; it only shrinks within a window. */
  remaining: number;
  leasing: Promise<void> | undefined;
}

/**
 * How much of what remains one lease takes: an eighth. So a busy tenant costs about 60 leases a window whatever its limit is,
 * and what idle processes hold back shrinks with what is left.
 */
const leaseDivisor = 8;

/** More tenants than this in one process and the coldest one's unused share is given up, which only costs that tenant room. */
const tenantsMax = 10_000;

/**
 * A counter for hot paths: takes blocks from the database and counts within them in memory.
 *
 * Over all processes a window never admits more than `limit`; it may admit a little less, as what a process leased and did not
 * use is not given back. Windows are by this process's clock.
 */
export function createLeasedCounter({ db, clock, name, window, onLeased }: LeasedCounterOptions): LeasedCounter {
  const shares = new LRUCache<Id<'tenant'>, Share>({ max: tenantsMax });

  const shareOf = (tenantId: Id<'tenant'>, limit: number, windowStartMs: number): Share => {
    const held = shares.get(tenantId);
    if (held?.windowStartMs === windowStartMs && held.limit === limit) return held;
    // A lowered limit counts what was leased under the higher one as used, a raised one leases anew.
    const share: Share = { windowStartMs, limit, left: 0, remaining: Number.POSITIVE_INFINITY, leasing: undefined };
    shares.set(tenantId, share);
    return share;
  };

  const lease = (tenantId: Id<'tenant'>, share: Share, wanted: number): Promise<void> =>
    withTenant(db, tenantId, async (tx) => {
      const span = spanOf(window, new Date(share.windowStartMs));
      const key = { tenantId, name, windowStart: span.start };
      const used = await lockCounter(tx, key);
      const remaining = Math.max(0, share.limit - used);
      const granted = wanted > remaining ? 0 : Math.max(wanted, Math.ceil(remaining / leaseDivisor));
      if (granted > 0) await addWithin(tx, key, granted, share.limit);
      if (used === 0) await forgetBefore(tx, { ...key, windowStart: span.previousStart });
      await onLeased?.(tx, { tenantId, used: used + granted, limit: share.limit, isUsedUp: granted === 0 });
      return { granted, remaining: remaining - granted };
    }).then(({ granted, remaining }) => {
      // Only after the commit: a lease that was rolled back is nobody's.
      share.left += granted;
      share.remaining = remaining;
    });

  return {
    async take(tenantId, amount, limit) {
      if (!Number.isSafeInteger(amount) || amount < 1) throw new RangeError(`a use counts a whole number from 1, not ${amount}`);
      for (;;) {
        const now = clock.now();
        const span = spanOf(window, now);
        const share = shareOf(tenantId, limit, span.start.getTime());
        if (share.left >= amount) {
          share.left -= amount;
          return { allowed: true };
        }
        if (amount - share.left > share.remaining) return { allowed: false, retryAfterMs: span.end.getTime() - now.getTime() };
        // One lease at a time; everybody who waits for it looks again. Each lease grants or finds too little left, so this ends.
        share.leasing ??= lease(tenantId, share, amount - share.left).finally(() => {
          share.leasing = undefined;
        });
        await share.leasing;
      }
    },
  };
}
