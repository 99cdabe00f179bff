import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type AppliedMigration, ownerTransaction } from '#kernel/database';
import { readChunk } from './chunk-store.ts';
import { countRows, newTally } from './cut.ts';
import { conflict, invalid } from './fault.ts';
import type { Manifest } from './manifest.ts';
import type { Repository } from './repository.ts';
import { textForm } from './snapshot.ts';
import { allTables, plainName, quotedList, quotedName } from './tables.ts';

/**
 * Refuses a backup that this release cannot load.
 *
 * @param known - the migrations of this release
 * @returns the number of the migration up to which the database has to be brought before loading.
 * @throws FactotumError `backup.conflict` when it was made by a newer release, or by one whose migrations were other ones.
 */
export function versionOf(manifest: Pick<Manifest, 'migrations'>, known: readonly AppliedMigration[]): number {
  const byNumber = new Map(known.map((migration) => [migration.number, migration]));
  for (const { number, name, sha256 } of manifest.migrations) {
    const own = byNumber.get(number);
    if (own === undefined)
      throw conflict(
        `The backup was made by a newer release: it has had ${name}, which this one does not know. Restore it with that release.`,
      );
    if (own.sha256 !== sha256 || own.name !== name)
      throw conflict(`The backup has had another ${name} than this release has. Restore it with the release that made it.`);
  }
  const last = manifest.migrations.at(-1)?.number ?? 0;
  const missing = known.find(({ number }) => number <= last && !manifest.migrations.some((applied) => applied.number === number));
  if (missing !== undefined) throw conflict(`The backup was made without ${missing.name}. Restore it with the release that made it.`);
  return last;
}

export interface LoadOptions {
  /** Told after each piece how many rows are loaded. */
  readonly onRows?: (rows: number) => Promise<void>;
  /** What else belongs into the transaction, when all rows are there and the walls are still down. */
  readonly finish?: (client: pg.ClientBase) => Promise<void>;
}

/**
 * Fills a database that has been brought to the backup's version, in one transaction: all of it or nothing. Every piece is opened and
 * proven before a row of it goes in, and every table's rows are counted and summed.
 *
 * @param client - the owner's connection
 * @throws FactotumError `backup.invalid`, `backup.conflict`.
 */
export async function loadBackup(client: pg.Client, repository: Repository, manifest: Manifest, options: LoadOptions = {}): Promise<void> {
  const present = await allTables(client);
  const inBackup = new Map(manifest.tables.map((table) => [plainName(table), table]));
  // In this order no row comes before what it points at.
  const tables = present.flatMap((table) => inBackup.get(plainName(table)) ?? []);
  if (tables.length !== manifest.tables.length) throw conflict('The backup has tables that its own version does not make.');
  let rows = 0;
  await ownerTransaction(client, async () => {
    await client.query(textForm);
    await lowerWalls(client, present.map(quotedName), async () => {
      for (const table of tables.toReversed()) await client.query(`delete from ${quotedName(table)}`);
      for (const table of tables) {
        await loadTable(client, repository, table, async (more) => {
          rows += more;
          await options.onRows?.(rows);
        });
      }
      for (const { schema, name, value } of manifest.sequences)
        await client.query('select setval($1::regclass, $2::bigint)', [quotedName({ schema, name }), value]);
      await options.finish?.(client);
    });
  });
  await client.query('analyze');
}

/**
 * Runs `work` while the owner, on whom row-level security is forced as well, may write, and while no trigger makes anything of what is
 * written. In the caller's transaction: nobody else ever sees it so.
 */
export async function lowerWalls(client: pg.ClientBase, tables: readonly string[], work: () => Promise<void>): Promise<void> {
  const { rows } = await client.query<{ name: string }>(`select unnest($1::text[]::regclass[])::text as name`, [tables]);
  const { rows: forced } = await client.query<{ name: string }>(
    'select oid::regclass::text as name from pg_class where relforcerowsecurity and oid = any($1::text[]::regclass[]::oid[])',
    [tables],
  );
  for (const { name } of rows) await client.query(`alter table ${name} disable trigger user`);
  for (const { name } of forced) await client.query(`alter table ${name} no force row level security`);
  await work();
  for (const { name } of forced) await client.query(`alter table ${name} force row level security`);
  for (const { name } of rows) await client.query(`alter table ${name} enable trigger user`);
}

async function loadTable(
  client: pg.ClientBase,
  repository: Repository,
  table: Manifest['tables'][number],
  onRows: (rows: number) => Promise<void>,
): Promise<void> {
  const tally = newTally();
  async function* pieces(): AsyncGenerator<Buffer> {
    for (const id of table.chunks) {
      const bytes = await readChunk(repository, id);
      const before = tally.rows;
      countRows(bytes, tally);
      yield bytes;
      await onRows(tally.rows - before);
    }
  }
  const copy = client.query(copyFrom(`copy ${quotedName(table)} (${quotedList(table.columns)}) from stdin`));
  await pipeline(Readable.from(pieces(), { objectMode: true, highWaterMark: 1 }), copy);
  if (tally.rows !== table.rows || tally.bytes !== table.bytes || tally.digest !== table.digest || copy.rowCount !== table.rows)
    throw invalid(`${plainName(table)} has other rows than its manifest says`);
}
