import { LRUCache } from 'lru-cache';
import type { Clock } from '#kernel';
import { type Span, spanOf, type Window } from './window.ts';

/** `remaining`: what the window has left as far as this process knows; others may have taken of it since. */
export type Taken =
  | { readonly allowed: true; readonly remaining: number; readonly resetsInMs: number }
  | { readonly allowed: false; readonly remaining: number; readonly retryAfterMs: number };

/** A block that a process has taken for itself, and what is left for all. Nothing granted: fewer than `wanted` were left. */
export interface Block {
  readonly granted: number;
  readonly remaining: number;
}

interface LeaseRequest {
  readonly span: Span;
  readonly wanted: number;
  readonly limit: number;
  /** What this process has leased in this window so far. */
  readonly leased: number;
}

export interface LeasingOptions<K> {
  readonly clock: Clock;
  readonly window: Window;
  /** Takes at least `wanted` of what the counter has left, or nothing; exactly, whatever others do. */
  readonly lease: (key: K, ask: LeaseRequest) => Promise<Block>;
  /** Two keys of one text are one counter. */
  readonly textOf: (key: K) => string;
}

export interface Leasing<K> {
  /**
   * Counts `amount` uses if the window still has room for all of them.
   *
   * @param limit - how many uses a window may hold. Another limit than last time counts at once.
   */
  take(key: K, amount: number, limit: number): Promise<Taken>;
}

/** What one process holds of a counter's window. */
interface Share {
  readonly windowStartMs: number;
  readonly limit: number;
  leased: number;
  /** Leased and not yet used. */
  left: number;
  /** What the database had left when last asked; it only shrinks within a window. */
  remaining: number;
  leasing: Promise<void> | undefined;
}

/** More counters than this in one process and the coldest one's unused share is given up, which only costs that counter room. */
const countersMax = 10_000;

/**
 * Counters for hot paths: takes blocks from the database and counts within them in memory.
 *
 * Over all processes a window never admits more than `limit`; it may admit a little less, as what a process leased and did not
 * use is not given back. Windows are by this process's clock.
 */
export function createLeasing<K>({ clock, window, lease, textOf }: LeasingOptions<K>): Leasing<K> {
  const shares = new LRUCache<string, Share>({ max: countersMax });

  const shareOf = (text: string, limit: number, windowStartMs: number): Share => {
    const held = shares.get(text);
    if (held?.windowStartMs === windowStartMs && held.limit === limit) return held;
    // A lowered limit counts what was leased under the higher one as used, a raised one leases anew.
    const share: Share = { windowStartMs, limit, leased: 0, left: 0, remaining: Number.POSITIVE_INFINITY, leasing: undefined };
    shares.set(text, share);
    return share;
  };

  async function addTo(share: Share, key: K, span: Span, wanted: number): Promise<void> {
    const { granted, remaining } = await lease(key, { span, wanted, limit: share.limit, leased: share.leased });
    share.leased += granted;
    share.left += granted;
    share.remaining = remaining;
  }

  return {
    async take(key, amount, limit) {
      if (!Number.isSafeInteger(amount) || amount < 1) throw new RangeError(`a use counts a whole number from 1, not ${amount}`);
      const text = textOf(key);
      for (;;) {
        const now = clock.now();
        const span = spanOf(window, now);
        const share = shareOf(text, limit, span.start.getTime());
        const untilEndMs = span.end.getTime() - now.getTime();
        if (share.left >= amount) {
          share.left -= amount;
          return { allowed: true, remaining: share.left + share.remaining, resetsInMs: untilEndMs };
        }
        if (amount - share.left > share.remaining)
          return { allowed: false, remaining: share.left + share.remaining, retryAfterMs: untilEndMs };
        // One lease at a time; everybody who waits for it looks again. Each lease grants or finds too little left, so this ends.
        share.leasing ??= addTo(share, key, span, amount - share.left).finally(() => {
          share.leasing = undefined;
        });
        await share.leasing;
      }
    },
  };
}
