import { sql } from 'kysely';
import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';

interface NoteTable {
  tenantId: Id<'tenant'>;
  noteId: Id<'note'>;
  pathMac: Buffer;
  manifest: Buffer;
  version: number;
  sizeBytes: number;
  trusted: boolean;
  updatedAt: Date;
  deletedAt: Date | null;
}

interface NoteVersionTable {
  tenantId: Id<'tenant'>;
  noteId: Id<'note'>;
  version: number;
  body: Buffer;
  manifest: Buffer;
  contentMac: Buffer;
  sizeBytes: number;
  author: string;
  trusted: boolean;
  operationKey: string | null;
  createdAt: Date;
}

declare module '#kernel/database' {
  interface Tables {
    note: NoteTable;
    noteVersion: NoteVersionTable;
  }
}

/** A version's row without its body, which may be megabytes. */
export type VersionRow = Omit<NoteVersionTable, 'tenantId' | 'body' | 'operationKey'>;
export type VersionRowWithBody = VersionRow & { body: Buffer };
/** The newest version's row, and whether its note is deleted. */
export type CurrentRow = VersionRowWithBody & { deletedAt: Date | null; pathMac: Buffer };

const versionColumns = [
  'noteVersion.noteId',
  'noteVersion.version',
  'noteVersion.manifest',
  'noteVersion.contentMac',
  'noteVersion.sizeBytes',
  'noteVersion.author',
  'noteVersion.trusted',
  'noteVersion.createdAt',
] as const;

const current = (tx: Tx, tenantId: Id<'tenant'>) =>
  tx
    .selectFrom('note')
    .innerJoin('noteVersion', (join) =>
      join
        .onRef('noteVersion.tenantId', '=', 'note.tenantId')
        .onRef('noteVersion.noteId', '=', 'note.noteId')
        .onRef('noteVersion.version', '=', 'note.version'),
    )
    .where('note.tenantId', '=', tenantId);

const liveAt = (tx: Tx, tenantId: Id<'tenant'>, pathMac: Buffer) =>
  tx.selectFrom('note').select('noteId').where('tenantId', '=', tenantId).where('pathMac', '=', pathMac).where('deletedAt', 'is', null);

/** The live note at a path. */
export const findByPath = (tx: Tx, tenantId: Id<'tenant'>, pathMac: Buffer): Promise<CurrentRow | undefined> =>
  current(tx, tenantId)
    .select([...versionColumns, 'noteVersion.body', 'note.deletedAt', 'note.pathMac'])
    .where('note.pathMac', '=', pathMac)
    .where('note.deletedAt', 'is', null)
    .executeTakeFirst();

/** The live note's id at a path. */
export const findIdByPath = (tx: Tx, tenantId: Id<'tenant'>, pathMac: Buffer): Promise<Id<'note'> | undefined> =>
  liveAt(tx, tenantId, pathMac)
    .executeTakeFirst()
    .then((row) => row?.noteId);

/**
 * The same, its row held until the transaction ends. What it holds is read afterwards (`findById`): in one statement with the lock,
 * the version joined would be the one from before the wait.
 */
export const lockByPath = (tx: Tx, tenantId: Id<'tenant'>, pathMac: Buffer): Promise<Id<'note'> | undefined> =>
  liveAt(tx, tenantId, pathMac)
    .forUpdate()
    .executeTakeFirst()
    .then((row) => row?.noteId);

/** The note's id, its row held; a deleted note as well. */
export const lockById = (tx: Tx, tenantId: Id<'tenant'>, noteId: Id<'note'>): Promise<Id<'note'> | undefined> =>
  tx
    .selectFrom('note')
    .select('noteId')
    .where('tenantId', '=', tenantId)
    .where('noteId', '=', noteId)
    .forUpdate()
    .executeTakeFirst()
    .then((row) => row?.noteId);

export const findById = (tx: Tx, tenantId: Id<'tenant'>, noteId: Id<'note'>): Promise<CurrentRow | undefined> =>
  current(tx, tenantId)
    .select([...versionColumns, 'noteVersion.body', 'note.deletedAt', 'note.pathMac'])
    .where('note.noteId', '=', noteId)
    .executeTakeFirst();

/** Live notes of these, in no order. */
export const findLive = (tx: Tx, tenantId: Id<'tenant'>, noteIds: readonly Id<'note'>[]): Promise<VersionRowWithBody[]> =>
  noteIds.length === 0
    ? Promise.resolve([])
    : current(tx, tenantId)
        .select([...versionColumns, 'noteVersion.body'])
        .where('note.noteId', 'in', noteIds)
        .where('note.deletedAt', 'is', null)
        .execute();

