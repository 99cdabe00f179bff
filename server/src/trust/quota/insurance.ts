import { LRUCache } from 'lru-cache';
import type { Clock } from '#kernel';
import { isRetryable } from '#kernel/database';
import type { Taken } from './leasing.ts';
import { spanOf } from './window.ts';

/** After the database failed to answer, it is not asked again for this long, in milliseconds: nobody waits for it only to be counted. */
const awayMs = 1_000;

const countersMax = 10_000;

/** Counts in this process alone while the database is away, so that a limit is a limit then as well: of each process, not of all together. */
export interface Insurance {
  /** What `take` says; while the database is away, what this process has counted under that name. */
  take(name: string, limit: number, take: () => Promise<Taken>): Promise<Taken>;
}

export function createInsurance(clock: Clock): Insurance {
  const counted = new LRUCache<string, { windowStartMs: number; used: number }>({ max: countersMax });
  let askAgainAtMs = Number.NEGATIVE_INFINITY;

  function countHere(name: string, limit: number): Taken {
    const now = clock.now();
    const span = spanOf('minute', now);
    const windowStartMs = span.start.getTime();
    const held = counted.get(name);
    const used = held?.windowStartMs === windowStartMs ? held.used : 0;
    const resetsInMs = span.end.getTime() - now.getTime();
    if (used >= limit) return { allowed: false, remaining: 0, retryAfterMs: resetsInMs };
    counted.set(name, { windowStartMs, used: used + 1 });
    return { allowed: true, remaining: limit - used - 1, resetsInMs };
  }

  return {
    take: async (name, limit, take) => {
      if (clock.monotonicMs() < askAgainAtMs) return countHere(name, limit);
      try {
        return await take();
      } catch (error) {
        if (!isRetryable(error)) throw error;
        askAgainAtMs = clock.monotonicMs() + awayMs;
        return countHere(name, limit);
      }
    },
  };
}
