import { FactotumError, type Id } from '#kernel';
import { recordAudit } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import { type TransactionBody, transactionBodySchema } from './schema.ts';
import {
  findTransactions,
  listTransactionRows,
  type TransactionFilter,
  type TransactionRow,
  type Unit,
  updateTransaction,
} from './store.ts';

export interface Transaction extends TransactionBody {
  readonly transactionId: Id<'transaction'>;
  readonly accountId: Id<'account'>;
  readonly bookedOn: string;
  readonly categorisedBy: 'rule' | 'learned' | 'person' | null;
}

export const openTransaction = (
  keys: TenantKeys,
  { transactionId, accountId, bookedOn, categorisedBy, body }: TransactionRow,
): Transaction => ({
  transactionId,
  accountId,
  bookedOn,
  categorisedBy,
  ...keys.openJson({ kind: 'ledger.transaction', id: transactionId }, body, transactionBodySchema),
});

export const sealTransaction = (keys: TenantKeys, transactionId: string, body: TransactionBody): Buffer =>
  // Parsing takes away what belongs to the row.
  keys.sealJson({ kind: 'ledger.transaction', id: transactionId }, transactionBodySchema.parse(body));

export const categoryMac = (keys: TenantKeys, category: string | null): Buffer | null =>
  category === null ? null : keys.mac('ledger.category', category.trim().toLowerCase());

export interface TransactionQuery extends Omit<TransactionFilter, 'categoryMac' | 'uncategorised'> {
  /** A category, or the empty text for those without one. */
  readonly category?: string | undefined;
}

/** Newest first. */
export async function listTransactions(unit: Unit, { category, ...filter }: TransactionQuery): Promise<Transaction[]> {
  const rows = await listTransactionRows(unit, {
    ...filter,
    categoryMac: category === undefined || category === '' ? undefined : (categoryMac(unit.keys, category) ?? undefined),
    uncategorised: category === '',
  });
  return rows.map((row) => openTransaction(unit.keys, row));
}

/** @throws FactotumError `ledger.not_found` */
export async function readTransaction(unit: Unit, transactionId: string): Promise<Transaction> {
  const [row] = await findTransactions(unit, [transactionId]);
  if (row === undefined) throw new FactotumError('ledger.not_found', 'There is no such transaction.');
  return openTransaction(unit.keys, row);
}

/** A person's word on what a transaction was for. From it is learned. Null takes the category away. */
export async function setCategory(
  unit: Unit,
  transactionId: string,
  category: string | null,
  by: { readonly actor: string; readonly at: Date },
): Promise<Transaction> {
  const before = await readTransaction(unit, transactionId);
  await writeCategory(unit, before, {
    category,
    by: category === null ? null : 'person',
    why: category === null ? null : 'A person said so.',
    at: by.at,
  });
  await recordAudit(unit.tx, unit.keys.tenantId, [
    { kind: 'ledger.changed', actor: by.actor, at: by.at, objectId: transactionId, detail: { change: 'category' } },
  ]);
  return readTransaction(unit, transactionId);
}

export const writeCategory = (
  unit: Unit,
  transaction: Transaction,
  given: { readonly category: string | null; readonly by: Transaction['categorisedBy']; readonly why: string | null; readonly at: Date },
) =>
  updateTransaction(unit, {
    transactionId: transaction.transactionId,
    body: sealTransaction(unit.keys, transaction.transactionId, {
      ...transaction,
      category: given.category,
      categoryWhy: given.why,
      proposal: null,
    }),
    categorisedBy: given.by,
    categoryMac: categoryMac(unit.keys, given.category),
    at: given.at,
  });
