import { setTimeout as pause } from 'node:timers/promises';
import { sqlState, withOwner } from './owner.ts';

/**
 * Where earlier versions of a table's rows may still lie in a database's files. none: nowhere. log: in the write-ahead log, and wherever the
 * server sends that. rows: in the table's own files as well.
 */
export type Remains = 'none' | 'log' | 'rows';

export interface SweepOptions {
  /** The owner of the table. */
  readonly ownerUrl: string;
  /** The superuser of a server that is ours alone: embedded, never replicated or archived. Without it nothing is said about the log. */
  readonly superuserUrl: string | null;
  /** In the form `schema.table`, from the program. It is locked while it is written anew, so it must be a small one. */
  readonly table: string;
  /** How long to wait for transactions that still see the earlier versions, in milliseconds. */
  readonly withinMs: number;
  readonly signal?: AbortSignal;
}

/** Whoever holds the table longer, holds it; behind us everybody else would wait as well. */
const lockTimeout = '2s';
/** lock_not_available, deadlock_detected. */
const heldByOthers = new Set(['55P03', '40P01']);

/**
 * Takes what updates and deletes have left behind of a table's rows out of the database's files: the table is written anew, then the
 * write-ahead log begins a new segment and those before it are unlinked.
 *
 * @returns what could not be removed.
 */
export async function sweepTable(options: SweepOptions): Promise<Remains> {
  if (!(await withOwner(options.ownerUrl, (client) => rewrite(client, options)))) return 'rows';
  const { superuserUrl } = options;
  return superuserUrl !== null && (await withOwner(superuserUrl, dropLog)) ? 'none' : 'log';
}

type Client = Parameters<Parameters<typeof withOwner>[1]>[0];

/** False when some transaction saw the earlier versions to the end. */
async function rewrite(client: Client, { table, withinMs, signal }: SweepOptions): Promise<boolean> {
  const giveUpAtMs = performance.now() + withinMs;
  await client.query(`set lock_timeout = '${lockTimeout}'`);
  const { rows } = await client.query<{ mark: string }>('select pg_current_xact_id()::xid::text as mark');
  for (let waitMs = 50; ; waitMs = Math.min(2 * waitMs, 5_000)) {
    try {
      await client.query(`vacuum (full, freeze) ${table}`);
      // Freezing sets it to the oldest transaction that anybody could still see the past of. Versions that ended before it are not copied.
      const { rowCount } = await client.query('select from pg_class where oid = $1::regclass and age(relfrozenxid) <= age($2::text::xid)', [
        table,
        rows[0]?.mark,
      ]);
      if (rowCount === 1) return true;
    } catch (error) {
      if (!heldByOthers.has(sqlState(error))) throw error;
    }
    if (performance.now() + waitMs > giveUpAtMs) return false;
    await pause(waitMs, undefined, { signal });
  }
}

/** The checkpoint also unlinks the files that the table had before. Segments that are kept for later use would keep their content. */
async function dropLog(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ last: string }>('select pg_walfile_name(pg_switch_wal()) as last');
  await client.query('checkpoint');
  const { rowCount } = await client.query(
    `select where current_setting('wal_recycle') = 'off'
      and not exists (select from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$' and name <= $1)`,
    [rows[0]?.last],
  );
  return rowCount === 1;
}
