import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

interface BlobTable {
  tenantId: Id<'tenant'>;
  blobId: Id<'blob'>;
  object: string;
  generation: number;
  sealedBytes: number;
  manifest: Buffer;
  createdAt: Date;
  deletedAt: Date | null;
}

declare module '#kernel/database' {
  interface Tables {
    blob: BlobTable;
  }
}

export type BlobRow = BlobTable;

export const insertBlob = async (tx: Tx, row: Omit<BlobRow, 'deletedAt'>): Promise<void> => {
  await tx.insertInto('blob').values(row).execute();
};

export const findBlobRow = (tx: Tx, tenantId: Id<'tenant'>, blobId: Id<'blob'>): Promise<BlobRow | undefined> =>
  tx.selectFrom('blob').selectAll().where('tenantId', '=', tenantId).where('blobId', '=', blobId).executeTakeFirst();

/** Nobody refers to it any more. */
export const markDeleted = async (tx: Tx, tenantId: Id<'tenant'>, blobId: Id<'blob'>, at: Date): Promise<void> => {
  await tx.updateTable('blob').set({ deletedAt: at }).where('tenantId', '=', tenantId).where('blobId', '=', blobId).execute();
};

/** Marked before that moment, in the order of their ids. */
export const listDeleted = (tx: Tx, tenantId: Id<'tenant'>, before: Date, limit: number): Promise<BlobRow[]> =>
  tx
    .selectFrom('blob')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('deletedAt', '<', before)
    .orderBy('blobId')
    .limit(limit)
    .execute();

export const deleteBlobRow = async (tx: Tx, tenantId: Id<'tenant'>, blobId: Id<'blob'>): Promise<void> => {
  await tx.deleteFrom('blob').where('tenantId', '=', tenantId).where('blobId', '=', blobId).where('deletedAt', 'is not', null).execute();
};

/** Which of these objects a row names, a deleted one among them. */
export const knownObjects = (tx: Tx, tenantId: Id<'tenant'>, objects: readonly string[]): Promise<Set<string>> =>
  tx
    .selectFrom('blob')
    .select('object')
    .where('tenantId', '=', tenantId)
    .where('object', 'in', objects)
    .execute()
    .then((rows) => new Set(rows.map(({ object }) => object)));

/** Live ones in the order of their ids. */
export const listLive = (tx: Tx, tenantId: Id<'tenant'>, after: Id<'blob'> | null, limit: number): Promise<BlobRow[]> =>
  tx
    .selectFrom('blob')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('deletedAt', 'is', null)
    .$if(after !== null, (query) => query.where('blobId', '>', after))
    .orderBy('blobId')
    .limit(limit)
    .execute();

/** Live ones that are sealed under an older generation, in the order of their ids. */
export const listOlder = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  generation: number,
  after: Id<'blob'> | null,
  limit: number,
): Promise<BlobRow[]> =>
  tx
    .selectFrom('blob')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('deletedAt', 'is', null)
    .where('generation', '<', generation)
    .$if(after !== null, (query) => query.where('blobId', '>', after))
    .orderBy('blobId')
    .limit(limit)
    .execute();

/** How many live ones there are by the generation that they are sealed under, and what they take. */
export const countByGeneration = (tx: Tx, tenantId: Id<'tenant'>): Promise<{ generation: number; objects: number; bytes: number }[]> =>
  tx
    .selectFrom('blob')
    .select(['generation', sql<number>`count(*)::bigint`.as('objects'), sql<number>`sum(sealed_bytes)::bigint`.as('bytes')])
    .where('tenantId', '=', tenantId)
    .where('deletedAt', 'is', null)
    .groupBy('generation')
    .execute();

/** The same content under another name and generation, unless it was deleted or exchanged meanwhile. */
export const swapObject = (
  tx: Tx,
  { tenantId, blobId, object }: Pick<BlobRow, 'tenantId' | 'blobId' | 'object'>,
  next: Pick<BlobRow, 'object' | 'generation'>,
): Promise<boolean> =>
  tx
    .updateTable('blob')
    .set(next)
    .where('tenantId', '=', tenantId)
    .where('blobId', '=', blobId)
    .where('object', '=', object)
    .where('deletedAt', 'is', null)
    .returning('blobId')
    .executeTakeFirst()
    .then((row) => row !== undefined);
