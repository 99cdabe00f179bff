import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

interface VaultFileTable {
  tenantId: Id<'tenant'>;
  fileId: Id<'file'>;
  pathMac: Buffer;
  manifest: Buffer;
  version: number;
  blobId: Id<'blob'>;
  sizeBytes: number;
  author: string;
  createdAt: Date;
  updatedAt: Date;
}

declare module '#kernel/database' {
  interface Tables {
    vaultFile: VaultFileTable;
  }
}

export type FileRow = VaultFileTable;

const rows = (tx: Tx, tenantId: Id<'tenant'>) => tx.selectFrom('vaultFile').selectAll().where('tenantId', '=', tenantId);

export const findFileByPath = (tx: Tx, tenantId: Id<'tenant'>, pathMac: Buffer): Promise<FileRow | undefined> =>
  rows(tx, tenantId).where('pathMac', '=', pathMac).executeTakeFirst();

export const findFileById = (tx: Tx, tenantId: Id<'tenant'>, fileId: Id<'file'>): Promise<FileRow | undefined> =>
  rows(tx, tenantId).where('fileId', '=', fileId).executeTakeFirst();

/** The same, its row held until the transaction ends. */
export const lockFileByPath = (tx: Tx, tenantId: Id<'tenant'>, pathMac: Buffer): Promise<FileRow | undefined> =>
  rows(tx, tenantId).where('pathMac', '=', pathMac).forUpdate().executeTakeFirst();

/** In the order of their ids, as the database cannot know their paths. */
export const listFileRows = (tx: Tx, tenantId: Id<'tenant'>, after: Id<'file'> | null, limit: number): Promise<FileRow[]> =>
  rows(tx, tenantId)
    .$if(after !== null, (query) => query.where('fileId', '>', after))
    .orderBy('fileId')
    .limit(limit)
    .execute();

/** False when a note or another file stands there; then the transaction can only be rolled back. */
export const insertFile = (tx: Tx, row: FileRow): Promise<boolean> => unlessTaken(tx.insertInto('vaultFile').values(row).execute());

export const updateFile = async (tx: Tx, { tenantId, fileId, pathMac: _path, createdAt: _created, ...values }: FileRow): Promise<void> => {
  await tx.updateTable('vaultFile').set(values).where('tenantId', '=', tenantId).where('fileId', '=', fileId).execute();
};

/** Puts a file at another path. False when a note or another file stands there; then the transaction can only be rolled back. */
export const relocateFile = (tx: Tx, { tenantId, fileId, pathMac, manifest, version, author, updatedAt }: FileRow): Promise<boolean> =>
  unlessTaken(
    tx
      .updateTable('vaultFile')
      .set({ pathMac, manifest, version, author, updatedAt })
      .where('tenantId', '=', tenantId)
      .where('fileId', '=', fileId)
      .execute(),
  );

export const deleteFileRow = async (tx: Tx, tenantId: Id<'tenant'>, fileId: Id<'file'>): Promise<void> => {
  await tx.deleteFrom('vaultFile').where('tenantId', '=', tenantId).where('fileId', '=', fileId).execute();
};

/** What all files take: their objects in the storage and their manifests. */
export const sumOfFileBytes = (tx: Tx, tenantId: Id<'tenant'>): Promise<number> =>
  tx
    .selectFrom('vaultFile')
    .innerJoin('blob', (join) => join.onRef('blob.tenantId', '=', 'vaultFile.tenantId').onRef('blob.blobId', '=', 'vaultFile.blobId'))
    .select(sql<number>`coalesce(sum(blob.sealed_bytes + octet_length(vault_file.manifest)), 0)::bigint`.as('bytes'))
    .where('vaultFile.tenantId', '=', tenantId)
    .executeTakeFirstOrThrow()
    .then(({ bytes }) => bytes);

async function unlessTaken(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'constraint' in cause && cause.constraint === 'vault_file_path') return false;
    throw cause;
  }
}
