import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Clock } from '#kernel';

/**
 * Makes those wait for their next refusal who do not wait by themselves.
 *
 * A refusal is cheap for us but not free, and who sends the next request the moment the last was refused takes most of a core from all
 * others. The first refusals are answered at once: who reads `Retry-After` never notices.
 */
export interface LateRefusal {
  /** @param who - whose requests are refused: their limits are counted by it. */
  wait(who: string): Promise<void>;
}

/** Refusals within a span that are answered at once. Several programs of one tenant run into its limit together. */
const atOnceMax = 20;
const spanMs = 10_000;
/** How much later each further twenty are, in milliseconds, and how late at most: sixteen connections get to eight refusals a second. */
const stepMs = 500;
const lateMsMax = 5_000;
/** Answers held back at once; each keeps a request in memory. */
const waitingMax = 2_000;
const countersMax = 10_000;

export function createLateRefusal(clock: Clock): LateRefusal {
  const counters = new LRUCache<string, { sinceMs: number; count: number }>({ max: countersMax });
  let waiting = 0;

  function count(who: string): number {
    const nowMs = clock.monotonicMs();
    const held = counters.get(who);
    const counter = held === undefined || nowMs - held.sinceMs >= spanMs ? { sinceMs: nowMs, count: 0 } : held;
    counter.count += 1;
    counters.set(who, counter);
    return counter.count;
  }

  return {
    async wait(who) {
      const steps = Math.floor((count(who) - 1) / atOnceMax);
      if (steps === 0 || waiting >= waitingMax) return;
      waiting += 1;
      await sleep(Math.min(steps * stepMs, lateMsMax), undefined, { ref: false });
      waiting -= 1;
    },
  };
}
