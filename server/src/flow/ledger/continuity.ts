import { formatMinor } from '#trust/policy';
import { sumMinor } from './money.ts';
import type { Notice, Statement } from './schema.ts';

/** "-1,240.00 EUR" */
export const shownAmount = (amountMinor: number, currency: string): string =>
  `${amountMinor < 0 ? '-' : ''}${formatMinor(Math.abs(amountMinor), currency)}`;

/** The balance after each entry; empty without an opening balance, or beyond what an integer counts. */
export function runningBalances({ opening, entries }: Pick<Statement, 'opening' | 'entries'>): number[] {
  if (opening === null) return [];
  const running: number[] = [];
  let balance: number | null = opening.amountMinor;
  for (const { amountMinor } of entries) {
    balance = sumMinor([balance, amountMinor]);
    if (balance === null) return [];
    running.push(balance);
  }
  return running;
}

/** Says when opening balance and entries do not give the closing balance: something is missing, or was read wrongly. */
export function balanceNotice(statement: Statement): Notice[] {
  const { opening, closing, entries, account, unreadable } = statement;
  if (opening === null || closing === null) return [];
  const sum = sumMinor([opening.amountMinor, ...entries.map(({ amountMinor }) => amountMinor)]);
  if (sum === closing.amountMinor) return [];
  const off = sum === null ? null : sumMinor([closing.amountMinor, -sum]);
  const why = unreadable.length > 0 ? ` ${unreadable.length} entries could not be read.` : '';
  const by = off === null ? '' : ` by ${shownAmount(off, account.currency)}`;
  return [{ code: 'balance_wrong', text: `The entries do not lead from the opening to the closing balance: it is off${by}.${why}` }];
}

/** A statement in the history of its account. */
export interface Placed {
  readonly fromOn: string;
  readonly untilOn: string;
  readonly opening: number;
  readonly closing: number;
  /** The balance after each entry. */
  readonly running: readonly number[];
}

/**
 * Names what is missing between statements, and where two disagree. All are stretches of one line of balances, so each begins at a balance
 * that is known from those before it, or after days of which nothing is known.
 *
 * @param statements - of one account
 */
export function continuityNotices(statements: readonly Placed[], currency: string): Notice[] {
  const sorted = statements.toSorted((one, other) => compare(one.fromOn, other.fromOn) || compare(one.untilOn, other.untilOn));
  const notices: Notice[] = [];
  for (const [at, statement] of sorted.entries()) {
    const before = sorted.slice(0, at);
    const last = before.reduce<Placed | null>((one, other) => (one === null || other.untilOn >= one.untilOn ? other : one), null);
    if (last === null || sorted.some((other) => other !== statement && touch(other, statement))) continue;
    notices.push(
      statement.fromOn <= last.untilOn
        ? {
            code: 'overlap',
            text: `The statement from ${statement.fromOn} to ${statement.untilOn} does not agree with others of these days.`,
          }
        : {
            code: 'gap',
            text: `Between ${last.untilOn} and ${statement.fromOn} something is missing: the balance goes from ${shownAmount(last.closing, currency)} to ${shownAmount(statement.opening, currency)}.`,
          },
    );
  }
  return notices;
}

/** One begins where the other has been, no later than the other ends. */
const touch = (one: Placed, other: Placed): boolean => begins(one, other) || (begins(other, one) && one.fromOn === other.fromOn);

const begins = (before: Placed, { opening, fromOn }: Placed): boolean =>
  before.fromOn <= fromOn && (before.opening === opening || before.running.includes(opening) || before.closing === opening);

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
