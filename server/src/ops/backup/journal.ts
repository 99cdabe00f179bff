import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { RoleDatabase } from '#kernel/database';

/** What the installation knows of a backup, beside what is in it. */
export interface JournalRow {
  backupId: Id<'backup'>;
  state: 'running' | 'done' | 'failed' | 'pruned';
  createdAt: Date;
  finishedAt: Date | null;
  rowCount: number;
  bytes: number;
  newBytes: number;
  manifestSha256: Buffer | null;
  keysBackupId: string | null;
  verifiedAt: Date | null;
  drilledAt: Date | null;
  errorCode: string | null;
  errorMessage: string | null;
}

const columns = sql`backup_id, state, created_at, finished_at, row_count, bytes, new_bytes, manifest_sha256, keys_backup_id, verified_at, drilled_at,
  error_code, error_message`;

/** A backup begins. Those that were running are not any more: there is one at a time, and their process is gone. */
export async function beginJournal({ db }: RoleDatabase, id: Id<'backup'>, at: Date): Promise<void> {
  await sql`update app.backup set state = 'failed', finished_at = ${at}, error_code = 'server.fault',
    error_message = 'The process that made it ended. What it had stored is used by the next.' where state = 'running'`.execute(db);
  await sql`insert into app.backup (backup_id, state, created_at) values (${id}, 'running', ${at})`.execute(db);
}

export async function endJournal(
  { db }: RoleDatabase,
  id: Id<'backup'>,
  end: Pick<JournalRow, 'rowCount' | 'bytes' | 'newBytes' | 'manifestSha256'> & { at: Date },
): Promise<void> {
  await sql`update app.backup set state = 'done', finished_at = ${end.at}, row_count = ${end.rowCount}, bytes = ${end.bytes},
    new_bytes = ${end.newBytes}, manifest_sha256 = ${end.manifestSha256} where backup_id = ${id}`.execute(db);
}

export async function failJournal(
  { db }: RoleDatabase,
  id: Id<'backup'>,
  error: { code: string; message: string },
  at: Date,
): Promise<void> {
  await sql`update app.backup set state = 'failed', finished_at = ${at}, error_code = ${error.code}, error_message = ${error.message}
    where backup_id = ${id}`.execute(db);
}

/** One that was made before this journal began. */
export async function adoptIntoJournal(
  { db }: RoleDatabase,
  made: Pick<JournalRow, 'rowCount' | 'bytes' | 'manifestSha256'> & { id: Id<'backup'>; madeAt: Date },
): Promise<void> {
  await sql`insert into app.backup (backup_id, state, created_at, finished_at, row_count, bytes, manifest_sha256)
    values (${made.id}, 'done', ${made.madeAt}, ${made.madeAt}, ${made.rowCount}, ${made.bytes}, ${made.manifestSha256}) on conflict do nothing`.execute(
    db,
  );
}

/** Notes what became of a backup since. Fields that are left out stay. */
export async function noteInJournal(
  { db }: RoleDatabase,
  id: string,
  news: { keysBackupId?: string; verifiedAt?: Date; drilledAt?: Date; pruned?: true; fault?: { code: string; message: string } | null },
): Promise<void> {
  await sql`update app.backup set keys_backup_id = coalesce(${news.keysBackupId ?? null}, keys_backup_id),
    verified_at = coalesce(${news.verifiedAt ?? null}, verified_at), drilled_at = coalesce(${news.drilledAt ?? null}, drilled_at),
    state = case when ${news.pruned ?? false} then 'pruned' else state end
    ${news.fault === undefined ? sql`` : sql`, error_code = ${news.fault?.code ?? null}, error_message = ${news.fault?.message ?? null}`}
    where backup_id = ${id}`.execute(db);
}

/** Newest first. */
export const selectJournal = ({ db }: RoleDatabase, page: { before: string | null; limit: number }): Promise<JournalRow[]> =>
  sql<JournalRow>`select ${columns} from app.backup where ${page.before === null ? sql`true` : sql`backup_id < ${page.before}`}
    order by backup_id desc limit ${page.limit}`
    .execute(db)
    .then(({ rows }) => rows);

export const findInJournal = ({ db }: RoleDatabase, id: string): Promise<JournalRow | undefined> =>
  sql<JournalRow>`select ${columns} from app.backup where backup_id = ${id}`.execute(db).then(({ rows }) => rows[0]);

/** How backups stand: what figures and the schedule go by. */
export interface Standing {
  readonly begun: Date | null;
  /** When the newest that was made was begun. */
  readonly done: Date | null;
  /** When one was last proven by a restore. */
  readonly drilled: Date | null;
  readonly bytes: number;
  readonly newBytes: number;
  /** Those that failed since the newest, and those that are kept and have a fault. */
  readonly faults: number;
}

export const standingOf = async ({ db }: RoleDatabase): Promise<Standing> => {
  const { rows } =
    await sql<Standing>`with newest as (select created_at, bytes, new_bytes from app.backup where state = 'done' order by created_at desc limit 1)
    select max(created_at) as begun, (select created_at from newest) as done, max(drilled_at) as drilled,
      coalesce((select bytes from newest), 0) as bytes, coalesce((select new_bytes from newest), 0) as new_bytes,
      count(*) filter (where error_code is not null and (state = 'done' or state = 'failed' and created_at > coalesce((select created_at from newest), '-infinity'))) as faults
    from app.backup`.execute(db);
  return rows[0] ?? { begun: null, done: null, drilled: null, bytes: 0, newBytes: 0, faults: 0 };
};
