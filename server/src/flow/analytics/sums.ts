import type { Sum } from './figures-store.ts';
import type { Measure } from './parts.ts';

/** What became of tasks. Rates are parts of 1; null where there is nothing they could be a part of. */
export interface WorkSums {
  readonly arrived: number;
  readonly completed: number;
  readonly partly: number;
  readonly refused: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Completed and failed, as parts of all that ended without being cancelled. */
  readonly completionRate: number | null;
  readonly failureRate: number | null;
  /** Completed without anybody being asked or stepping in, and as a part of all that were completed. */
  readonly alone: number;
  readonly automationRate: number | null;
}

export function workOf(sums: readonly Sum[]): WorkSums {
  const ended = (outcome: string): number => total(sums, ({ measure, c }) => measure === 'ended' && c === outcome);
  const [completed, partly, refused, failed] = [ended('completed'), ended('partly'), ended('refused'), ended('failed')];
  const judged = completed + partly + refused + failed;
  const alone = total(sums, ({ measure, b, c }) => measure === 'ended' && b === 'alone' && c === 'completed');
  return {
    arrived: total(sums, ({ measure }) => measure === 'arrived'),
    completed,
    partly,
    refused,
    failed,
    cancelled: ended('cancelled'),
    completionRate: rate(completed, judged),
    failureRate: rate(failed, judged),
    alone,
    automationRate: rate(alone, completed),
  };
}

/** How questions were answered. */
export interface ApprovalSums {
  readonly asked: number;
  /** By a person: approved, rejected or changed. */
  readonly answered: number;
  readonly approved: number;
  /** Edited, asked back or taken back, or no longer the same question when it would have been done. */
  readonly changed: number;
  readonly rejected: number;
  readonly expired: number;
  /** Approved as it was asked, as a part of what was answered. */
  readonly approvalRate: number | null;
}

export function approvalsOf(sums: readonly Sum[]): ApprovalSums {
  const answers = (answer: string): number => total(sums, ({ measure, c }) => measure === 'answered' && c === answer);
  const [approved, changed, rejected] = [answers('approved'), answers('changed'), answers('rejected')];
  const answered = approved + changed + rejected;
  return {
    asked: total(sums, ({ measure }) => measure === 'asked'),
    answered,
    approved,
    changed,
    rejected,
    expired: answers('expired'),
    approvalRate: rate(approved, answered),
  };
}

/** What planning took. */
export interface CostSums {
  readonly plans: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** Millionths of a US dollar. */
  readonly costMicros: number;
  /** Plans by a model whose price is not known: not in the cost. */
  readonly unpriced: number;
}

export function costOf(sums: readonly Sum[]): CostSums {
  const amount = (of: Measure): number => sums.reduce((sum, one) => sum + (one.measure === of ? one.amount : 0), 0);
  return {
    plans: total(sums, ({ measure }) => measure === 'plan'),
    tokensIn: amount('tokens_in'),
    tokensOut: amount('tokens_out'),
    costMicros: amount('plan'),
    unpriced: total(sums, ({ measure }) => measure === 'unpriced'),
  };
}

const total = (sums: readonly Sum[], fits: (sum: Sum) => boolean): number => sums.reduce((all, sum) => all + (fits(sum) ? sum.n : 0), 0);
const rate = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
