import { type BankImport, type InvoiceImport, isBankFile } from '#connector/bank';
import { createFileIntake, type FileIntakeDeps, type FileRecogniser } from '#flow/file';
import type { Config } from '#kernel';
import type { Database } from '#kernel/database';
import { invoiceRecogniser } from './ledger.ts';

type Deps = Omit<FileIntakeDeps, 'app' | 'recognisers'> & {
  readonly database: Database;
  readonly ledger: BankImport & InvoiceImport;
};

/** The door for files of this process. Bank files and invoices go to the ledger, whichever way they come. */
export const createPlatformFiles = ({ database, ledger, ...deps }: Deps) =>
  createFileIntake({ ...deps, app: database.app, recognisers: [bankFiles(ledger), invoiceRecogniser(ledger)] });

/** The folders of this machine that a tenant may watch. */
export async function folderRoots(
  { connectors }: Pick<Config, 'connectors'>,
  identity: { findTenant(name: string): Promise<{ readonly id: string } | null> },
  tenantId: string,
): Promise<string[]> {
  const named = await Promise.all(
    connectors.folders.map(async ({ tenant, path }) => ({ path, tenant: await identity.findTenant(tenant) })),
  );
  return named.filter(({ tenant }) => tenant?.id === tenantId).map(({ path }) => path);
}

const bankFiles =
  ({ importBankFile }: BankImport): FileRecogniser =>
  async (tenantId, { name, bytes }, door) => {
    if (!isBankFile(bytes, name)) return null;
    const { added, known, unreadable, matched } = await importBankFile(tenantId, name, bytes, door);
    return { kind: 'bank_file', counts: { added, known, unreadable: unreadable.length, matched } };
  };
