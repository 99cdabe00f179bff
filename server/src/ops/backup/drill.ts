import { createHash } from 'node:crypto';
import { appendLeaf, createFrontier, type Frontier, frontierRoot, hashLeaf } from '@factotum/tlog';
import type pg from 'pg';
import { FactotumError } from '#kernel';
import { type AppliedMigration, migrate, sqlFolder, sqlState, urlAs, withOwner } from '#kernel/database';
import { cutRows, newTally } from './cut.ts';
import { loadBackup, versionOf } from './load.ts';
import type { Manifest } from './manifest.ts';
import type { Repository } from './repository.ts';
import { inSnapshot, readRows } from './snapshot.ts';
import { allTables, plainName } from './tables.ts';

/** What restoring a backup for trial came to. */
export interface Drilled {
  readonly id: string;
  readonly ok: boolean;
  readonly faults: readonly string[];
  readonly rows: number;
  /** Audit logs whose root was computed anew from their entries. */
  readonly logs: number;
  readonly entries: number;
  readonly seconds: number;
}

export interface DrillDeps {
  /** The owner's login; it has to be allowed to create databases. */
  readonly ownerUrl: string;
  readonly repository: Repository;
  readonly known: readonly AppliedMigration[];
  readonly onRows: (rows: number) => Promise<void>;
}

/**
 * Restores a backup into a database of its own on the same server, as a real restore would: at its version, then brought to this release.
 * Every table's rows are read again and held against the manifest, and every tenant's audit log is computed anew from its entries. The
 * database is dropped whatever happens; what a drill that was killed has left is found and dropped by the next.
 *
 * @throws FactotumError `backup.busy` while another drill runs, `backup.conflict`, `backup.invalid`, `database.unavailable`.
 */
export async function drillBackup(deps: DrillDeps, manifest: Manifest): Promise<Drilled> {
  const startedAtMs = performance.now();
  const upTo = versionOf(manifest, deps.known);
  return withOwner(deps.ownerUrl, async (client) => {
    const { rows: own } = await client.query<{ locked: boolean; name: string }>(
      `select pg_try_advisory_lock(hashtext('factotum'), hashtext('drill')) as locked, current_database()::text as name`,
    );
    if (own[0]?.locked !== true) throw new FactotumError('backup.busy', 'A drill is running already. Look for what it came to.');
    const prefix = `factotum_drill_${createHash('sha256').update(own[0].name).digest('hex').slice(0, 8)}_`;
    await dropLeftOvers(client, prefix);
    const name = `${prefix}${manifest.id.slice('bak_'.length)}`;
    await createScratch(client, name);
    try {
      const url = urlAs(deps.ownerUrl, { ...loginOf(deps.ownerUrl), database: name });
      await migrate(url, sqlFolder, { upTo });
      const found = await withOwner(url, (scratch) => restoreAndRead(scratch, deps, manifest));
      await migrate(url, sqlFolder);
      const seconds = Math.round((performance.now() - startedAtMs) / 100) / 10;
      const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
      return { id: manifest.id, ok: found.faults.length === 0, rows, seconds, ...found };
    } finally {
      await client.query(`drop database if exists ${name} with (force)`);
    }
  });
}

const loginOf = (url: string) => {
  const { username, password } = new URL(url);
  return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
};

/** We hold the drills' lock of this database, so whatever has its name is nobody's. */
async function dropLeftOvers(client: pg.Client, prefix: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>('select datname::text as name from pg_database where starts_with(datname, $1)', [
    prefix,
  ]);
  for (const { name } of rows) await client.query(`drop database if exists "${name}" with (force)`);
}

async function createScratch(client: pg.Client, name: string): Promise<void> {
  try {
    await client.query(`create database ${name}`);
  } catch (cause) {
    if (sqlState(cause) !== '42501') throw cause;
    throw new FactotumError(
      'backup.conflict',
      'A drill needs a database of its own, and the login of FACTOTUM_DATABASE_URL may not create any. Run: alter role ... createdb',
      { cause },
    );
  }
}

async function restoreAndRead(client: pg.Client, { repository, onRows }: DrillDeps, manifest: Manifest) {
  await loadBackup(client, repository, manifest, { onRows, finish: openForReading });
  const faults: string[] = [];
  return inSnapshot(client, async () => {
    const present = new Map((await allTables(client)).map((table) => [plainName(table), table]));
    for (const { schema, name, columns, rows, bytes, digest } of manifest.tables) {
      const table = present.get(`${schema}.${name}`);
      const tally = newTally();
      if (table !== undefined) for await (const _ of cutRows(readRows(client, { ...table, columns }), repository.keys.cut, tally));
      if (tally.rows !== rows || tally.bytes !== bytes || tally.digest !== digest)
        faults.push(`${schema}.${name} was not restored as it was.`);
    }
    const { logs, entries } = await recomputeRoots(client, manifest, (fault) => faults.push(fault));
    return { faults, logs, entries };
  });
}

/** The role that reads everything is let in as preparing a database does; at a version before that, only here. */
async function openForReading(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string; walled: boolean }>(
    `select oid::regclass::text as name, relrowsecurity as walled from pg_class where relkind = 'r'
      and relnamespace in ('app'::regnamespace, 'auth'::regnamespace)`,
  );
  await client.query('grant usage on schema app, auth to factotum_backup');
  await client.query('grant select on all tables in schema app, auth to factotum_backup');
  for (const { name, walled } of rows)
    if (walled) await client.query(`create policy backup_reads on ${name} for select to factotum_backup using (true)`);
}

const entriesAtOnce = 5_000;

/** Each log's Merkle tree (RFC 6962) anew from its bodies, against the head that was in the manifest. */
async function recomputeRoots(client: pg.ClientBase, { heads }: Manifest, say: (fault: string) => void) {
  let entries = 0;
  for (const { tenantId, size, root } of heads) {
    const frontier: Frontier = createFrontier();
    for (;;) {
      const { rows } = await client.query<{ body: string }>(
        'select body from app.audit_entry where tenant_id = $1 and seq >= $2 order by seq limit $3',
        [tenantId, frontier.size, entriesAtOnce],
      );
      for (const { body } of rows) appendLeaf(frontier, hashLeaf(Buffer.from(body)));
      entries += rows.length;
      if (rows.length < entriesAtOnce) break;
    }
    if (frontier.size !== size || frontierRoot(frontier).toString('hex') !== root) say(`The audit log of ${tenantId} is not what it was.`);
  }
  return { logs: heads.length, entries };
}
