import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { moneyText } from '#text/money.ts';
import { get, post, put } from '../../api/client.ts';
import type { LedgerRule, LedgerRules, RuleTrial } from '../../api/ledger.ts';
import { formatMoney } from './amount.ts';

const words = moneyText.rules;

/** The currency that amounts of a rule are in where it names none. */
export const currencyDefault = 'EUR';

export const rulesQuery = queryOptions({
  queryKey: ['ledger', 'rules'],
  queryFn: ({ signal }) => get<LedgerRules>('/ledger/rules', { signal }),
});

/** How many of what was booked each of the rules would have decided. */
export const trialQuery = (rules: readonly LedgerRule[]) =>
  queryOptions({
    queryKey: ['ledger', 'rule-trial', rules],
    queryFn: () => post<RuleTrial>('/ledger/rules/trial', { rules }),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    retry: false,
  });

/** Saves all rules over the version that was read. */
export const saveRules = ({ version, learnUpToMinor }: LedgerRules, rules: readonly LedgerRule[]): Promise<void> =>
  put('/ledger/rules', { version, rules, learnUpToMinor });

/** Whether a rule says anything about transactions: one that fits everything is refused. */
export const saysSomething = ({ category: _, event: __, ...conditions }: LedgerRule): boolean => Object.keys(conditions).length > 0;

/** What has to hold, each condition in words. */
export function conditionsOf({ counterparty, iban, text, direction, minMinor, maxMinor, currency }: LedgerRule): string[] {
  const money = (minor: number): string => formatMoney(minor, currency ?? currencyDefault);
  return [
    ...(counterparty === undefined ? [] : [words.hasName(counterparty)]),
    ...(iban === undefined ? [] : [words.hasIban(iban)]),
    ...(text === undefined ? [] : [words.hasText(text)]),
    ...(direction === undefined ? [] : [words.directions[direction]]),
    ...(minMinor === undefined ? [] : [words.atLeast(money(minMinor))]),
    ...(maxMinor === undefined ? [] : [words.atMost(money(maxMinor))]),
    ...(currency === undefined ? [] : [words.inCurrency(currency)]),
  ];
}
