import type { z } from 'zod';
import { FactotumError, type Id, newId } from '#kernel';
import { recordAudit } from '#trust/audit';
import { assign } from './assign.ts';
import { shownAmount } from './continuity.ts';
import { type InvoiceBody, keptInvoiceSchema, type MatchBody, matchBodySchema, type Reason } from './schema.ts';
import { scoreMatch } from './score.ts';
import {
  findInvoice,
  findInvoiceIds,
  findTransactions,
  type InvoiceRow,
  insertInvoice,
  listInvoiceRows,
  listMatchRows,
  listRecent,
  lockOpenInvoices,
  type MatchRow,
  reopenMatches,
  saveMatch,
  setInvoiceState,
  type Unit,
  updateInvoice,
  withdrawInvoiceRow,
} from './store.ts';
import { openTransaction, type Transaction } from './transaction.ts';
import { compact } from './words.ts';

export interface Invoice extends InvoiceBody {
  readonly invoiceId: Id<'invoice'>;
  readonly state: InvoiceRow['state'];
  readonly createdAt: Date;
  /** What is not paid yet, with the sign of its amount; null when nobody knows the amount. */
  readonly openMinor: number | null;
}

export interface Match extends MatchBody {
  readonly invoiceId: Id<'invoice'>;
  readonly transactionId: Id<'transaction'>;
  readonly state: MatchRow['state'];
  readonly decidedBy: string | null;
}

/** An invoice with what pays it, or might. */
export interface InvoiceRecord {
  readonly invoice: Invoice;
  readonly matches: readonly (Match & { readonly transaction: Transaction })[];
}

/** Who decided where no person did. */
const byLedger = 'system:ledger';

/** Open invoices that are compared, and how many transactions of the last two years. */
const invoicesMax = 500;
const transactionsMax = 3_000;
const lookBackDays = 730;

/**
 * Keeps what was read of an invoice, and looks for what pays it. The same document again is known, and stays from then on: more than the
 * call that had it kept may use it.
 *
 * @param documentHash - of the bytes it was read from
 * @param keptFor - the key of a call that may take it back, with `withdrawInvoice`
 */
export async function addInvoice(
  unit: Unit,
  { documentHash, body, keptFor }: { readonly documentHash: string; readonly body: InvoiceBody; readonly keptFor?: string | undefined },
  by: { readonly actor: string; readonly at: Date },
): Promise<{ readonly invoiceId: Id<'invoice'>; readonly created: boolean; readonly sameNumber: readonly string[] }> {
  const { keys } = unit;
  const documentMac = keys.mac('ledger.document', documentHash);
  const [known] = await findInvoiceIds(unit, { documentMac });
  if (known !== undefined && (await retainInvoice(unit, known, { keptFor, at: by.at })))
    return { invoiceId: known, created: false, sameNumber: [] };
  const invoiceId = newId('invoice', by.at.getTime());
  const numberMac = body.number === null ? null : keys.mac('ledger.invoice_number', compact(body.number), compact(body.issuer ?? ''));
  const sameNumber = numberMac === null ? [] : await findInvoiceIds(unit, { numberMac });
  await insertInvoice(unit, {
    invoiceId,
    documentMac,
    numberMac,
    ibanMac: body.iban === null ? null : keys.mac('ledger.iban', body.iban),
    dueOn: body.dueOn,
    body: sealInvoice(unit, invoiceId, { ...body, keptFor }),
    at: by.at,
  });
  await recordAudit(unit.tx, keys.tenantId, [
    { kind: 'ledger.changed', actor: by.actor, at: by.at, objectId: invoiceId, detail: { change: 'invoice' } },
  ]);
  await matchOpen(unit, by.at);
  return { invoiceId, created: true, sameNumber };
}

/** From now on no call takes the invoice back, but for the one named here where it had it kept. False when it has been taken back already. */
export async function retainInvoice(
  unit: Unit,
  invoiceId: string,
  { keptFor, at }: { readonly keptFor?: string | undefined; readonly at: Date },
): Promise<boolean> {
  const row = await findInvoice(unit, invoiceId);
  if (row === undefined) return false;
  const { keptFor: before, ...body } = openInvoice(unit, row);
  if (body.withdrawn) return false;
  if (before !== undefined && before !== keptFor) await updateInvoice(unit, { invoiceId, body: sealInvoice(unit, invoiceId, body), at });
  return true;
}

/** What became of matching. */
export interface Matched {
  readonly accepted: readonly { readonly invoiceId: string; readonly transactionId: string }[];
  readonly proposed: number;
}

