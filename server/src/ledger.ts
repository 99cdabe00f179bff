import { type BankImport, createBankImport, createInvoiceImport, type InvoiceImport } from '#connector/bank';
import type { FileRecogniser } from '#flow/file';
import type { Intake, ReadDocumentOf } from '#flow/intake';
import { type Clock, isFactotumError, type Logger } from '#kernel';
import type { Database } from '#kernel/database';
import type { KeysOf } from '#trust/key';

interface LedgerDeps {
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly intake: Intake;
  readonly readDocumentOf: ReadDocumentOf;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Bank files and invoices on their way into the ledger, for every door. */
export const createPlatformLedger = ({ database, keysOf, intake, readDocumentOf, clock, log }: LedgerDeps): BankImport & InvoiceImport => ({
  ...createBankImport({ database, keysOf, intake, clock, log }),
  ...createInvoiceImport({ database, keysOf, readText: (tenantId, file) => readDocumentOf(tenantId)(file), now: () => clock.now() }),
});

const noInvoice: ReadonlySet<string> = new Set(['ledger.unreadable', 'document.unreadable', 'document.too_large']);

/** Keeps what an invoice says. The document is an event all the same: somebody has to pay it, or file it. */
export const invoiceRecogniser =
  ({ importInvoice }: InvoiceImport): FileRecogniser =>
  async (tenantId, { name, bytes }, { submittedBy }) => {
    if (!/\.pdf$/i.test(name)) return null;
    try {
      await importInvoice(tenantId, name, bytes, submittedBy);
    } catch (error) {
      if (!isFactotumError(error) || !noInvoice.has(error.code)) throw error;
    }
    return null;
  };
