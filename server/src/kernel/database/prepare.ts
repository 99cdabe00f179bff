import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { FactotumError, type RoleUrls } from '#kernel';
import { openToBackups, prepareBackupRole } from './backup-role.ts';
import { migrate } from './migrate.ts';
import { firstThatOpens, ownerTransaction, sqlState, urlAs, withOwner } from './owner.ts';
import { addPasswords, candidatesOf, newPassword, readPasswords, scramVerifier } from './passwords.ts';
import { loginOf, type RoleName, roleNames } from './tables.ts';

export interface PrepareOptions {
  /** Where the generated passwords are kept (mode 0600) and looked for first. */
  readonly passwordsFile: string;
  /** The migrations; the product's own unless a test says otherwise. */
  readonly sqlFolder?: string;
  /** The last migration to apply, for a database that is to be filled as it was at that version. */
  readonly upTo?: number;
  /** Told what is being done when it is worth telling: a migration applied. */
  readonly onProgress?: (text: string) => void;
}

/** The product's migrations. */
export const sqlFolder = fileURLToPath(new URL('../../../sql', import.meta.url));

/**
 * Makes a database ready to serve from (`factotum db prepare`): the four login roles, their passwords, the schema.
 * Needs PostgreSQL 15 or later and an owner who may create roles, and does nothing that is done already, so it runs at every start.
 *
 * A password that is on file and still works stays; otherwise the role gets a new one, and processes that hold an older one have to be
 * given the new. So only one place should prepare a database, and hand out what it gets.
 *
 * @returns the URLs to log in with, one per role.
 * @throws FactotumError `config.invalid` (server too old), `database.not_walled` (a role of ours may do too much),
 * `database.unavailable` (retry), `database.migration_failed`.
 */
export async function prepareDatabase(ownerUrl: string, options: PrepareOptions): Promise<RoleUrls> {
  const passwords = await withOwner(ownerUrl, async (client) => {
    await requireServer(client);
    return repeatOnRace(() => ownerTransaction(client, () => prepareRoles(client, ownerUrl, options.passwordsFile)));
  });
  let isNew = false;
  const onApplied = (name: string) => {
    isNew ||= name.startsWith('0001_');
    // That a new database gets a schema is no news.
    if (!isNew) options.onProgress?.(`Database: applied ${name}.`);
  };
  await migrate(ownerUrl, options.sqlFolder ?? sqlFolder, { onApplied, upTo: options.upTo });
  await withOwner(ownerUrl, openToBackups);
  const urlOf = (name: RoleName) => urlAs(ownerUrl, { user: loginOf(name), password: passwords[loginOf(name)] ?? '' });
  return { app: urlOf('app'), engine: urlOf('engine'), sequencer: urlOf('sequencer'), auth: urlOf('auth') };
}

/**
 * Makes the owner's login and its database inside a server of our own (embedded, tests), through the server's superuser.
 * The owner is no superuser: it may create roles and owns this database, as an outside server's administrator would give us.
 *
 * @returns the URL for `prepareDatabase`.
 */
export async function prepareOwner(superuserUrl: string, options: { passwordsFile: string; database: string }): Promise<string> {
  const login = 'factotum_owner';
  return withOwner(superuserUrl, async (client) => {
    const password = await repeatOnRace(() =>
      ownerTransaction(client, async () => {
        const passwords = await preparePasswords(client, superuserUrl, options.passwordsFile, [
          { login, attributes: 'login createrole createdb' },
        ]);
        return passwords[login] ?? '';
      }),
    );
    const { rowCount } = await client.query('select from pg_database where datname = $1', [options.database]);
    if (rowCount === 0) {
      // Cannot be part of a transaction; a concurrent starter may have been faster.
      const create = `create database ${pg.escapeIdentifier(options.database)} owner ${login}`;
      await client.query(create).catch((error: unknown) => {
        if (!alreadyThere.has(sqlState(error))) throw error;
      });
    }
    return urlAs(superuserUrl, { user: login, password, database: options.database });
  });
}

async function requireServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: number }>(`select current_setting('server_version_num')::integer as version`);
  if ((rows[0]?.version ?? 0) < 150_000)
    throw new FactotumError(
      'config.invalid',
      'The database server is older than PostgreSQL 15. Upgrade it, or leave FACTOTUM_DATABASE_URL out to use the embedded one.',
    );
}

