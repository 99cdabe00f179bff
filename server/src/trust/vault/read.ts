import { type Id, isFactotumError } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { etagOf, type Note, type NoteVersion, openBody, openManifest } from './note.ts';
import { foldPath, normaliseFolder, normalisePath } from './path.ts';
import {
  findById,
  findByOperation,
  findByPath,
  findLive,
  listCurrent,
  listVersions,
  type VersionRow,
  type VersionRowWithBody,
} from './store.ts';

/** What a note's path is found by: equal for all spellings that no file system may be asked to keep apart. */
export const pathMacOf = (keys: TenantKeys, normalPath: string): Buffer => keys.mac('note.path', foldPath(normalPath));

/**
 * The note at exactly this path, or null.
 *
 * @throws FactotumError `vault.path_invalid`; `seal.broken` when the stored note was changed.
 */
export async function readNote(tx: Tx, keys: TenantKeys, path: string): Promise<Note | null> {
  const normal = normalisePath(path);
  const row = await findByPath(tx, keys.tenantId, pathMacOf(keys, normal));
  if (row === undefined) return null;
  const note = presentNote(keys, row);
  // Found in another case: for us that is another path, of which there can be no second note.
  return note.path === normal ? note : null;
}

/** The notes with these ids that are not deleted, in no order. For a few megabytes at once. */
export async function readNotes(tx: Tx, keys: TenantKeys, noteIds: readonly Id<'note'>[]): Promise<Note[]> {
  return (await findLive(tx, keys.tenantId, noteIds)).map((row) => presentNote(keys, row));
}

/** A note's versions, newest first, deletions and moves among them. Empty when there is no such note. */
export async function noteHistory(
  tx: Tx,
  keys: TenantKeys,
  noteId: Id<'note'>,
  { limit = 100, before }: { readonly limit?: number; readonly before?: number | undefined } = {},
): Promise<NoteVersion[]> {
  const rows = await listVersions(tx, keys.tenantId, noteId, { limit, before });
  return rows.map((row) => presentVersion(keys, row));
}

/** What the tool's call with this key made, or null when it made nothing. */
export async function findOperation(tx: Tx, keys: TenantKeys, operationKey: string): Promise<NoteVersion | null> {
  const row = await findByOperation(tx, keys.tenantId, operationKey);
  return row === undefined ? null : presentVersion(keys, row);
}

const pageMax = 1_000;
/** Rows a round trip. Between two batches other work gets its turn: opening one holds the event loop for about 20 ms. */
const batchRows = 500;

/**
 * Notes in a folder and below it, by path (code unit order), at most 1,000.
 *
 * Paths are sealed, so each page opens the manifests of the whole vault: 45 ms for 1,000 notes, measured on a busy machine.
 *
 * @param folder - '' is the whole vault
 * @param page.after - the last path of the page before
 */
export async function listNotes(
  tx: Tx,
  keys: TenantKeys,
  folder = '',
  page: { readonly after?: string | undefined; readonly limit?: number | undefined } = {},
): Promise<NoteVersion[]> {
  const start = normaliseFolder(folder);
  const { after = '', limit = pageMax } = page;
  const wanted = Math.min(limit, pageMax);
  let found: NoteVersion[] = [];
  let afterId: Id<'note'> | null = null;
  for (;;) {
    const rows = await listCurrent(tx, keys.tenantId, afterId, batchRows);
    for (const row of rows) {
      const note = presentVersion(keys, row);
      if (note.path.startsWith(start) && note.path > after) found.push(note);
    }
    found = found.sort((one, other) => (one.path < other.path ? -1 : 1)).slice(0, wanted);
    const last = rows.at(-1);
    if (rows.length < batchRows || last === undefined) return found;
    afterId = last.noteId;
  }
}

/**
 * Every note with its content, in the order of their ids, one in memory at a time.
 *
 * @param keysOf - asked for each note, as a whole vault may take longer than a handle lives
 * @param onBroken - told of a note that cannot be opened, which is left out
 */
export async function* eachNote(
  tx: Tx,
  { tenantId, keysOf, onBroken }: { tenantId: Id<'tenant'>; keysOf: () => Promise<TenantKeys>; onBroken: (noteId: Id<'note'>) => void },
): AsyncGenerator<Note> {
  for (let afterId: Id<'note'> | null = null; ; ) {
    const rows: VersionRow[] = await listCurrent(tx, tenantId, afterId, batchRows);
    for (const { noteId } of rows) {
      const row = await findById(tx, tenantId, noteId);
      const note = row && openedOrNull(await keysOf(), row);
      if (note) yield note;
      else onBroken(noteId);
    }
    const last = rows.at(-1);
    if (rows.length < batchRows || last === undefined) return;
    afterId = last.noteId;
  }
}

function openedOrNull(keys: TenantKeys, row: VersionRowWithBody): Note | null {
  try {
    return presentNote(keys, row);
  } catch (error) {
    if (isFactotumError(error, 'seal.broken')) return null;
    throw error;
  }
}

export function presentVersion(keys: TenantKeys, row: VersionRow): NoteVersion {
  const { path, change } = openManifest(keys, row.noteId, row.version, row.manifest);
  const { noteId, version, sizeBytes, trusted, author } = row;
  return { noteId, path, version, change, etag: etagOf(row), sizeBytes, trusted, author, updatedAt: row.createdAt };
}

export function presentNote(keys: TenantKeys, row: VersionRowWithBody): Note {
  const bytes = openBody(keys, row.noteId, row.version, row.body);
  return { ...presentVersion(keys, row), content: bytes.toString('utf8'), bytes };
}
