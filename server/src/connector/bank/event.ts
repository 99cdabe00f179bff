import type { IncomingEvent } from '#flow/intake';
import { type Account, type Hint, type Recorded, type Statement, shownAmount, sumMinor, type Transaction } from '#flow/ledger';
import type { FileDoor } from './import.ts';

/** More than this nobody reads in an event; the ledger has them all. */
const listedMax = 50;

const provenance = ({ channel, submittedBy }: FileDoor) => ({ channel, submittedBy, integrity: 'untrusted' }) as const;

/** One event for all that a statement brought. */
export function batchEvent(
  account: Account,
  statement: Statement,
  { statementId, added, notices }: Recorded,
  door: FileDoor,
): IncomingEvent {
  const credits = added.filter(({ amountMinor }) => amountMinor > 0);
  const debits = added.filter(({ amountMinor }) => amountMinor < 0);
  const sum = (list: readonly Transaction[]) => sumMinor(list.map(({ amountMinor }) => amountMinor)) ?? 0;
  const days = added.map(({ bookedOn }) => bookedOn).sort();
  const title = `${added.length} new transaction${added.length === 1 ? '' : 's'} on ${account.name}`;
  return {
    source: 'bank',
    kind: 'bank.transactions',
    externalId: statementId,
    title,
    provenance: provenance(door),
    payload: {
      title,
      account: { id: account.accountId, name: account.name, iban: account.iban, currency: account.currency },
      from: days[0] ?? null,
      until: days.at(-1) ?? null,
      count: added.length,
      incoming: { count: credits.length, amountMinor: sum(credits) },
      outgoing: { count: debits.length, amountMinor: sum(debits) },
      closing: statement.closing === null ? null : { on: statement.closing.on, amountMinor: statement.closing.amountMinor },
      notices: notices.map(({ text }) => text).slice(0, 20),
      transactions: added.slice(0, listedMax).map(listed),
      notListed: Math.max(0, added.length - listedMax),
    },
  };
}

const listed = ({ transactionId, bookedOn, amountMinor, currency, counterparty, text, category }: Transaction) => ({
  id: transactionId,
  bookedOn,
  amount: { amountMinor, currency },
  counterparty: counterparty.name,
  iban: counterparty.iban,
  text: text.slice(0, 200),
  category,
});

/** One event for one transaction, where a rule asks for it. */
export function transactionEvent(account: Account, transaction: Transaction, door: FileDoor): IncomingEvent {
  const { transactionId, amountMinor, currency, counterparty } = transaction;
  const title = `${shownAmount(amountMinor, currency)} ${amountMinor < 0 ? 'to' : 'from'} ${counterparty.name ?? 'somebody unnamed'}`;
  return {
    source: 'bank',
    kind: 'bank.transaction',
    externalId: transactionId,
    title,
    provenance: provenance(door),
    payload: { title, account: { id: account.accountId, name: account.name, iban: account.iban }, transaction: listed(transaction) },
  };
}

export function hintEvent({ id, kind, title, text, transactionIds, accountId }: Hint, door: FileDoor): IncomingEvent {
  return {
    source: 'bank',
    kind: 'bank.hint',
    externalId: id,
    title,
    provenance: provenance(door),
    payload: { title, hint: kind, text, transactions: transactionIds, account: accountId },
  };
}
