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
  /** What was sent has been taken: what went before counts no more. */
  forgive(who: string): void;
}

/** How soon who is refused again and again is made to wait, and for how long. */
interface LatePace {
  /** Refusals that are answered at once, and how many more make each later one wait a step longer. */
  readonly atOnceMax: number;
  readonly stepMs: number;
  readonly lateMsMax: number;
  /** After how long one refusal less counts. Who is refused no more often than that never waits. */
  readonly forgottenMs: number;
}

/** Several programs of one tenant run into its limit together; sixteen connections that go on regardless get to three refusals a second. */
export const pacedRefusals: LatePace = { atOnceMax: 20, stepMs: 500, lateMsMax: 5_000, forgottenMs: 500 };
/**
 * Nobody sends many bodies that are too long by mistake, and each costs more than a short request: buffers, and a connection. The longest
 * wait is below the time after which a connection that brings nothing is cut (pace.ts): whoever waits still hears why.
 */
export const pacedBodies: LatePace = { atOnceMax: 2, stepMs: 1_000, lateMsMax: 8_000, forgottenMs: 15_000 };
/** Answers held back at once; each keeps a request in memory. */
const waitingMax = 2_000;
const countersMax = 10_000;

export function createLateRefusal(clock: Clock, { atOnceMax, stepMs, lateMsMax, forgottenMs }: LatePace): LateRefusal {
  const counters = new LRUCache<string, { atMs: number; count: number }>({ max: countersMax });
  /** Beyond it nothing gets later, and what is not counted need not be forgotten. */
  const countMax = atOnceMax * (Math.ceil(lateMsMax / stepMs) + 1);
  let waiting = 0;

  function count(who: string): number {
    const nowMs = clock.monotonicMs();
    const held = counters.get(who);
    const left = held === undefined ? 0 : Math.max(held.count - (nowMs - held.atMs) / forgottenMs, 0);
    const count = Math.min(left + 1, countMax);
    counters.set(who, { atMs: nowMs, count });
    return count;
  }

  return {
    async wait(who) {
      const steps = Math.floor((Math.ceil(count(who)) - 1) / atOnceMax);
      if (steps === 0 || waiting >= waitingMax) return;
      waiting += 1;
      await sleep(Math.min(steps * stepMs, lateMsMax), undefined, { ref: false });
      waiting -= 1;
    },
    forgive: (who) => void counters.delete(who),
  };
}
