import { type Clock, isFactotumError } from '#kernel';
import type { KekOutcome, KekProvider, KeyObserver } from './kek.ts';
import { kekFault, openedSeed } from './provider/fault.ts';

export interface GuardOptions {
  readonly clock: Clock;
  readonly observer?: KeyObserver | undefined;
  /** For one call, in milliseconds. */
  readonly timeoutMs?: number;
  /** How often it is asked whether it is there, in milliseconds. Absent: only with calls. */
  readonly healthEveryMs?: number | undefined;
}

/** A provider answers in well under a second; what takes longer than this holds tasks up. */
const timeoutMsDefault = 5_000;
/** So many calls in a row that were not answered, and it counts as away. */
const failuresMax = 3;
/** How long nobody asks one that is away; then one call tries. */
const pauseMs = 5_000;

/**
 * A provider that never takes longer than a few seconds, and is left alone for a while when it does not answer: callers hear `unreachable` at
 * once instead of waiting one behind the other. Nothing is tried twice here; whoever asks waits and asks again.
 */
export function createGuardedKek(kek: KekProvider, options: GuardOptions): KekProvider {
  const { clock, observer, timeoutMs = timeoutMsDefault, healthEveryMs } = options;
  const { provider } = kek;
  let failures = 0;
  let closedUntilMs = Number.NEGATIVE_INFINITY;
  let isTrying = false;

  const ask = async <T>(work: () => Promise<T>, unwanted: (late: T) => void = () => undefined): Promise<T> => {
    const isAway = failures >= failuresMax;
    if (isAway && (isTrying || clock.monotonicMs() < closedUntilMs)) {
      observer?.kekAsked(provider, 'skipped', 0);
      throw kekFault('unreachable', `The key provider ${provider} has not answered for a while. It is asked again in a few seconds.`);
    }
    if (isAway) isTrying = true;
    const startMs = clock.monotonicMs();
    try {
      const result = await inTime(work(), unwanted);
      ended('ok', startMs);
      return result;
    } catch (error) {
      ended(outcomeOf(error), startMs);
      throw error;
    } finally {
      if (isAway) isTrying = false;
    }
  };
  const ended = (outcome: KekOutcome, startMs: number): void => {
    // One that says no or gives back other bytes is there all the same.
    failures = outcome === 'unreachable' ? failures + 1 : 0;
    if (failures >= failuresMax) closedUntilMs = clock.monotonicMs() + pauseMs;
    observer?.kekAsked(provider, outcome, (clock.monotonicMs() - startMs) / 1_000);
  };
  const inTime = <T>(asked: Promise<T>, unwanted: (late: T) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        reject(
          kekFault(
            'unreachable',
            `The key provider ${provider} did not answer within ${timeoutMs / 1_000} seconds. It is asked again by itself.`,
          ),
        );
      }, timeoutMs);
      asked.then(
        (result) => {
          clearTimeout(timer);
          if (isLate) unwanted(result);
          else resolve(result);
        },
        (error: unknown) => {
          clearTimeout(timer);
          // After the time limit nobody waits for it any more.
          if (!isLate) reject(error);
        },
      );
    });
  const look = (): Promise<unknown> =>
    guarded.health().then(
      () => observer?.kekIsUp(provider, true),
      () => observer?.kekIsUp(provider, false),
    );

  const guarded: KekProvider = {
    ...{ provider, kekId: kek.kekId, capabilities: kek.capabilities },
    wrap: (seed, binding) => ask(() => kek.wrap(seed, binding)),
    async unwrap(wrapped, binding) {
      const seed = await ask(
        () => kek.unwrap(wrapped, binding),
        (late) => late.fill(0),
      );
      return openedSeed(seed, provider);
    },
    rewrap: (wrapped, binding) => ask(() => kek.rewrap(wrapped, binding)),
    health: () => ask(() => kek.health()),
    async close() {
      clearInterval(timer);
      await kek.close();
    },
  };
  const timer = healthEveryMs === undefined ? undefined : setInterval(() => void look(), healthEveryMs).unref();
  if (healthEveryMs !== undefined) void look();
  return guarded;
}

function outcomeOf(error: unknown): KekOutcome {
  const reason = isFactotumError(error, 'key.unavailable') ? error.details?.reason : undefined;
  return reason === 'unreachable' || reason === 'refused' ? reason : 'broken';
}