/** Compares all open invoices with all free transactions. What a person has said stays as it is. */
export async function matchOpen(unit: Unit, at: Date): Promise<Matched> {
  const rows = await lockOpenInvoices(unit, invoicesMax);
  if (rows.length === 0) return { accepted: [], proposed: 0 };
  const since = new Date(at.getTime() - lookBackDays * 86_400_000).toISOString().slice(0, 10);
  const transactions = (await listRecent(unit, since, transactionsMax))
    .map((row) => openTransaction(unit.keys, row))
    .filter(({ replaced, reverses, reversedBy }) => !replaced && reverses === null && reversedBy === null);
  const ofInvoices = await listMatches(unit, { invoiceIds: rows.map(({ invoiceId }) => invoiceId) });
  const ofTransactions = await listMatches(unit, { transactionIds: transactions.map(({ transactionId }) => transactionId) });
  const invoices = rows.map((row) => invoiceOf(unit, row, ofInvoices));
  const used = new Map<string, number>();
  for (const { transactionId, amountMinor, state } of ofTransactions)
    if (state === 'accepted') used.set(transactionId, (used.get(transactionId) ?? 0) + amountMinor);
  const refused = new Set(
    [...ofInvoices, ...ofTransactions]
      .filter(({ state }) => state !== 'proposed')
      .map(({ invoiceId, transactionId }) => `${invoiceId}/${transactionId}`),
  );
  const assignments = assign(
    invoices.flatMap((invoice) =>
      invoice.openMinor === null || invoice.openMinor === 0 ? [] : [{ ...invoice, openMinor: invoice.openMinor }],
    ),
    transactions.map((transaction) => ({
      ...transaction,
      freeMinor: Math.abs(transaction.amountMinor) - (used.get(transaction.transactionId) ?? 0),
    })),
    refused,
  );
  for (const { invoiceId, transactionId, verdict, ...match } of assignments)
    await saveMatch(unit, {
      ...{ invoiceId, transactionId, at },
      state: verdict === 'auto' ? 'accepted' : 'proposed',
      decidedBy: verdict === 'auto' ? byLedger : null,
      body: sealMatch(unit, invoiceId, transactionId, match),
    });
  const accepted = assignments.filter(({ verdict }) => verdict === 'auto');
  for (const invoiceId of new Set(accepted.map((one) => one.invoiceId))) await settle(unit, invoiceId, at);
  return {
    accepted: accepted.map(({ invoiceId, transactionId }) => ({ invoiceId, transactionId })),
    proposed: assignments.length - accepted.length,
  };
}

const sealMatch = (
  { keys }: Unit,
  invoiceId: string,
  transactionId: string,
  body: Omit<MatchBody, 'reasons'> & { readonly reasons: readonly Reason[] },
): Buffer => keys.sealJson({ kind: 'ledger.match', id: `${invoiceId}/${transactionId}` }, matchBodySchema.parse(body));

async function listMatches(unit: Unit, of: { invoiceIds?: readonly string[]; transactionIds?: readonly string[] }): Promise<Match[]> {
  return (await listMatchRows(unit, of)).map(({ body, ...row }) => ({
    ...row,
    ...unit.keys.openJson({ kind: 'ledger.match', id: `${row.invoiceId}/${row.transactionId}` }, body, matchBodySchema),
  }));
}

const openInvoice = ({ keys }: Unit, { invoiceId, body }: Pick<InvoiceRow, 'invoiceId' | 'body'>) =>
  keys.openJson({ kind: 'ledger.invoice', id: invoiceId }, body, keptInvoiceSchema);

const sealInvoice = ({ keys }: Unit, invoiceId: string, body: z.input<typeof keptInvoiceSchema>): Buffer =>
  keys.sealJson({ kind: 'ledger.invoice', id: invoiceId }, keptInvoiceSchema.parse(body));

function invoiceOf(unit: Unit, row: InvoiceRow, matches: readonly Match[]): Invoice {
  const { invoiceId, state, createdAt } = row;
  const { keptFor: _, withdrawn: __, ...invoice } = openInvoice(unit, row);
  return {
    invoiceId,
    state,
    createdAt,
    ...invoice,
    openMinor:
      state === 'closed'
        ? 0
        : openOf(
            invoice,
            matches.filter((one) => one.invoiceId === invoiceId),
          ),
  };
}

function openOf({ amountMinor }: InvoiceBody, matches: readonly Match[]): number | null {
  if (amountMinor === null) return null;
  const accepted = matches.filter(({ state }) => state === 'accepted');
  if (accepted.some(({ settles }) => settles)) return 0;
  const paid = accepted.reduce((sum, match) => sum + match.amountMinor, 0);
  const left = Math.max(0, Math.abs(amountMinor) - paid);
  return amountMinor < 0 && left > 0 ? -left : left;
}

