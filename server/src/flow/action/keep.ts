import type { ToolAnswer, ToolContext } from '#flow/tool';
import { FactotumError, isFactotumError } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { Keyring } from '#trust/key';
import { readTenant } from '#trust/tenant';
import { findOperation, readNote, undoOperation, writeNote } from '#trust/vault';
import type { Outbox } from './outbox.ts';

/** Something a tool leaves behind: always sealed in the vault, and as a plain file where the tenant asks for files. */
export interface Kept {
  readonly path: string;
  readonly content: string;
  /** Name inside the tenant's outbox folder, or null when this is not for the outside. */
  readonly file: { readonly folder: string; readonly name: string } | null;
}

export interface Keeper {
  /** Keeps a document under the call's key: a second call with the same key finds the first's and changes nothing. */
  keep(context: ToolContext, kept: Kept): Promise<{ path: string; etag: string; file: string | null }>;
  /** What became of the call with this key. */
  find(context: ToolContext, file: (path: string) => Kept['file']): Promise<ToolAnswer>;
  /** Takes the document back: the note is as it was before the call. */
  takeBack(context: ToolContext): Promise<ToolAnswer>;
}

/** Where our own tools put what they make. Both stores name it by the key, so kill -9 between them leaves nothing twice. */
export function createKeeper(deps: { database: Database; keyring: Keyring; outbox: Outbox }): Keeper {
  const { database, keyring, outbox } = deps;
  return {
    async keep(context, kept) {
      const keys = await keyring.of(context.tenantId);
      const { note, folder } = await withTenant(database.app.db, context.tenantId, async (tx) => {
        const tenant = await readTenant(tx, context.tenantId);
        const note = await writeNote(tx, keys, {
          path: kept.path,
          content: kept.content,
          author: 'system:engine', taskId: context.taskId,
          trusted: false,
          operationKey: context.key,
          at: context.now,
        });
        return { note, folder: tenant.settings.writesFiles ? tenant.name : null };
      });
      const file = folder === null || kept.file === null ? null : await outbox.put({ tenant: folder, ...kept.file, content: kept.content });
      return { path: note.path, etag: note.etag, file };
    },
    async find(context, fileOf) {
      const keys = await keyring.of(context.tenantId);
      const { found, folder } = await withTenant(database.app.db, context.tenantId, async (tx) => {
        const tenant = await readTenant(tx, context.tenantId);
        return { found: await findOperation(tx, keys, context.key), folder: tenant.settings.writesFiles ? tenant.name : null };
      });
      if (found === null) return { kind: 'absent' };
      const kept = fileOf(found.path);
      const file = folder === null || kept === null ? null : await outbox.find({ tenant: folder, ...kept });
      // The note is there and the file is not: the call was cut in between. Saying "absent" has it finished by a second call.
      if (folder !== null && kept !== null && file === null) return { kind: 'absent' };
      return { kind: 'done', result: { path: found.path, etag: found.etag, file } };
    },
    async takeBack(context) {
      const keys = await keyring.of(context.tenantId);
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

/** Reads a note for a tool, with the label that says who wrote it. */
export async function readForTool(deps: { database: Database; keyring: Keyring }, context: ToolContext, path: string) {
  const keys = await deps.keyring.of(context.tenantId);
  const note = await withTenant(deps.database.app.db, context.tenantId, (tx) => readNote(tx, keys, path));
  if (note === null) throw new FactotumError('vault.not_found', `There is no note ${path}.`);
  return {
    note,
    label: {
      sources: [`note:${note.path}`],
      integrity: note.trusted ? ('trusted' as const) : ('untrusted' as const),
      readers: 'tenant' as const,
    },
  };
}