export const findVersion = (tx: Tx, tenantId: Id<'tenant'>, noteId: Id<'note'>, version: number): Promise<VersionRowWithBody | undefined> =>
  tx
    .selectFrom('noteVersion')
    .select([...versionColumns, 'noteVersion.body'])
    .where('tenantId', '=', tenantId)
    .where('noteId', '=', noteId)
    .where('version', '=', version)
    .executeTakeFirst();

/** The version that a tool's call with this key made. */
export const findByOperation = (tx: Tx, tenantId: Id<'tenant'>, operationKey: string): Promise<VersionRow | undefined> =>
  tx
    .selectFrom('noteVersion')
    .select(versionColumns)
    .where('tenantId', '=', tenantId)
    .where('operationKey', '=', operationKey)
    .executeTakeFirst();

/** Versions of a note, newest first. */
export const listVersions = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  noteId: Id<'note'>,
  { limit, before }: { readonly limit: number; readonly before: number | undefined },
): Promise<VersionRow[]> =>
  tx
    .selectFrom('noteVersion')
    .select(versionColumns)
    .where('tenantId', '=', tenantId)
    .where('noteId', '=', noteId)
    .$if(before !== undefined, (query) => query.where('version', '<', before ?? 0))
    .orderBy('version', 'desc')
    .limit(limit)
    .execute();

/** Deleted notes whose last text is still there, the latest first: the versions that deleted them. */
export const listDeletedNotes = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  after: { readonly at: Date; readonly noteId: Id<'note'> } | null,
  limit: number,
): Promise<VersionRow[]> =>
  current(tx, tenantId)
    .select(versionColumns)
    .where('note.deletedAt', 'is not', null)
    .where(sql<boolean>`exists (select from note_version before where before.tenant_id = note.tenant_id
      and before.note_id = note.note_id and before.version = note.version - 1)`)
    .$if(after !== null, (query) => query.where(sql<boolean>`(note.deleted_at, note.note_id) < (${after?.at}, ${after?.noteId})`))
    .orderBy('note.deletedAt', 'desc')
    .orderBy('note.noteId', 'desc')
    .limit(limit)
    .execute();

/** Live notes in the order of their ids, as the database cannot know their paths. */
export const listCurrent = (tx: Tx, tenantId: Id<'tenant'>, afterId: Id<'note'> | null, limit: number): Promise<VersionRow[]> =>
  current(tx, tenantId)
    .select(versionColumns)
    .$if(afterId !== null, (query) => query.where('note.noteId', '>', afterId))
    .where('note.deletedAt', 'is', null)
    .orderBy('note.noteId')
    .limit(limit)
    .execute();

/** What all versions of all notes take, sealed. */
export const sumOfBytes = (tx: Tx, tenantId: Id<'tenant'>): Promise<number> =>
  tx
    .selectFrom('noteVersion')
    .select(sql<number>`coalesce(sum(octet_length(body) + octet_length(manifest)), 0)::bigint`.as('bytes'))
    .where('tenantId', '=', tenantId)
    .executeTakeFirstOrThrow()
    .then(({ bytes }) => bytes);

/** False when a live note stands at this path already; a transaction that is just putting one there is waited for. */
export const insertNote = (tx: Tx, row: Omit<NoteTable, 'deletedAt'>): Promise<boolean> =>
  tx
    .insertInto('note')
    .values(row)
    .onConflict((conflict) => conflict.columns(['tenantId', 'pathMac']).where('deletedAt', 'is', null).doNothing())
    .returning('noteId')
    .executeTakeFirst()
    .then(
      (inserted) => inserted !== undefined,
      (cause: unknown) => {
        // A second note is no conflict here, so this is the database saying that a file stands there.
        if (isPathTaken(cause)) throw new FactotumError('vault.exists', 'There is a file at this path already.', { cause });
        throw cause;
      },
    );

/** False when the operation key has made a version already. */
export const insertVersion = (tx: Tx, row: NoteVersionTable): Promise<boolean> =>
  tx
    .insertInto('noteVersion')
    .values(row)
    .onConflict((conflict) => conflict.columns(['tenantId', 'operationKey']).where('operationKey', 'is not', null).doNothing())
    .returning('noteId')
    .executeTakeFirst()
    .then((inserted) => inserted !== undefined);

/** Moves a note on to its next version. False when another live note stands at the path; then the transaction can only be rolled back. */
export async function updateNote(tx: Tx, { tenantId, noteId, ...values }: NoteTable): Promise<boolean> {
  try {
    await tx.updateTable('note').set(values).where('tenantId', '=', tenantId).where('noteId', '=', noteId).execute();
    return true;
  } catch (cause) {
    if (isPathTaken(cause)) return false;
    throw cause;
  }
}

const isPathTaken = (cause: unknown): boolean => cause instanceof Error && 'constraint' in cause && cause.constraint === 'note_path';
