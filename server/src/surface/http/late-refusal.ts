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
/** How late the others are, in milliseconds: with sixteen connections that makes 32 refusals a second. */
const lateMs = 500;
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
      if (count(who) <= atOnceMax || waiting >= waitingMax) return;
      waiting += 1;
      await sleep(lateMs, undefined, { ref: false });
      waiting -= 1;
    },
  };
}
