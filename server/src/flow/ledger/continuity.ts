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
  readonly opening: number | null;
  readonly closing: number | null;
}

/**
 * Names what is missing between statements, and where two disagree. Each stretch is compared with the ones before it: it may begin at a
 * balance that one of them had at its end, or inside a period that is known already.
 *
 * @param statements - of one account
 */
export function continuityNotices(statements: readonly Placed[], currency: string): Notice[] {
  const known = statements
    .filter((one): one is Placed & { opening: number; closing: number } => one.opening !== null && one.closing !== null)
    .sort((one, other) => compare(one.fromOn, other.fromOn) || compare(one.untilOn, other.untilOn));
  const notices: Notice[] = [];
  for (const [at, statement] of known.entries()) {
    if (at === 0) continue;
    const before = known.slice(0, at);
    if (before.some(({ closing }) => closing === statement.opening)) continue;
    const last = before.reduce((one, other) => (other.untilOn >= one.untilOn ? other : one));
    if (before.some(({ fromOn, untilOn }) => fromOn <= statement.fromOn && statement.fromOn <= untilOn)) {
      // It begins inside what is known. That fits when the day's balance is one that was passed, which nobody has kept: ends must agree.
      if (before.some(({ untilOn, closing }) => untilOn === statement.untilOn && closing !== statement.closing))
        notices.push({
          code: 'overlap',
          text: `Two statements end on ${statement.untilOn} with different balances.`,
        });
      continue;
    }
    notices.push({
      code: 'gap',
      text: `Between ${last.untilOn} and ${statement.fromOn} something is missing: the balance goes from ${shownAmount(last.closing, currency)} to ${shownAmount(statement.opening, currency)}.`,
    });
  }
  return notices;
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
