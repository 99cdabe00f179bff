import type { ToolAnswer, ToolContext } from '#flow/tool';
import { FactotumError, isFactotumError, type JsonObject } from '#kernel';
import { type Database, type Tx, withTenant } from '#kernel/database';
import type { KeysOf } from '#trust/key';
import type { Label } from '#trust/policy';
import { readTenant } from '#trust/tenant';
import { findOperation, type Note, type NoteVersion, noteFields, readNote, undoOperation, writeNote } from '#trust/vault';
import type { Outbox, OutboxFile } from './outbox.ts';

/** Something a tool leaves behind: always sealed in the vault, and as a plain file where the tenant asks for files. */
export interface Kept {
  readonly path: string;
  readonly content: string;
  /** The tenant's outbox folder that gets it as a file, under the note's own name; null when it is not for the outside. */
  readonly outbox: string | null;
}

/** Where it is now. `file` only of what is for the outside; null where the tenant wants no files. */
type Place = { readonly path: string; readonly etag: string; readonly file?: string | null };

export interface Keeper {
  /** Keeps a document under the call's key: a second call with the same key finishes what the first began and changes nothing else. */
  keep(context: ToolContext, kept: Kept): Promise<Place>;
  /** What became of the call with this key. A call that was cut before its file was shown did not happen: calling again completes it. */
  find(context: ToolContext, outbox: string | null): Promise<ToolAnswer>;
  /** Takes the document back: the note is as it was before the call. */
  takeBack(context: ToolContext): Promise<ToolAnswer>;
}

/**
 * Where our own tools put what they make, note first: its version carries the call's key, so of all calls with one key one makes it.
 * That one prepares the file in the note's transaction; the file is shown once the note is committed. So a kill at any point leaves
 * nothing, or a note whose prepared file waits to be shown by the next call, or both.
 */
export function createKeeper(deps: { database: Database; keysOf: KeysOf; outbox: Outbox }): Keeper {
  const { database, keysOf, outbox } = deps;

  /** The file that belongs to a note, or null where the tenant wants none. Named by the note as it is, not by how a later call would name it. */
  async function fileOf(tx: Tx, context: ToolContext, path: string, folder: string | null): Promise<OutboxFile | null> {
    if (folder === null) return null;
    const { name: tenant, settings } = await readTenant(tx, context.tenantId);
    return settings.writesFiles ? { tenant, folder, name: path.slice(path.lastIndexOf('/') + 1) } : null;
  }

  const placeOf = ({ path, etag }: NoteVersion, folder: string | null, file: OutboxFile | null): Place =>
    folder === null ? { path, etag } : { path, etag, file: file === null ? null : outbox.pathOf(file) };

  return {
    async keep(context, { path, content, outbox: folder }) {
      const keys = await keysOf(context.tenantId);
      const { note, file } = await withTenant(database.app.db, context.tenantId, async (tx) => {
        // Nobody waits for this call any more; whoever gave it up may already have asked what became of it.
        context.signal.throwIfAborted();
        const note = await writeNote(tx, keys, {
          path,
          content,
          author: 'system:engine',
          taskId: context.taskId,
          trusted: false,
          operationKey: context.key,
          at: context.now,
        });
        const file = await fileOf(tx, context, note.path, folder);
        // Only by the call that makes the note: afterwards a prepared file that is gone is one that has been shown.
        if (file !== null && note.changed) await outbox.prepare({ ...file, content });
        return { note, file };
      });
      if (file !== null) await outbox.release(file);
      return placeOf(note, folder, file);
    },
    async find(context, folder) {
      const keys = await keysOf(context.tenantId);
      const { note, file } = await withTenant(database.app.db, context.tenantId, async (tx) => {
        const note = await findOperation(tx, keys, context.key);
        return { note, file: note === null ? null : await fileOf(tx, context, note.path, folder) };
      });
      if (note === null || (file !== null && (await outbox.isPrepared(file)))) return { kind: 'absent' };
      return { kind: 'done', result: placeOf(note, folder, file) };
    },
    async takeBack(context) {
      const keys = await keysOf(context.tenantId);
      try {
        await withTenant(database.app.db, context.tenantId, (tx) =>
          undoOperation(tx, keys, { operationKey: context.key, author: 'system:engine', taskId: context.taskId, at: context.now }),
        );
        return { kind: 'done', result: {} };
      } catch (error) {
        if (isFactotumError(error, 'vault.changed'))
          return {
            kind: 'failed',
            failure: 'permanent',
            code: error.code,
            message: 'Somebody has changed the note since, so it is left as it is.',
          };
        throw error;
      }
    },
  };
}

type ReadDeps = Pick<Parameters<typeof createKeeper>[0], 'database' | 'keysOf'>;

/** Reads a note for a tool, with the label that says who wrote it. @throws FactotumError `vault.not_found`, `vault.path_invalid`. */
export async function readForTool(deps: ReadDeps, context: ToolContext, path: string): Promise<{ note: Note; label: Label }> {
  const note = await read(deps, context, path);
  if (note === null) throw new FactotumError('vault.not_found', `There is no note ${path}.`);
  return { note, label: { sources: [`note:${note.path}`], integrity: note.trusted ? 'trusted' : 'untrusted', readers: 'tenant' } };
}

/** The fields of a note by which members set a tool up, such as the account to pay from. None where a tool has written in it. */
export async function readSetup(deps: ReadDeps, context: ToolContext, path: string): Promise<JsonObject> {
  const note = await read(deps, context, path);
  return note?.trusted === true ? noteFields(note.content) : {};
}

async function read({ database, keysOf }: ReadDeps, { tenantId }: ToolContext, path: string): Promise<Note | null> {
  const keys = await keysOf(tenantId);
  return withTenant(database.app.db, tenantId, (tx) => readNote(tx, keys, path));
}
