/** Failures in a row after which a server is left alone, and for how long, in milliseconds. */
const failuresMax = 5;
const restMsMin = 5_000;
const restMsMax = 300_000;

/** Leaves a server alone that has failed again and again; after the pause one call may try. */
export function createBreaker(now: () => number, random: () => number = Math.random) {
  let failures = 0;
  let untilMs = 0;
  return {
    /** How long to leave it alone, in milliseconds; 0: it may be called. */
    restMs: (): number => Math.max(0, untilMs - now()),
    succeeded(): void {
      failures = 0;
      untilMs = 0;
    },
    failed(): void {
      failures += 1;
      if (failures < failuresMax) return;
      const longest = Math.min(restMsMax, restMsMin * 2 ** (failures - failuresMax));
      untilMs = now() + restMsMin / 2 + random() * (longest - restMsMin / 2);
    },
  };
}
