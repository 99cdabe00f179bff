import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createLogger, type RoleUrls } from '#kernel';
import { type Database, type Embedded, openDatabase, prepareDatabase, prepareOwner, sqlFolder, startEmbedded } from '#kernel/database';

/** A database of one test file's own, migrated and empty. */
export interface TestDatabase {
  readonly database: Database;
  /** The login of `factotum db prepare`. Row-level security is forced on it as well. */
  readonly ownerUrl: string;
  readonly roleUrls: RoleUrls;
  /** Closes the pools and drops the database. */
  close(): Promise<void>;
}

/** Small pools: many test files share one server's connections. Who has to wait for one does so as long as a busy machine takes. */
export const testPools = { connectionsMax: { app: 8, engine: 6, sequencer: 2, auth: 2 }, connectTimeoutMs: 60_000 };

/**
 * Makes a database for one test file, as a copy of a migrated template (about 0.1 s).
 *
 *     const { database, close } = await testDatabase();
 *     after(close);
 *
 * The server is that of `FACTOTUM_TEST_DATABASE_URL` (the login of a superuser, or of an owner who may create roles and databases).
 * Without it, a server of this checkout's own is started below the temporary folder and left running for the next test file.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const cluster = await findCluster();
  const name = newName();
  await copyTemplate(cluster, name);
  const ownerUrl = withDatabase(cluster.ownerUrl, name);
  const roleUrls = await prepareDatabase(ownerUrl, { passwordsFile: cluster.passwordsFile });
  const database = openDatabase(roleUrls, { log, ...testPools });
  return {
    database,
    ownerUrl,
    roleUrls,
    close: async () => {
      await database.close();
      await drop(cluster, name);
    },
  };
}

/** Makes a database without anything in it, for tests of migrations. The roles are those of the shared server: leave them alone. */
export async function emptyDatabase(): Promise<{ ownerUrl: string; close(): Promise<void> }> {
  const cluster = await findCluster();
  const name = newName();
  await onCluster(cluster, (client) => client.query(`create database ${name}`));
  return { ownerUrl: withDatabase(cluster.ownerUrl, name), close: () => drop(cluster, name) };
}

/**
 * Starts a server for a whole run of tests, as many files at once as there are cores. Set `FACTOTUM_TEST_DATABASE_URL` to its
 * `superuserUrl` for the test processes, and stop it after the run.
 */
export async function startTestCluster(dataFolder: string): Promise<Embedded> {
  // Temporary folders are their maker's alone; as root that would send the server's data elsewhere, for good.
  await mkdir(dataFolder, { recursive: true });
  await chmod(dataFolder, 0o711);
  const embedded = await startEmbedded({ dataFolder, log, parameters: { max_connections: '200' } });
  const stop = async () => {
    await embedded.stop();
    await rm(folderOf(embedded.superuserUrl), { recursive: true, force: true });
  };
  return { ...embedded, stop };
}

/** Where what belongs to one server is kept between test processes: its passwords, and all of it when it is our own. */
const folderOf = (adminUrl: string | undefined): string =>
  join(tmpdir(), `factotum-test-${process.getuid?.() ?? 0}-${hash(import.meta.dirname, adminUrl ?? '')}`);

const log = createLogger({ level: 'silent' });

/** What belongs to the server as a whole, found once a process. `ownerUrl` leads to the maintenance database. */
interface Cluster {
  readonly adminUrl: string;
  readonly ownerUrl: string;
  readonly passwordsFile: string;
}

let found: Promise<Cluster> | undefined;

function findCluster(): Promise<Cluster> {
  found ??= openCluster();
  return found;
}

async function openCluster(): Promise<Cluster> {
  const given = process.env.FACTOTUM_TEST_DATABASE_URL;
  const folder = folderOf(given);
  const adminUrl = given ?? (await startTestCluster(folder)).superuserUrl;
  const passwordsFile = join(folder, 'run', 'passwords.json');
  const isSuperuser = await withClient(adminUrl, async (client) => {
    const { rows } = await client.query<{ rolsuper: boolean }>('select rolsuper from pg_roles where rolname = current_user');
    return rows[0]?.rolsuper === true;
  });
  const database = new URL(adminUrl).pathname.slice(1);
  return { adminUrl, passwordsFile, ownerUrl: isSuperuser ? await prepareOwner(adminUrl, { passwordsFile, database }) : adminUrl };
}

/** The process is in the name, so that what a killed one leaves behind can be told from what is in use. */
const newName = (): string => `factotum_test_${process.pid}_${randomBytes(4).toString('hex')}`;

/**
 * The server waits 5 s for the last connections to go, which a busy machine may need several times; one that a test left open makes this
 * fail, which is how to find it.
 */
async function drop(at: Cluster, name: string): Promise<void> {
  const attempts = 6;
  for (let attempt = 1; ; attempt++) {
    try {
      await onCluster(at, (client) => client.query(`drop database if exists ${name}`));
      return;
    } catch (error) {
      const isInUse = error instanceof pg.DatabaseError && error.code === '55006';
      if (!isInUse || attempt === attempts) throw error;
    }
  }
}

/** A process that sees other migrations (somebody is editing them) takes the template away: then it is made again. */
async function copyTemplate(at: Cluster, name: string): Promise<void> {
  const attempts = 3;
  for (let attempt = 1; ; attempt++) {
    const template = await templateOf(at);
    try {
      await onCluster(at, (client) => client.query(`create database ${name} template ${template}`));
      return;
    } catch (error) {
      const isGone = error instanceof pg.DatabaseError && error.code === '3D000';
      if (!isGone || attempt === attempts) throw error;
    }
  }
}

/** The migrated template of the present migrations, made by the first process that needs it while the others wait. */
function templateOf(at: Cluster): Promise<string> {
  return onCluster(at, async (client) => {
    const template = `factotum_template_${await hashOfMigrations()}`;
    await client.query(`select pg_advisory_lock(hashtext('factotum'), hashtext('test template'))`);
    const { rows } = await client.query<{ datname: string }>(`select datname from pg_database where datname like 'factotum\\_te%'`);
    const present = rows.map((row) => row.datname);
    if (present.includes(template)) return template;
    for (const name of present.filter(isLeftOver)) await client.query(`drop database if exists ${name}`);
    const draft = `factotum_test_${process.pid}_draft`;
    await client.query(`create database ${draft}`);
    await prepareDatabase(withDatabase(at.ownerUrl, draft), { passwordsFile: at.passwordsFile });
    await client.query(`alter database ${draft} rename to ${template}`);
    return template;
  });
}

/** Templates of other migrations, and databases of test processes that ended without dropping theirs. */
function isLeftOver(name: string): boolean {
  const pid = /^factotum_test_(\d+)_/.exec(name)?.[1];
  if (pid === undefined) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch {
    return true;
  }
}

async function hashOfMigrations(): Promise<string> {
  const names = (await readdir(sqlFolder)).filter((name) => name.endsWith('.sql')).sort();
  return hash(...names, ...(await Promise.all(names.map((name) => readFile(join(sqlFolder, name), 'utf8')))));
}

const hash = (...parts: readonly string[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);

const onCluster = <R>(at: Cluster, work: (client: pg.Client) => Promise<R>): Promise<R> => withClient(at.ownerUrl, work);

async function withClient<R>(url: string, work: (client: pg.Client) => Promise<R>): Promise<R> {
  const client = new pg.Client({ connectionString: url, application_name: 'factotum test' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
