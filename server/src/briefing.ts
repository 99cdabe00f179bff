import type { CurrencyFlow, ReadMoney } from '#connector/briefing';
import { listAccounts, listHints, listInvoices, listTransactions, type Transaction, type Unit } from '#flow/ledger';

const pageSize = 500;
/** More than a small firm has in a week; beyond it the briefing would be an account statement. */
const pagesMax = 40;
const weekMs = 7 * 86_400_000;

/** What the briefing knows of money: the ledger of the week. */
export const readMoney: ReadMoney = async (tx, keys, { from, to }) => {
  const unit = { tx, keys };
  if ((await listAccounts(unit)).length === 0) return null;
  const flows = flowsOf(await transactionsOf(unit, dayOf(from), dayOf(new Date(to.getTime() - 1))));
  const open = await listInvoices(unit, { states: ['open', 'partly'], limit: pageSize });
  const nextWeek = dayOf(new Date(to.getTime() + weekMs));
  const hints = (await listHints(unit, 20)).filter(({ createdAt }) => createdAt >= from).map(({ title }) => title);
  return {
    flows,
    openInvoices: open.length,
    dueSoon: open.filter(({ dueOn }) => dueOn !== null && dueOn < nextWeek).length,
    hints,
  };
};

async function transactionsOf(unit: Unit, from: string, to: string): Promise<Transaction[]> {
  const found: Transaction[] = [];
  for (let page = 0; page < pagesMax; page += 1) {
    const after = found.at(-1);
    const next = await listTransactions(unit, { from, to, limit: pageSize, ...(after === undefined ? {} : { after }) });
    found.push(...next);
    if (next.length < pageSize) break;
  }
  // What the bank has replaced or taken back is no money that moved.
  return found.filter(({ replaced, reversedBy, reverses }) => !replaced && reversedBy === null && reverses === null);
}

function flowsOf(transactions: readonly Transaction[]): CurrencyFlow[] {
  return [...Map.groupBy(transactions, ({ currency }) => currency)]
    .map(([currency, own]) => {
      const sum = (of: readonly Transaction[]) => of.reduce((total, { amountMinor }) => total + BigInt(Math.abs(amountMinor)), 0n);
      const outgoing = own.filter(({ amountMinor }) => amountMinor < 0);
      const largest = [...Map.groupBy(outgoing, ({ counterparty }) => counterparty.name ?? 'unknown')]
        .map(([name, paid]) => ({ name, outMinor: sum(paid) }))
        .sort((left, right) => Number(right.outMinor - left.outMinor));
      return { currency, inMinor: sum(own.filter(({ amountMinor }) => amountMinor > 0)), outMinor: sum(outgoing), largest };
    })
    .sort((left, right) => (left.currency < right.currency ? -1 : 1));
}

const dayOf = (at: Date): string => at.toISOString().slice(0, 10);
