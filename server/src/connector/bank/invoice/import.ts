import { createHash } from 'node:crypto';
import { addInvoice, type Invoice, type InvoiceBody, listAccounts, readInvoice as readKept, type Unit } from '#flow/ledger';
import { FactotumError, type Id } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { KeysOf } from '#trust/key';
import { readInvoice } from './facts.ts';

/** The text of a tenant's document, whatever its kind. @throws FactotumError `document.unreadable`, `document.too_large`, `document.busy`. */
export type ReadText = (
  tenantId: Id<'tenant'>,
  file: { readonly name: string; readonly bytes: Uint8Array },
) => Promise<{ readonly text: string }>;

export interface InvoiceImport {
  /**
   * Reads an invoice and keeps what it says; looks for what pays it. The same bytes again are known.
   *
   * @throws FactotumError `ledger.unreadable` when the document is no invoice; `document.unreadable`, `document.too_large`,
   * `document.busy`.
   */
  importInvoice(
    tenantId: Id<'tenant'>,
    name: string,
    bytes: Uint8Array,
    submittedBy: string,
  ): Promise<{ readonly invoice: Invoice; readonly created: boolean }>;
}

interface InvoiceImportDeps {
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly readText: ReadText;
  readonly now: () => Date;
}

/** The way of invoices into the ledger. */
export function createInvoiceImport({ database, keysOf, readText, now }: InvoiceImportDeps): InvoiceImport {
  return {
    async importInvoice(tenantId, name, bytes, submittedBy) {
      const { text } = await readText(tenantId, { name, bytes });
      const read = readInvoice(text, name);
      if (read === null)
        throw new FactotumError(
          'ledger.unreadable',
          'This does not read like an invoice: it has no such word, or neither number nor amount.',
        );
      const keys = await keysOf(tenantId);
      const documentHash = createHash('sha256').update(bytes).digest('hex');
      return withTenant(database.app.db, tenantId, async (tx) => {
        const unit = { tx, keys };
        const { invoiceId, created, sameNumber } = await addInvoice(
          unit,
          { documentHash, body: await directed(unit, read) },
          { actor: submittedBy, at: now() },
        );
        const { invoice } = await readKept(unit, invoiceId);
        const doubts = sameNumber.length === 0 ? [] : [`Another document has this number: ${sameNumber.join(', ')}.`];
        return { created, invoice: { ...invoice, doubts: [...invoice.doubts, ...doubts] } };
      });
    },
  };
}

/** What is to be paid to one of our own accounts is owed to us. */
async function directed(unit: Unit, read: InvoiceBody): Promise<InvoiceBody> {
  if (read.iban === null) return read;
  const isOurs = (await listAccounts(unit)).some(({ iban }) => iban === read.iban);
  return isOurs ? { ...read, direction: 'receivable' } : read;
}
