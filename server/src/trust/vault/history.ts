import { sql } from 'kysely';
import { type Clock, createPoller, type Id, type Logger, type Poller } from '#kernel';
import { type RoleDatabase, type Tx, withTenant } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import { countVaultBytes } from '#trust/quota';
import { forgetDeletions } from './journal-store.ts';
import type { Note, NoteVersion } from './note.ts';
import { presentNote, presentVersion } from './read.ts';
import { findVersion, listDeletedNotes } from './store.ts';

/** What a note was in one of its versions; null when there is none, or it is forgotten. A deletion has no text. */
export async function readVersion(tx: Tx, keys: TenantKeys, noteId: Id<'note'>, version: number): Promise<Note | null> {
  const row = await findVersion(tx, keys.tenantId, noteId, version);
  return row === undefined ? null : presentNote(keys, row);
}

/** Where a list of deleted notes goes on. */
export interface DeletedPlace {
  readonly at: Date;
  readonly noteId: Id<'note'>;
}

/** Deleted notes that can be restored, the latest first: each as the version that deleted it. */
export async function listDeleted(tx: Tx, keys: TenantKeys, after: DeletedPlace | null, limit: number): Promise<NoteVersion[]> {
  return (await listDeletedNotes(tx, keys.tenantId, after, limit)).map((row) => presentVersion(keys, row));
}

/** How much history a vault keeps. */
export interface HistoryRule {
  /** Versions of a note, the newest. */
  readonly versions: number;
  /** Days for which what was replaced or deleted can be had back. */
  readonly days: number;
}

const dayMs = 86_400_000;
const rowsAtOnce = 1_000;
/** For as long a tool's call may be asked for by its key, whatever the rule says. */
const operationDays = 30;

/**
 * Forgets what a tenant's history has beyond the rule: versions that others have followed, and the oldest deletions of the journal. The
 * newest version of a note is never forgotten.
 *
 * @returns how many versions went.
 */
export async function pruneHistory(app: RoleDatabase, tenantId: Id<'tenant'>, { versions, days }: HistoryRule, now: Date): Promise<number> {
  const before = new Date(now.getTime() - days * dayMs);
  let pruned = 0;
  for (;;) {
    const gone = await withTenant(app.db, tenantId, async (tx) => {
      const { rows } = await prunable(tx, tenantId, {
        versions,
        before,
        operationsBefore: new Date(now.getTime() - operationDays * dayMs),
      });
      const [{ count = 0, bytes = 0 } = {}] = rows;
      if (count > 0) {
        const entry = { kind: 'note.history_pruned', actor: 'system:vault', at: now, detail: { versions: count, bytes } } as const;
        await recordAudit(tx, tenantId, [entry]);
        await countVaultBytes(tx, tenantId, { bytes: -bytes, now, anyhow: true });
      }
      return count;
    });
    pruned += gone;
    if (gone < rowsAtOnce) break;
  }
  await withTenant(app.db, tenantId, (tx) => forgetDeletions(tx, tenantId, before));
  return pruned;
}

/** A version is as old as what followed it: overwriting an old note does not forget it at once. */
const prunable = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  { versions, before, operationsBefore }: { versions: number; before: Date; operationsBefore: Date },
) =>
  sql<{ count: number; bytes: number }>`with old as (
      select v.note_id, v.version from note_version v
        join note on note.tenant_id = v.tenant_id and note.note_id = v.note_id and note.version > v.version
      where v.tenant_id = ${tenantId} and (v.operation_key is null or v.created_at < ${operationsBefore})
        and (v.version <= note.version - ${versions} or exists (select from note_version next where next.tenant_id = v.tenant_id
          and next.note_id = v.note_id and next.version = v.version + 1 and next.created_at < ${before}))
      limit ${rowsAtOnce}),
    gone as (delete from note_version v using old where v.tenant_id = ${tenantId} and v.note_id = old.note_id and v.version = old.version
      returning octet_length(body) + octet_length(manifest) as bytes)
    select count(*)::int as count, coalesce(sum(bytes), 0)::bigint as bytes from gone`.execute(tx);

/** Prunes every tenant's history every few hours for as long as the process runs. Several processes may. */
export function createHistoryKeeper({
  app,
  rule,
  listTenants,
  clock,
  log,
  everyMs = 6 * 3_600_000,
}: {
  readonly app: RoleDatabase;
  readonly rule: HistoryRule;
  readonly listTenants: () => Promise<readonly { readonly id: Id<'tenant'> }[]>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly everyMs?: number;
}): Poller {
  async function look(ending: AbortSignal): Promise<void> {
    for (const { id } of await listTenants()) {
      if (ending.aborted) return;
      await pruneHistory(app, id, rule, clock.now()).catch((error: unknown) =>
        log.warn({ err: error, tenantId: id }, 'a history could not be pruned; the next round tries again'),
      );
    }
  }
  return createPoller({ look, everyMs, onError: (error) => log.warn({ err: error }, 'histories could not be pruned') });
}
