import { z } from 'zod';
import type { Entry, Statement, Unreadable } from '#flow/ledger';
import { isCurrency, normaliseIban } from '#trust/policy';
import { cleaned, cleanedOrNull } from './decode.ts';
import { plainEntry } from './entry.ts';
import { amountIn, plaidDay, withFaults } from './plaid-values.ts';

const words = z.string().nullish();
const numbersSchema = z.object({
  account: words,
  ach_routing: words,
  bacs_sort_code: words,
  eft_institution: words,
  eft_branch: words,
  international_iban: words,
  international_bic: words,
});
const accountSchema = z.object({
  subtype: words,
  currency: words,
  numbers: numbersSchema.nullish().catch(null),
  meta: z.object({ name: words, official_name: words }).nullish().catch(null),
  transactions: z.array(z.unknown()).nullish(),
});
const transactionSchema = z.object({
  date_transacted: words,
  date_posted: words,
  amount: z.union([z.number(), z.string()]).nullish(),
  description: words,
  currency: words,
});

/**
 * Reads the accounts that a user of Plaid's Sandbox is described by: what is posted, by the sign convention of Plaid.
 *
 * @param id - of the file: an account without a number is one of this file and of no other.
 */
export function readSandboxUser(accounts: unknown, id: string): Statement[] {
  const faults: Unreadable[] = [];
  const statements = z
    .array(z.unknown())
    .catch([])
    .parse(accounts)
    .flatMap((one, at) => readAccount(one, { at, id, faults }));
  return statements.length === 0 && faults.length === 0 ? [] : withFaults(statements, faults);
}

/** One statement for each currency. Entries are numbered through the account. */
function readAccount(given: unknown, { at, id, faults }: { at: number; id: string; faults: Unreadable[] }): Statement[] {
  const { success, data: account } = accountSchema.safeParse(given);
  if (!success) {
    faults.push({ line: at + 1, why: `Account ${at + 1} is not described as an account.` });
    return [];
  }
  const byCurrency = new Map<string, Entry[]>();
  for (const [index, one] of (account.transactions ?? []).entries()) {
    const entry = entryOf(one, index + 1, account.currency ?? null);
    if ('why' in entry) faults.push({ ...entry, why: `Account ${at + 1}: ${entry.why}` });
    else {
      const list = byCurrency.get(entry.currency) ?? [];
      list.push(entry);
      byCurrency.set(entry.currency, list);
    }
  }
  const { numbers, meta, subtype } = account;
  const iban = normaliseIban(numbers?.international_iban ?? '');
  const bank = numbers?.ach_routing ?? numbers?.bacs_sort_code ?? [numbers?.eft_institution, numbers?.eft_branch].filter(Boolean).join('-');
  const own = numbers?.account == null ? `sandbox/${id}/${at + 1}` : `${bank}/${numbers.account}`;
  return [...byCurrency].map(([currency, entries]) => ({
    format: 'plaid',
    account: {
      iban,
      number: iban === null ? cleanedOrNull(own, 70) : null,
      bic: cleanedOrNull(numbers?.international_bic, 11),
      holder: cleanedOrNull(meta?.name ?? meta?.official_name ?? subtype),
      currency,
    },
    ...{ number: null, opening: null, closing: null, period: null, unreadable: [] },
    entries: entries.toSorted((a, b) => (a.bookedOn < b.bookedOn ? -1 : a.bookedOn > b.bookedOn ? 1 : 0)),
  }));
}

function entryOf(given: unknown, place: number, ofAccount: string | null): Entry | Unreadable {
  const { success, data } = transactionSchema.safeParse(given);
  if (!success) return { line: place, why: `Transaction ${place} is not described as a transaction.` };
  const currency = data.currency ?? ofAccount ?? '';
  if (!isCurrency(currency)) return { line: place, why: `Transaction ${place} names no currency of ISO 4217.` };
  const amountMinor = amountIn(data.amount, currency);
  if (amountMinor === null) return { line: place, why: `Transaction ${place} has no amount in ${currency}.` };
  const bookedOn = plaidDay(data.date_posted);
  if (bookedOn === null) return { line: place, why: `Transaction ${place} has no date_posted.` };
  return {
    ...plainEntry({ place, bookedOn, amountMinor, currency }),
    valueOn: plaidDay(data.date_transacted),
    text: cleaned(data.description ?? ''),
  };
}