/** Writes down what the accepted matches make of the invoice. */
async function settle(unit: Unit, invoiceId: string, at: Date): Promise<void> {
  const { invoice } = await readInvoice(unit, invoiceId);
  if (invoice.state === 'closed' || invoice.openMinor === null || invoice.amountMinor === null) return;
  const state = invoice.openMinor === 0 ? 'paid' : Math.abs(invoice.openMinor) < Math.abs(invoice.amountMinor) ? 'partly' : 'open';
  await setInvoiceState(unit, invoiceId, state, at);
}

/**
 * Opens again what these transactions have paid, now that they count no longer. What a person has said pays an invoice stays, and
 * `readInvoice` says of it that it is gone.
 */
export async function withdrawPayments(
  unit: Unit,
  transactionIds: readonly string[],
  by: { readonly actor: string; readonly at: Date },
): Promise<void> {
  if (transactionIds.length === 0) return;
  // As whoever compares, and before their matches, like everybody: so no two wait for each other, and nobody gives these away meanwhile.
  await lockOpenInvoices(unit, invoicesMax);
  const touched = new Set((await listMatchRows(unit, { transactionIds })).map(({ invoiceId }) => invoiceId));
  for (const invoiceId of [...touched].sort().reverse()) await findInvoice(unit, invoiceId);
  const invoiceIds = new Set(await reopenMatches(unit, { transactionIds, decidedBy: byLedger }));
  for (const invoiceId of invoiceIds) await settle(unit, invoiceId, by.at);
  await recordAudit(
    unit.tx,
    unit.keys.tenantId,
    [...invoiceIds].map((objectId) => ({ kind: 'ledger.changed', ...by, objectId, detail: { change: 'payment_withdrawn' } })),
  );
}

/** @throws FactotumError `ledger.not_found` */
export async function readInvoice(unit: Unit, invoiceId: string): Promise<InvoiceRecord> {
  const row = await findInvoice(unit, invoiceId);
  if (row === undefined || openInvoice(unit, row).withdrawn) throw new FactotumError('ledger.not_found', 'There is no such invoice.');
  const matches = await listMatches(unit, { invoiceIds: [invoiceId] });
  const transactions = new Map(
    (
      await findTransactions(
        unit,
        matches.map(({ transactionId }) => transactionId),
      )
    ).map((one) => [one.transactionId, openTransaction(unit.keys, one)]),
  );
  const gone = matches.flatMap(({ transactionId, state }) => {
    const transaction = transactions.get(transactionId);
    if (state !== 'accepted' || !transaction?.replaced) return [];
    return [
      `The payment of ${shownAmount(transaction.amountMinor, transaction.currency)} of ${transaction.bookedOn} that was said to pay it: the bank has withdrawn or changed it.`,
    ];
  });
  const invoice = invoiceOf(unit, row, matches);
  return {
    invoice: { ...invoice, doubts: [...invoice.doubts, ...gone] },
    matches: matches
      .flatMap((match) => {
        const transaction = transactions.get(match.transactionId);
        // What counts no longer proposes nothing.
        return transaction === undefined || (transaction.replaced && match.state === 'proposed') ? [] : [{ ...match, transaction }];
      })
      .sort((one, other) => other.score - one.score),
  };
}

