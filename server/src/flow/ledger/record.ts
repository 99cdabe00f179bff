import { type Id, newId } from '#kernel';
import { recordAudit } from '#trust/audit';
import { continuityOf, lockAccounts, openStatement, takeAccount } from './account.ts';
import { balanceNotice, runningBalances } from './continuity.ts';
import { withdrawPayments } from './invoice.ts';
import { type Comparable, type Extent, pairEntries, shareNothing } from './overlap.ts';
import { openCategoriser } from './rules.ts';
import { type Entry, type Notice, type Statement, type StatementBody, statementBodySchema, type TransactionBody } from './schema.ts';
import {
  findStatementByFile,
  insertStatement,
  insertTransactions,
  listForPairing,
  listStatementRows,
  type NewTransactionRow,
  type Unit,
  updateTransaction,
} from './store.ts';
import { categoryMac, openTransaction, sealTransaction, type Transaction } from './transaction.ts';
import { wordsOf } from './words.ts';

/** What became of one statement of a file. */
export interface Recorded {
  readonly accountId: Id<'account'>;
  readonly statementId: Id<'statement'>;
  /** The transactions that are new, in the order of the file. */
  readonly added: readonly Transaction[];
  /** Those of them that a rule makes an event of their own. */
  readonly eventIds: readonly string[];
  /** How many were there before. */
  readonly known: number;
  /** How many count no longer: the bank has replaced or withdrawn them. */
  readonly gone: number;
  readonly notices: readonly Notice[];
  /** The statement was taken in before, and whether its event was. */
  readonly isRepeated: boolean;
  readonly announced: boolean;
}

export interface StatementFile {
  readonly name: string;
  /** Of the whole file. */
  readonly sha256: string;
  /** Which statement of the file. */
  readonly index: number;
}

/**
 * Takes a statement into the ledger: the account is made where it is new, entries that are known are recognised, everything else is added.
 * The same file again changes nothing. In one transaction, with the account locked.
 */
export async function recordStatement(
  unit: Unit,
  statement: Statement,
  file: StatementFile,
  by: { readonly actor: string; readonly at: Date },
): Promise<Recorded> {
  const { keys } = unit;
  const hasCorrections = statement.withdrawn !== undefined || statement.entries.some(({ corrects }) => corrects !== null);
  // Before its own, so that statements of one number in two currencies do not wait for each other.
  const sameNumber = hasCorrections ? await lockAccounts(unit, statement.account) : [];
  const account = await takeAccount(unit, statement.account, by.at);
  const { accountId } = account;
  const fileMac = keys.mac('ledger.file', file.sha256, String(file.index));
  const before = await findStatementByFile(unit, accountId, fileMac);
  if (before !== undefined) {
    const { notices } = openStatement(unit, before);
    const added = before.announced ? [] : await transactionsOf(unit, before);
    return {
      ...{ accountId, statementId: before.statementId, added, eventIds: [], known: statement.entries.length - added.length, notices },
      ...{ gone: 0, isRepeated: true, announced: before.announced },
    };
  }
  const statementId = newId('statement', by.at.getTime());
  const extent = extentOf(statement);
  const comparables = statement.entries.map((entry) => comparableOf(entry));
  const { found, occurrences } = await findKnown(unit, { accountId, statement, extent, comparables });
  const categoriser = await openCategoriser(unit);
  const fresh: { row: NewTransactionRow; transaction: Transaction; isEvent: boolean; entry: Entry }[] = [];
  for (const [at, entry] of statement.entries.entries()) {
    const comparable = comparables[at];
    if (comparable === undefined || found[at] !== null) continue;
    const transactionId = newId('transaction', by.at.getTime());
    const { by: categorisedBy, isEvent, ...category } = categoriser.categorise(entry);
    const { bookedOn, place: _, ...rest } = entry;
    const body: TransactionBody = {
      ...rest,
      ...category,
      format: statement.format,
      reverses: null,
      reversedBy: null,
      replaced: entry.corrects?.how === 'delete',
    };
    const occurrence = (occurrences.get(comparable.key) ?? 0) + 1;
    occurrences.set(comparable.key, occurrence);
    fresh.push({
      transaction: { transactionId, accountId, bookedOn, categorisedBy, ...body },
      isEvent,
      entry,
      row: {
        ...{ transactionId, accountId, statementId, bookedOn, categorisedBy, occurrence },
        keyMac: keys.mac('ledger.transaction', comparable.key),
        endToEndMac: entry.endToEndId === null ? null : keys.mac('ledger.end_to_end', entry.endToEndId),
        counterpartyMac: entry.counterparty.iban === null ? null : keys.mac('ledger.iban', entry.counterparty.iban),
        categoryMac: categoryMac(keys, category.category),
        body: sealTransaction(keys, transactionId, body),
      },
    });
  }
  const notices = balanceNotice(statement);
  const body: StatementBody = statementBodySchema.parse({
    format: statement.format,
    file: file.name,
    number: statement.number,
    opening: statement.opening,
    closing: statement.closing,
    running: extent.running,
    notices,
    unreadable: statement.unreadable.slice(0, 1_000),
  });
  await insertStatement(unit, {
    ...{ statementId, accountId, fileMac, fromOn: extent.fromOn, untilOn: extent.untilOn, added: fresh.length, at: by.at },
    body: keys.sealJson({ kind: 'ledger.statement', id: statementId }, body),
  });
  await insertTransactions(
    unit,
    fresh.map(({ row }) => row),
    by.at,
  );
  const superseded = new Map((statement.withdrawn ?? []).map((bankReference) => [bankReference, new Set<string>()]));
  const idOf = new Map<Entry, string>(fresh.map(({ entry, transaction }) => [entry, transaction.transactionId]));
  for (const [at, entry] of statement.entries.entries())
    if (entry.corrects !== null) {
      const { bankReference } = entry.corrects;
      superseded.set(bankReference, (superseded.get(bankReference) ?? new Set()).add(idOf.get(entry) ?? found[at] ?? ''));
    }
  const gone = superseded.size === 0 ? [] : await supersede(unit, new Set([accountId, ...sameNumber]), superseded, by.at);
  await withdrawPayments(unit, gone, by);
  await linkReversals(unit, accountId, fresh, by.at);
  if (fresh.length > 0)
    await recordAudit(unit.tx, keys.tenantId, [
      { kind: 'ledger.imported', actor: by.actor, at: by.at, objectId: accountId, detail: { statement: statementId, added: fresh.length } },
    ]);
  const statements = (await listStatementRows(unit, accountId)).map((one) => ({ ...one, body: openStatement(unit, one) }));
  return {
    accountId,
    statementId,
    added: fresh.map(({ transaction }) => transaction),
    eventIds: fresh.filter(({ isEvent }) => isEvent).map(({ transaction }) => transaction.transactionId),
    known: statement.entries.length - fresh.length,
    gone: gone.length,
    notices: [...notices, ...continuityOf(statements, account.currency)],
    isRepeated: false,
    announced: false,
  };
}

