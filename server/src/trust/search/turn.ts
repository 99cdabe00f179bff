import { setImmediate as nextTurn } from 'node:timers/promises';

/** Lets others have their turn once this has gone on for long enough. */
export type Turn = () => Promise<void>;

/** For how long one piece of work holds its thread before others are heard, in milliseconds. */
const sliceMs = 10;

export function takeTurns(): Turn {
  let began = performance.now();
  return async () => {
    if (performance.now() - began < sliceMs) return;
    await nextTurn();
    began = performance.now();
  };
}
