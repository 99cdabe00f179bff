import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { FactotumError } from '#kernel';
import { ownerTransaction, withOwner } from './owner.ts';

interface Migration extends AppliedMigration {
  readonly sql: string;
}

/** A migration as the database notes it. */
export interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  /** Of the file's text, in hex. */
  readonly sha256: string;
}

/** Called after each file, and where to stop. */
export interface MigrateOptions {
  /** Told of each file that this call applied, after its commit. */
  readonly onApplied?: (name: string) => void;
  /** The last number to apply: for a database that is to be filled as it was at that version. */
  readonly upTo?: number | undefined;
}

/**
 * Brings the database to the version of the files in `folder` (`0001_name.sql`, forward only), each in its own transaction.
 *
 * Any number of processes may start at once: one does the work, the others wait for it and continue.
 *
 * @throws FactotumError `database.migration_failed`; `details.reason` is `edited` (an applied file has changed), `newer` (the database
 * was made by a newer release), `order` (a file sorts before one that is applied), `statement` (one was refused) or `files` (wrong names).
 */
export async function migrate(ownerUrl: string, folder: string, { onApplied = () => undefined, upTo }: MigrateOptions = {}): Promise<void> {
  const migrations = (await readMigrations(folder)).filter(({ number }) => upTo === undefined || number <= upTo);
  await withOwner(ownerUrl, async (client) => {
    for (;;) {
      const applied = await ownerTransaction(client, () => applyNext(client, migrations));
      if (applied === undefined) return;
      onApplied(applied);
    }
  });
}

/** Looks and acts inside one locked transaction, so what was looked at still holds. Returns the applied file's name, or undefined when all are. */
async function applyNext(client: pg.Client, migrations: readonly Migration[]): Promise<string | undefined> {
  // Released by the end of the transaction. Nothing rests on it but the peace of concurrent starters: the primary key guards the rows.
  await client.query(`select pg_advisory_xact_lock(hashtext('factotum'), hashtext('schema_migration'))`);
  const { rows: found } = await client.query<{ present: boolean }>(`select to_regclass('app.schema_migration') is not null as present`);
  if (!found[0]?.present) await client.query(createTable);
  const { rows: applied } = await client.query<AppliedMigration>('select number, name, sha256 from app.schema_migration order by number');
  const next = nextOf(migrations, applied);
  if (next === undefined) return undefined;
  try {
    await client.query(next.sql);
  } catch (cause) {
    throw failure('statement', `${next.name} was refused: ${refusal(cause, next.sql)}. Nothing of it was kept.`, cause);
  }
  await client.query('insert into app.schema_migration (number, name, sha256) values ($1, $2, $3)', [next.number, next.name, next.sha256]);
  return next.name;
}

/**
 * Names of the files that the database lacks, in their order. Changes nothing.
 *
 * @throws FactotumError `database.migration_failed` (edited, newer, order, files) like `migrate`, `database.unavailable` (retry).
 */
export async function pendingMigrations(ownerUrl: string, folder: string): Promise<string[]> {
  const migrations = await readMigrations(folder);
  return withOwner(ownerUrl, async (client) => {
    const { rows: found } = await client.query<{ present: boolean }>(`select to_regclass('app.schema_migration') is not null as present`);
    if (!found[0]?.present) return migrations.map(({ name }) => name);
    const { rows: applied } = await client.query<AppliedMigration>('select number, name, sha256 from app.schema_migration order by number');
    nextOf(migrations, applied);
    const done = new Set(applied.map((row) => row.number));
    return migrations.filter(({ number }) => !done.has(number)).map(({ name }) => name);
  });
}

/** The migrations of this release, in their order. @throws FactotumError `database.migration_failed` (files). */
export const knownMigrations = async (folder: string): Promise<readonly AppliedMigration[]> =>
  (await readMigrations(folder)).map(({ number, name, sha256 }) => ({ number, name, sha256 }));

const createTable = `create schema if not exists app;
create table app.schema_migration (number integer primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now())`;

/** The first file that is not applied yet. */
function nextOf(migrations: readonly Migration[], applied: readonly AppliedMigration[]): Migration | undefined {
  const byNumber = new Map(migrations.map((migration) => [migration.number, migration]));
  for (const row of applied) {
    const file = byNumber.get(row.number);
    if (file === undefined)
      throw failure('newer', `The database has had ${row.name}, which this release does not know. Start the newer release that made it.`);
    if (file.sha256 !== row.sha256)
      throw failure('edited', `${file.name} was changed after it had been applied. Restore it and put the change into a new file.`);
  }
  const last = applied.at(-1)?.number ?? 0;
  const done = new Set(applied.map((row) => row.number));
  const next = migrations.find((migration) => !done.has(migration.number));
  if (next !== undefined && next.number < last)
    throw failure('order', `${next.name} comes before a file that is applied already. Give it the next free number.`);
  return next;
}

async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const migrations = await Promise.all(
    names.map(async (name) => {
      const number = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1]);
      if (Number.isNaN(number)) throw failure('files', `${name} is not named like 0001_topic.sql.`);
      // A checkout may turn line ends around; that is no edit.
      const sql = (await readFile(join(folder, name), 'utf8')).replaceAll('\r\n', '\n');
      return { number, name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
    }),
  );
  for (const [index, migration] of migrations.entries())
    if (migrations[index + 1]?.number === migration.number)
      throw failure('files', `${migration.name} and ${migrations[index + 1]?.name} have the same number.`);
  return migrations;
}

/** The server's own words, with the line of the file. */
function refusal(error: unknown, sql: string): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof pg.DatabaseError) || error.position === undefined) return error.message;
  return `${error.message} (line ${sql.slice(0, Number(error.position)).split('\n').length})`;
}

function failure(reason: 'edited' | 'newer' | 'order' | 'statement' | 'files', message: string, cause?: unknown): FactotumError {
  return new FactotumError('database.migration_failed', message, { details: { reason }, cause });
}
