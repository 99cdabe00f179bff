/** The door to counted limits. */
export { type Consumption, type ConsumptionResult, consume } from './consume.ts';
export { createLeasedCounter, type LeasedCounter, type LeasedCounterOptions, type Taken } from './leased-counter.ts';
export type { Window } from './window.ts';
