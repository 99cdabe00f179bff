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
  readonly categorisedBy: TransactionRow['categorisedBy'];
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

/**
 * Says what a transaction was for; null takes the category away. From a person's word is learned, from a tool's is not: somebody else may
 * have chosen it.
 */
export async function setCategory(
  unit: Unit,
  transactionId: string,
  category: string | null,
  by: { readonly actor: string; readonly at: Date; readonly as?: 'person' | 'tool' },
): Promise<Transaction> {
  const before = await readTransaction(unit, transactionId);
  const as = by.as ?? 'person';
  const why = as === 'person' ? 'A person said so.' : 'A task said so.';
  await updateTransaction(unit, {
    transactionId,
    body: sealTransaction(unit.keys, transactionId, { ...before, category, categoryWhy: category === null ? null : why, proposal: null }),
    categorisedBy: category === null ? null : as,
    categoryMac: categoryMac(unit.keys, category),
    at: by.at,
  });
  await recordAudit(unit.tx, unit.keys.tenantId, [
    { kind: 'ledger.changed', actor: by.actor, at: by.at, objectId: transactionId, detail: { change: 'category' } },
  ]);
  return readTransaction(unit, transactionId);
}
