import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { AccountNumber, Balance, Entry, Statement, Unreadable } from '#flow/ledger';
import { isCurrency, normaliseIban } from '#trust/policy';
import { cleaned, cleanedOrNull } from './decode.ts';
import { plainEntry, referenceOrNull } from './entry.ts';
import { readSandboxUser } from './plaid-sandbox.ts';
import { amountIn, plaidDay, plaidFix, withFaults } from './plaid-values.ts';
import { unreadable } from './unreadable.ts';

/** By the names of members that only an export of Plaid has together; the head of a file is enough. */
export const isPlaid = (text: string): boolean =>
  /^\s*[[{]/.test(text) &&
  (/"override_accounts"\s*:/.test(text) ||
    ['transaction_id', 'account_id', 'iso_currency_code'].every((name) => text.includes(`"${name}"`)));

const words = z.string().nullish();
const amount = z.union([z.number(), z.string()]).nullish();
const currencies = { iso_currency_code: words, unofficial_currency_code: words };
const accountSchema = z.object({
  account_id: z.string(),
  persistent_account_id: words,
  name: words,
  type: words,
  balances: z.object({ current: amount, last_updated_datetime: words, ...currencies }).nullish(),
});
const party = z.object({
  name: words,
  type: words,
  account_numbers: z.object({ international: z.object({ iban: words, bic: words }).nullish() }).nullish(),
});
const transactionSchema = z.object({
  transaction_id: z.string(),
  account_id: z.string(),
  amount,
  date: words,
  authorized_date: words,
  pending: z.boolean(),
  name: words,
  merchant_name: words,
  original_description: words,
  check_number: words,
  payment_channel: words,
  transaction_code: words,
  payment_meta: z.object({ payee: words, payer: words, reason: words }).nullish(),
  counterparties: z.array(party).nullish(),
  ...currencies,
});
type Transaction = z.infer<typeof transactionSchema>;

/** One answer of Plaid: of `/transactions/get`, of `/transactions/sync`, or the transactions alone. */
const answerSchema = z.object({
  accounts: z.array(z.unknown()).default([]),
  numbers: z.object({ international: z.array(z.object({ account_id: z.string(), iban: words, bic: words })).nullish() }).nullish(),
  transactions: z.array(z.unknown()).default([]),
  added: z.array(z.unknown()).default([]),
  modified: z.array(z.unknown()).default([]),
  removed: z.array(z.object({ transaction_id: z.string(), account_id: words })).default([]),
});
type Answer = z.infer<typeof answerSchema>;

/**
 * Reads transactions as Plaid hands them out (API version 2020-09-14): answers of `/transactions/get` and `/transactions/sync`, one or a
 * list of them, a list of transactions, and the users of its Sandbox. What is pending is not booked and comes with its booking.
 *
 * @throws FactotumError `ledger.unreadable` when it is no JSON, or nothing in it can be read.
 */
export function readPlaid(text: string): Statement[] {
  const json = parsed(text);
  if (typeof json === 'object' && json !== null && 'override_accounts' in json)
    return orUnreadable(readSandboxUser(json.override_accounts, createHash('sha256').update(text).digest('hex').slice(0, 16)));
  return orUnreadable(statementsOf(answersIn(json)));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable(1, 'This is no whole JSON file: it may have been cut off.', plaidFix);
  }
}

function orUnreadable(statements: Statement[]): Statement[] {
  if (statements.some(({ entries, withdrawn }) => entries.length > 0 || withdrawn !== undefined)) return statements;
  const [fault] = statements.flatMap((statement) => statement.unreadable);
  throw unreadable(fault?.line ?? 1, fault?.why ?? 'There is no booked transaction in this file.', plaidFix);
}

function answersIn(json: unknown): Answer[] {
  const list = Array.isArray(json) ? json : [json];
  const isBare = list.some((one) => typeof one === 'object' && one !== null && 'transaction_id' in one);
  const read = z.array(answerSchema).safeParse(isBare ? [{ transactions: list }] : list);
  if (!read.success) throw unreadable(1, 'The members of this file are not those of an export of Plaid.', plaidFix);
  return read.data;
}

interface Numbered {
  readonly place: number;
  readonly transaction: Transaction;
}

/** One statement for each account and currency; each transaction as it is told last. */
function statementsOf(answers: readonly Answer[]): Statement[] {
  const accounts = new Map(
    answers.flatMap((answer) =>
      answer.accounts.flatMap((one) => {
        const { success, data } = accountSchema.safeParse(one);
        return success ? [[data.account_id, data] as const] : [];
      }),
    ),
  );
  const ibans = new Map(answers.flatMap(({ numbers }) => (numbers?.international ?? []).map((one) => [one.account_id, one] as const)));
  const told = new Map<string, Numbered>();
  const statements = new Map<string, { account: AccountNumber; entries: Entry[]; faults: Unreadable[]; withdrawn: string[] }>();
  const faults: Unreadable[] = [];
  let place = 0;
  for (const { transactions, added, modified } of answers)
    for (const one of [...transactions, ...added, ...modified]) {
      place += 1;
      const { success, data, error } = transactionSchema.safeParse(one);
      if (!success) faults.push({ line: place, why: `Transaction ${place} lacks ${error.issues[0]?.path.join('.') || 'all members'}.` });
      else told.set(data.transaction_id, { place, transaction: data });
    }
  const statementFor = (accountId: string, currency: string) => {
    const known = accounts.get(accountId);
    const international = ibans.get(accountId);
    const iban = normaliseIban(international?.iban ?? '');
    const number = iban === null ? cleanedOrNull(`plaid/${known?.persistent_account_id ?? accountId}`, 70) : null;
    const account = { iban, number, bic: cleanedOrNull(international?.bic, 11), holder: cleanedOrNull(known?.name), currency };
    const key = JSON.stringify([accountId, currency]);
    const made = statements.get(key) ?? { account, entries: [], faults: [], withdrawn: [] };
    statements.set(key, made);
    return made;
  };
  const removed = new Set(answers.flatMap((answer) => answer.removed.map((one) => one.transaction_id)));
  for (const { place: at, transaction } of told.values()) {
    if (transaction.pending || removed.has(transaction.transaction_id)) continue;
    const entry = entryOf(transaction, at);
    if ('why' in entry) faults.push(entry);
    else statementFor(transaction.account_id, entry.currency).entries.push(entry);
  }
  for (const { removed: list } of answers)
    for (const { transaction_id: id, account_id: accountId } of list) {
      const currency = accounts.get(accountId ?? '')?.balances?.iso_currency_code ?? '';
      if (accountId != null && isCurrency(currency)) statementFor(accountId, currency).withdrawn.push(referenceOrNull(id) ?? id);
      else
        faults.push({ line: 1, why: `Plaid has withdrawn the transaction ${cleaned(id, 100)} of an account that the file does not name.` });
    }
  const made = [...statements.entries()].map(([key, one]): Statement => {
    const [accountId] = z.tuple([z.string(), z.string()]).parse(JSON.parse(key));
    return {
      format: 'plaid',
      account: one.account,
      number: null,
      opening: null,
      closing: balanceOf(accounts.get(accountId), one.account.currency),
      period: null,
      entries: one.entries.toSorted((a, b) => (a.bookedOn < b.bookedOn ? -1 : a.bookedOn > b.bookedOn ? 1 : 0)),
      unreadable: one.faults,
      ...(one.withdrawn.length === 0 ? {} : { withdrawn: one.withdrawn }),
    };
  });
  return withFaults(made, faults);
}

function entryOf(transaction: Transaction, place: number): Entry | Unreadable {
  const { transaction_id: id, iso_currency_code: iso, unofficial_currency_code: unofficial, payment_meta: meta } = transaction;
  const currency = iso ?? unofficial ?? '';
  if (!isCurrency(currency)) {
    const what = currency === '' ? 'names no currency' : `is in ${cleaned(currency, 20)}, which is no currency of ISO 4217`;
    return { line: place, why: `Transaction ${place} ${what}.` };
  }
  const amountMinor = amountIn(transaction.amount, currency);
  if (amountMinor === null) return { line: place, why: `Transaction ${place} has no amount in ${currency}.` };
  const bookedOn = plaidDay(transaction.date);
  if (bookedOn === null) return { line: place, why: `Transaction ${place} has no date.` };
  const account = (transaction.counterparties ?? [])
    .map((one) => one.account_numbers?.international)
    .find((one) => normaliseIban(one?.iban ?? '') !== null);
  const bankReference = referenceOrNull(id);
  const check = transaction.check_number == null ? '' : `Check ${transaction.check_number}`;
  return {
    ...plainEntry({ place, bookedOn, amountMinor, currency }),
    valueOn: plaidDay(transaction.authorized_date),
    counterparty: {
      name: cleanedOrNull(
        transaction.merchant_name ?? (amountMinor < 0 ? meta?.payee : meta?.payer) ?? transaction.counterparties?.[0]?.name,
      ),
      iban: normaliseIban(account?.iban ?? ''),
      number: null,
      bic: cleanedOrNull(account?.bic, 11),
    },
    text: cleaned([transaction.original_description ?? transaction.name ?? '', meta?.reason ?? '', check].join(' ')),
    bankReference,
    kind: cleanedOrNull(transaction.transaction_code ?? transaction.payment_channel, 35),
    // The id is what makes it the same, whatever else has changed, and only a sync says that something has.
    corrects: bankReference === null ? null : { bankReference, how: 'replace' },
  };
}

/** Only where it says of which day it is. What is owed on a card or loan is less than nothing. */
function balanceOf(account: z.infer<typeof accountSchema> | undefined, currency: string): Balance | null {
  const { balances, type } = account ?? {};
  const on = plaidDay(balances?.last_updated_datetime);
  if (on === null || balances?.iso_currency_code !== currency) return null;
  const owed = amountIn(balances.current, currency);
  return owed === null ? null : { on, amountMinor: type === 'credit' || type === 'loan' ? owed : 0 - owed };
}