export interface InvoiceQuery {
  readonly states?: readonly InvoiceRow['state'][] | undefined;
  /** Older than this one. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listInvoices(unit: Unit, { states, ...rest }: InvoiceQuery): Promise<Invoice[]> {
  const wanted = { states: states ?? (['open', 'partly', 'paid', 'closed'] as const) };
  const rows: InvoiceRow[] = [];
  // What was taken back is passed over, and the page is full all the same.
  for (let before = rest.before, isMore = true; isMore; ) {
    const more = await listInvoiceRows(unit, { ...wanted, before, limit: rest.limit - rows.length });
    isMore = rows.length + more.length === rest.limit && more.some((row) => openInvoice(unit, row).withdrawn);
    rows.push(...more.filter((row) => !openInvoice(unit, row).withdrawn));
    before = more.at(-1)?.invoiceId;
  }
  const matches = await listMatches(unit, { invoiceIds: rows.map(({ invoiceId }) => invoiceId) });
  return rows.map((row) => invoiceOf(unit, row, matches));
}

/**
 * A person's word on what pays an invoice: these transactions and no others. None of them at all: it is not paid by any that was proposed.
 *
 * @throws FactotumError `ledger.not_found`
 */
export async function decideMatch(
  unit: Unit,
  invoiceId: string,
  transactionIds: readonly string[],
  by: { readonly actor: string; readonly at: Date },
): Promise<InvoiceRecord> {
  const { invoice, matches } = await readInvoice(unit, invoiceId);
  const chosen = (await findTransactions(unit, transactionIds)).map((row) => openTransaction(unit.keys, row));
  if (chosen.length !== new Set(transactionIds).size) throw new FactotumError('ledger.not_found', 'There is no such transaction.');
  const decided = { decidedBy: by.actor, at: by.at };
  for (const { transactionId, ...match } of matches.filter((one) => !transactionIds.includes(one.transactionId)))
    await saveMatch(unit, {
      ...decided,
      invoiceId,
      transactionId,
      state: 'rejected',
      body: sealMatch(unit, invoiceId, transactionId, match),
    });
  let left = Math.abs(invoice.amountMinor ?? 0);
  for (const [at, transaction] of chosen.entries()) {
    const size = Math.abs(transaction.amountMinor);
    const isLast = at === chosen.length - 1;
    const scored = scoreMatch(
      { ...invoice, discount: invoice.discount },
      Math.sign(invoice.amountMinor ?? 1) * (left || 1),
      transaction,
      size,
    );
    const amountMinor = transaction.currency === invoice.currency && left > 0 ? Math.min(size, left) : size;
    left = Math.max(0, left - amountMinor);
    await saveMatch(unit, {
      ...{ ...decided, invoiceId, transactionId: transaction.transactionId, state: 'accepted' },
      body: sealMatch(unit, invoiceId, transaction.transactionId, {
        score: 1,
        reasons: [...(scored?.reasons ?? [])],
        amountMinor,
        settles: isLast && (left === 0 || scored?.settles === true),
      }),
    });
  }
  await recordAudit(unit.tx, unit.keys.tenantId, [
    { kind: 'ledger.changed', actor: by.actor, at: by.at, objectId: invoiceId, detail: { change: 'match', transactions: chosen.length } },
  ]);
  await settle(unit, invoiceId, by.at);
  return readInvoice(unit, invoiceId);
}

/**
 * Takes back an invoice that a call had kept: its matches are free again, and the same document is new. Twice is once. What a person has
 * decided about stays.
 *
 * @returns false when a person has decided about it, so that it stays; also true when others use it: it was there before the call, was
 * read again since, or is being paid
 */
export async function withdrawInvoice(
  unit: Unit,
  { invoiceId, keptFor }: { readonly invoiceId: string; readonly keptFor: string },
  by: { readonly actor: string; readonly at: Date },
): Promise<boolean> {
  // Whoever compares holds the lock of every open invoice, so there is no match of it that is not seen here.
  const row = await findInvoice(unit, invoiceId);
  if (row === undefined) return true;
  const body = openInvoice(unit, row);
  if (body.withdrawn || body.keptFor !== keptFor) return true;
  const matches = await listMatches(unit, { invoiceIds: [invoiceId] });
  if (row.state === 'closed' || matches.some(({ decidedBy }) => decidedBy !== null && decidedBy !== byLedger)) return false;
  for (const { transactionId, state, decidedBy: _, invoiceId: __, ...match } of matches)
    if (state === 'accepted')
      await saveMatch(unit, {
        ...{ invoiceId, transactionId, state: 'proposed', decidedBy: null, at: by.at },
        body: sealMatch(unit, invoiceId, transactionId, match),
      });
  await withdrawInvoiceRow(unit, {
    invoiceId,
    documentMac: unit.keys.mac('ledger.withdrawn', invoiceId),
    body: sealInvoice(unit, invoiceId, { ...body, withdrawn: true }),
    at: by.at,
  });
  await recordAudit(unit.tx, unit.keys.tenantId, [
    { kind: 'ledger.changed', actor: by.actor, at: by.at, objectId: invoiceId, detail: { change: 'invoice_withdrawn' } },
  ]);
  return true;
}

/** Says that nothing more will be paid, or that it is open again. @throws FactotumError `ledger.not_found` */
export async function closeInvoice(
  unit: Unit,
  invoiceId: string,
  isClosed: boolean,
  by: { readonly actor: string; readonly at: Date },
): Promise<InvoiceRecord> {
  await readInvoice(unit, invoiceId);
  await setInvoiceState(unit, invoiceId, isClosed ? 'closed' : 'open', by.at);
  if (!isClosed) await settle(unit, invoiceId, by.at);
  await recordAudit(unit.tx, unit.keys.tenantId, [
    { kind: 'ledger.changed', actor: by.actor, at: by.at, objectId: invoiceId, detail: { change: isClosed ? 'closed' : 'opened' } },
  ]);
  return readInvoice(unit, invoiceId);
}