async function prepareRoles(client: pg.Client, ownerUrl: string, passwordsFile: string): Promise<Readonly<Record<string, string>>> {
  const attributes = 'login nosuperuser nobypassrls nocreatedb nocreaterole noreplication';
  const wanted = roleNames.map((name) => ({ login: loginOf(name), attributes }));
  const passwords = await preparePasswords(client, ownerUrl, passwordsFile, wanted);
  const { rows } = await client.query<{ rolname: string; elevated: boolean; rolconfig: string[] | null }>(
    'select rolname, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as elevated, rolconfig from pg_roles where rolname = any($1)',
    [wanted.map((role) => role.login)],
  );
  for (const role of rows) {
    if (role.elevated)
      throw new FactotumError(
        'database.not_walled',
        `The role ${role.rolname} exists and may do too much. Take its special rights away or drop it.`,
      );
    for (const [setting, value] of Object.entries(settingsOf(role.rolname)))
      if (!role.rolconfig?.includes(`${setting}=${value}`))
        await client.query(`alter role ${role.rolname} set ${setting} = ${pg.escapeLiteral(value)}`);
  }
  await prepareBackupRole(client);
  // Whoever may make a temporary table owns a table, which `assertWalls` would have to tell from the real thing.
  const { rows: databases } = await client.query<{ name: string; open: boolean }>(
    `select current_database()::text as name, has_database_privilege('factotum_app', current_database(), 'temporary') as open`,
  );
  for (const { name, open } of databases)
    if (open) await client.query(`revoke temporary on database ${pg.escapeIdentifier(name)} from public`);
  return passwords;
}

/**
 * What holds for a role however it connects; through the role and not at connecting, because poolers refuse unknown start-up parameters.
 * A statement gets 15 s: the slowest thing we do (a page of a million rows) takes a hundredth of that. A transaction that
 * does nothing for 30 s belongs to a process that is stuck and holds locks that others wait for; they wait 10 s.
 * A statement whose client is gone ends within 2 s, instead of holding its locks to the end.
 */
function settingsOf(login: string): Readonly<Record<string, string>> {
  return {
    search_path: login === loginOf('auth') ? 'auth' : 'app',
    statement_timeout: '15s',
    idle_in_transaction_session_timeout: '30s',
    lock_timeout: '10s',
    client_connection_check_interval: '2s',
  };
}

/**
 * Creates the roles that are missing and gives a password to those whose password on file does not work, inside the caller's transaction.
 * The file is written before the commit, so whoever waits for the lock finds it complete.
 */
async function preparePasswords(
  client: pg.Client,
  url: string,
  passwordsFile: string,
  wanted: readonly { login: string; attributes: string }[],
): Promise<Readonly<Record<string, string>>> {
  await client.query(`select pg_advisory_xact_lock(hashtext('factotum'), hashtext('roles'))`);
  const onFile = await readPasswords(passwordsFile);
  const { rows } = await client.query<{ rolname: string }>('select rolname from pg_roles where rolname = any($1)', [
    wanted.map((role) => role.login),
  ]);
  const present = new Set(rows.map((row) => row.rolname));
  const passwords: Record<string, string> = {};
  const fresh: Record<string, string> = {};
  for (const { login, attributes } of wanted) {
    const known = present.has(login) ? await firstThatOpens(url, login, candidatesOf(onFile, login)) : undefined;
    if (known !== undefined) {
      passwords[login] = known;
      continue;
    }
    fresh[login] = newPassword();
    const verifier = pg.escapeLiteral(scramVerifier(fresh[login]));
    await client.query(
      present.has(login) ? `alter role ${login} password ${verifier}` : `create role ${login} ${attributes} password ${verifier}`,
    );
  }
  const settled = { ...passwords, ...fresh };
  // Also ends what a rotation left behind that did not come to its end.
  if (wanted.some(({ login }) => onFile.current[login] !== settled[login] || onFile.pending[login] !== undefined))
    await addPasswords(passwordsFile, settled);
  return settled;
}

/** 42710 role, 42P04 database exists, 23505 the same seen by the index. */
const alreadyThere = new Set(['42710', '42P04', '23505']);

/**
 * Roles belong to the cluster, the lock to a database: preparing two databases of one cluster at once can still meet at
 * a role. Who loses looks again and finds it done. XX000 is the server's "tuple concurrently updated".
 */
async function repeatOnRace<R>(work: () => Promise<R>): Promise<R> {
  const attempts = 5;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const raced = alreadyThere.has(sqlState(error)) || sqlState(error) === 'XX000';
      if (!raced || attempt === attempts) throw error;
    }
  }
}
