import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { addWithin, forgetBefore, readUsed } from './store.ts';
import { spanOf, type Window } from './window.ts';

/** A use to be counted. */
export interface Consumption {
  readonly tenantId: Id<'tenant'>;
  /** What is counted, 'grant:grt_..' for example. No content: it is stored in clear. */
  readonly name: string;
  readonly window: Window;
  /** A whole number from 1. */
  readonly amount: number;
  readonly limit: number;
  readonly now: Date;
}

export interface ConsumptionResult {
  readonly allowed: boolean;
  /** What the window holds, this use included when it is allowed. */
  readonly used: number;
  readonly resetAt: Date;
}

/**
 * Counts a use in the caller's transaction, exactly: whatever runs at the same time, the window never holds more than `limit`.
 *
 * The counter's row stays locked until the transaction ends, so uses of one counter queue behind each other; for many a second
 * take `createLeasedCounter`. A rollback gives the use back.
 */
export async function consume(tx: Tx, { tenantId, name, window, amount, limit, now }: Consumption): Promise<ConsumptionResult> {
  if (!Number.isSafeInteger(amount) || amount < 1) throw new RangeError(`a use counts a whole number from 1, not ${amount}`);
  const span = spanOf(window, now);
  const key = { tenantId, name, windowStart: span.start };
  const used = await addWithin(tx, key, amount, Math.floor(limit));
  if (used === null) return { allowed: false, used: await readUsed(tx, key), resetAt: span.end };
  // The first use of a window sweeps up. The previous one stays: a process whose clock is a little behind may still be in it.
  if (used === amount) await forgetBefore(tx, { ...key, windowStart: span.previousStart });
  return { allowed: true, used, resetAt: span.end };
}