/** What a statement added when it was taken in. */
async function transactionsOf(
  unit: Unit,
  { statementId, fromOn, untilOn, accountId }: { statementId: string; fromOn: string | null; untilOn: string | null; accountId: string },
) {
  if (fromOn === null || untilOn === null) return [];
  const rows = await listForPairing(unit, accountId, { from: fromOn, until: untilOn });
  return rows.filter((row) => row.statementId === statementId).map((row) => openTransaction(unit.keys, row));
}

function extentOf(statement: Statement): Extent {
  const days = [
    ...statement.entries.map(({ bookedOn }) => bookedOn),
    ...(statement.period === null ? [] : [statement.period.from, statement.period.until]),
  ].sort();
  return {
    fromOn: days[0] ?? statement.closing?.on ?? null,
    untilOn: days.at(-1) ?? statement.closing?.on ?? null,
    number: statement.number,
    openingMinor: statement.opening?.amountMinor ?? null,
    running: runningBalances(statement),
  };
}

/**
 * The entries that are kept already, each by the row it is, and how often each key occurs. Rows of statements that certainly share nothing
 * with this one are not looked at: what looks like them is another. Nor are those in whose stead the bank has told the same id otherwise:
 * told like this again, it has changed back.
 */
async function findKnown(
  unit: Unit,
  {
    accountId,
    statement,
    extent,
    comparables,
  }: { accountId: string; statement: Statement; extent: Extent; comparables: readonly Comparable[] },
): Promise<{ found: (string | null)[]; occurrences: Map<string, number> }> {
  const { fromOn, untilOn } = extent;
  const occurrences = new Map<string, number>();
  if (fromOn === null || untilOn === null) return { found: comparables.map(() => null), occurrences };
  const others = (await listStatementRows(unit, accountId, { from: fromOn, until: untilOn })).map((row) => {
    const { number, opening, running } = openStatement(unit, row);
    return {
      statementId: row.statementId,
      extent: { fromOn: row.fromOn, untilOn: row.untilOn, number, openingMinor: opening?.amountMinor ?? null, running },
    };
  });
  const apart = new Set<string>(others.filter((other) => shareNothing(other.extent, extent)).map(({ statementId }) => statementId));
  const kept = (await listForPairing(unit, accountId, { from: fromOn, until: untilOn })).map((row) => {
    const transaction = openTransaction(unit.keys, row);
    return {
      ...comparableOf(transaction),
      id: row.transactionId as string,
      format: transaction.format,
      statementId: row.statementId as string,
      isPast: transaction.replaced && transaction.corrects !== null && transaction.corrects.bankReference === transaction.bankReference,
    };
  });
  for (const { key } of kept) occurrences.set(key, (occurrences.get(key) ?? 0) + 1);
  const candidates = kept.filter(({ statementId, isPast }) => !isPast && !apart.has(statementId));
  return { found: pairEntries(comparables, candidates, statement.format), occurrences };
}

