import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

interface VaultClockTable {
  tenantId: Id<'tenant'>;
  seq: number;
  generatedMac: Buffer | null;
  prunedSeq: number;
}

interface VaultChangeTable {
  tenantId: Id<'tenant'>;
  pathMac: Buffer;
  seq: number;
  kind: ChangedKind;
  objectId: string;
  deleted: boolean;
  manifest: Buffer;
  changedAt: Date;
}

declare module '#kernel/database' {
  interface Tables {
    vaultClock: VaultClockTable;
    vaultChange: VaultChangeTable;
  }
}

/** What lies at a path: a note, a file, or a note that is drawn from rows. */
export type ChangedKind = 'note' | 'file' | 'generated';
export type ChangeRow = VaultChangeTable;
export type Clock = Pick<VaultClockTable, 'seq' | 'generatedMac' | 'prunedSeq'>;

/** Takes that many numbers and gives the last of them. The tenant's row stays locked until the commit. */
export const takeNumbers = (tx: Tx, tenantId: Id<'tenant'>, count: number): Promise<number> =>
  sql<{ seq: number }>`insert into vault_clock (tenant_id, seq) values (${tenantId}, ${count})
    on conflict (tenant_id) do update set seq = vault_clock.seq + ${count} returning seq`
    .execute(tx)
    .then(({ rows }) => rows[0]?.seq ?? 0);

export const putChanges = async (tx: Tx, rows: readonly ChangeRow[]): Promise<void> => {
  await tx
    .insertInto('vaultChange')
    .values([...rows])
    .onConflict((conflict) =>
      conflict.columns(['tenantId', 'pathMac']).doUpdateSet((at) => ({
        seq: at.ref('excluded.seq'),
        kind: at.ref('excluded.kind'),
        objectId: at.ref('excluded.objectId'),
        deleted: at.ref('excluded.deleted'),
        manifest: at.ref('excluded.manifest'),
        changedAt: at.ref('excluded.changedAt'),
      })),
    )
    .execute();
};

export const selectChanges = (tx: Tx, tenantId: Id<'tenant'>, after: number, limit: number): Promise<ChangeRow[]> =>
  tx.selectFrom('vaultChange').selectAll().where('tenantId', '=', tenantId).where('seq', '>', after).orderBy('seq').limit(limit).execute();

/** The notes that stood at these paths last, where none stands now. */
export const selectGone = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  pathMacs: readonly Buffer[],
): Promise<Pick<ChangeRow, 'pathMac' | 'objectId'>[]> =>
  pathMacs.length === 0
    ? Promise.resolve([])
    : tx
        .selectFrom('vaultChange')
        .select(['pathMac', 'objectId'])
        .where('tenantId', '=', tenantId)
        .where('pathMac', 'in', pathMacs)
        .where('kind', '=', 'note')
        .where('deleted', '=', true)
        .execute();

export const selectLiveGenerated = (tx: Tx, tenantId: Id<'tenant'>): Promise<ChangeRow[]> =>
  tx
    .selectFrom('vaultChange')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('kind', '=', 'generated')
    .where('deleted', '=', false)
    .execute();

export const readClock = (tx: Tx, tenantId: Id<'tenant'>): Promise<Clock | undefined> =>
  tx.selectFrom('vaultClock').select(['seq', 'generatedMac', 'prunedSeq']).where('tenantId', '=', tenantId).executeTakeFirst();

/** The same, held until the transaction ends: nothing of the vault changes meanwhile. */
export const lockClock = async (tx: Tx, tenantId: Id<'tenant'>): Promise<Clock> => {
  await takeNumbers(tx, tenantId, 0);
  return (await readClock(tx, tenantId)) ?? { seq: 0, generatedMac: null, prunedSeq: 0 };
};

export const setGeneratedMac = async (tx: Tx, tenantId: Id<'tenant'>, generatedMac: Buffer): Promise<void> => {
  await tx.updateTable('vaultClock').set({ generatedMac }).where('tenantId', '=', tenantId).execute();
};

/** Live notes whose paths the journal does not have: from before there was one. */
export const notesOutside = (tx: Tx, tenantId: Id<'tenant'>, limit: number): Promise<Id<'note'>[]> =>
  sql<{ noteId: Id<'note'> }>`select note_id from note where tenant_id = ${tenantId} and deleted_at is null
      and not exists (select from vault_change c where c.tenant_id = note.tenant_id and c.path_mac = note.path_mac) limit ${limit}`
    .execute(tx)
    .then(({ rows }) => rows.map(({ noteId }) => noteId));

export const filesOutside = (tx: Tx, tenantId: Id<'tenant'>, limit: number): Promise<Id<'file'>[]> =>
  sql<{ fileId: Id<'file'> }>`select file_id from vault_file f where tenant_id = ${tenantId}
      and not exists (select from vault_change c where c.tenant_id = f.tenant_id and c.path_mac = f.path_mac) limit ${limit}`
    .execute(tx)
    .then(({ rows }) => rows.map(({ fileId }) => fileId));

/** Forgets deletions from before a time. */
export const forgetDeletions = (tx: Tx, tenantId: Id<'tenant'>, before: Date): Promise<number> =>
  sql<{
    pruned: number;
  }>`with gone as (delete from vault_change where tenant_id = ${tenantId} and deleted and changed_at < ${before} returning seq),
      pruned as (select max(seq) as seq, count(*) as rows from gone)
    update vault_clock set pruned_seq = greatest(pruned_seq, pruned.seq) from pruned
    where tenant_id = ${tenantId} and pruned.seq is not null returning pruned.rows::int as pruned`
    .execute(tx)
    .then(({ rows }) => rows[0]?.pruned ?? 0);
