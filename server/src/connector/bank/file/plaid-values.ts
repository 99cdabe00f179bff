import { minorOf, type Statement, type Unreadable } from '#flow/ledger';
import { dayOf } from './entry.ts';
import { unreadable } from './unreadable.ts';

/** What helps where a file of Plaid cannot be read. */
export const plaidFix = 'Export the answer of /transactions/get or /transactions/sync.';

/** What Plaid calls positive goes out; here it is negative, like at a bank. */
export function amountIn(value: string | number | null | undefined, currency: string): number | null {
  const minor = value == null ? null : minorOf(String(value), currency);
  return minor === null ? null : 0 - minor;
}

/** The day of `2026-03-01` and of times of it, as the bank has it. */
export function plaidDay(text: string | null | undefined): string | null {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})(?:$|T)/.exec(text ?? '') ?? [];
  return year === undefined ? null : dayOf(Number(year), Number(month), Number(day));
}

/** What belongs to no account that could be read is told with the first. */
export function withFaults(statements: readonly Statement[], faults: readonly Unreadable[]): Statement[] {
  const [first, ...others] = statements;
  if (first === undefined) {
    const [fault] = faults;
    if (fault === undefined) return [];
    throw unreadable(fault.line, fault.why, plaidFix);
  }
  return [{ ...first, unreadable: [...first.unreadable, ...faults] }, ...others];
}
