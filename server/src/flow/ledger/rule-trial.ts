import { setImmediate } from 'node:timers/promises';
import { ruleFor } from './category.ts';
import type { Rule } from './schema.ts';
import type { Transaction } from './transaction.ts';

/** What rules would have decided about transactions of the past. */
export interface RuleTrial {
  /** Transactions that the rules were held against. */
  readonly looked: number;
  /** The day of the oldest of them; null where there are none. */
  readonly since: string | null;
  /** How many each rule would have decided: the first that fits, so none is counted twice. */
  readonly matched: readonly number[];
}

/** Five hundred rules against a thousand transactions take about two seconds; nobody waits longer than this. */
const spentMsMax = 1_500;

/**
 * Holds rules against transactions, which are newest first. What the bank has withdrawn does not count. Where the time is up before all
 * were looked at, the figures are those of the newest.
 */
export async function tryRules(rules: readonly Rule[], transactions: readonly Transaction[]): Promise<RuleTrial> {
  const matched = rules.map(() => 0);
  const counted = transactions.filter(({ replaced }) => !replaced);
  let spentMs = 0;
  let looked = 0;
  for (const transaction of counted) {
    if (spentMs > spentMsMax) break;
    const startedMs = performance.now();
    const found = ruleFor(rules, transaction);
    spentMs += performance.now() - startedMs;
    if (found !== null) matched[found.at] = (matched[found.at] ?? 0) + 1;
    looked += 1;
    // Others get their turn in between.
    if (looked % 20 === 0) await setImmediate();
  }
  return { looked, since: counted[looked - 1]?.bookedOn ?? null, matched };
}
