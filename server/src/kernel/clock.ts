/** Where time comes from. Tests hand in their own; product code never calls `Date.now()` for anything that a rule depends on. */
export interface Clock {
  now(): Date;
  /** Milliseconds that only ever grow, for measuring spans: the wall clock may jump. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