/** What makes an entry the same entry. Spaces and signs in texts are left out: banks set them differently from one export to the next. */
function comparableOf(
  entry: Pick<Transaction, 'bookedOn' | 'amountMinor' | 'currency' | 'bankReference' | 'endToEndId' | 'counterparty' | 'text'>,
): Comparable {
  const { bookedOn, amountMinor, currency, bankReference, endToEndId, counterparty, text } = entry;
  const weak = [bookedOn, amountMinor, currency];
  const content =
    bankReference === null
      ? [
          'text',
          endToEndId ?? '',
          counterparty.iban ?? counterparty.number ?? '',
          wordsOf(counterparty.name ?? '').join(''),
          wordsOf(text).join(''),
        ]
      : ['bank', bankReference, endToEndId ?? ''];
  return { key: JSON.stringify([...weak, ...content]), weakKey: JSON.stringify(weak), endToEndId };
}

/** How far back an entry can lie that is taken back. */
const reversalDays = 90;

/** Finds what a reversal takes back. */
async function linkReversals(
  unit: Unit,
  accountId: string,
  fresh: readonly { readonly transaction: Transaction; readonly entry: Entry }[],
  at: Date,
): Promise<void> {
  const reversals = fresh.filter(({ entry }) => entry.isReversal && entry.corrects === null).map(({ transaction }) => transaction);
  if (reversals.length === 0) return;
  const days = reversals.map(({ bookedOn }) => bookedOn).sort();
  const rows = await listForPairing(unit, accountId, { from: addDays(days[0] ?? '', -reversalDays), until: days.at(-1) ?? '' });
  const all = new Map(rows.map((row) => [row.transactionId as string, openTransaction(unit.keys, row)]));
  for (const transaction of reversals) {
    const taken = [...all.values()]
      .filter(
        (one) =>
          one.transactionId !== transaction.transactionId &&
          one.bookedOn <= transaction.bookedOn &&
          one.amountMinor === -transaction.amountMinor &&
          one.currency === transaction.currency &&
          one.reversedBy === null &&
          !one.replaced &&
          !one.isReversal,
      )
      .map((one) => ({ one, likeness: likeness(one, transaction) }))
      .filter((candidate) => candidate.likeness > 0)
      .sort((a, b) => b.likeness - a.likeness || (a.one.bookedOn < b.one.bookedOn ? 1 : -1))[0]?.one;
    if (taken === undefined) continue;
    await save({ ...taken, reversedBy: transaction.transactionId });
    await save({ ...transaction, reverses: taken.transactionId });
  }

  async function save(transaction: Transaction): Promise<void> {
    all.set(transaction.transactionId, transaction);
    await saveTransaction(unit, transaction, at);
  }
}

/**
 * Transactions that the bank has replaced or withdrawn count no longer, whatever their days and currencies.
 *
 * @param superseded - by the bank's id, with what stands for it now
 * @returns those that counted until now
 */
async function supersede(
  unit: Unit,
  accountIds: ReadonlySet<string>,
  superseded: ReadonlyMap<string, ReadonlySet<string>>,
  at: Date,
): Promise<string[]> {
  const gone: string[] = [];
  for (const accountId of accountIds)
    for (const row of await listForPairing(unit, accountId, { from: '1970-01-01', until: '2199-12-31' })) {
      const transaction = openTransaction(unit.keys, row);
      const standing = superseded.get(transaction.bankReference ?? '');
      if (transaction.replaced || standing === undefined || standing.has(transaction.transactionId)) continue;
      await saveTransaction(unit, { ...transaction, replaced: true }, at);
      gone.push(transaction.transactionId);
    }
  return gone;
}

const saveTransaction = (unit: Unit, transaction: Transaction, at: Date) =>
  updateTransaction(unit, {
    transactionId: transaction.transactionId,
    body: sealTransaction(unit.keys, transaction.transactionId, transaction),
    categorisedBy: transaction.categorisedBy,
    categoryMac: categoryMac(unit.keys, transaction.category),
    at,
  });

/** Something besides the amount has to be the same. */
function likeness(one: Transaction, other: Transaction): number {
  const same = (left: string | null, right: string | null) => left !== null && left === right;
  return (
    (same(one.endToEndId, other.endToEndId) ? 8 : 0) +
    (same(one.mandateId, other.mandateId) ? 4 : 0) +
    (same(one.counterparty.iban, other.counterparty.iban) ? 2 : 0) +
    (wordsOf(one.counterparty.name ?? '').some((word) => wordsOf(other.counterparty.name ?? '').includes(word)) ? 1 : 0)
  );
}

const addDays = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
