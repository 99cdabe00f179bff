import pg from 'pg';
import { FactotumError } from '#kernel';
import { isRefused, type Login, loginOfUrl } from './login.ts';

/**
 * Runs `work` on one connection of its own, for preparing and migrating: no pool, no time limit on statements.
 *
 * @throws FactotumError `database.unavailable` (retry) when the server cannot be reached or does not accept the login.
 */
export async function withOwner<R>(url: string, work: (client: pg.Client) => Promise<R>): Promise<R> {
  const login = loginOfUrl(url);
  const again = (error: unknown) => (login.mayChange && isRefused(error) ? connectOwner(login) : Promise.reject(error));
  const client = await connectOwner(login)
    .catch(again)
    .catch((cause: unknown) => {
      throw new FactotumError(
        'database.unavailable',
        'The database cannot be reached with the login for preparing it. Check FACTOTUM_DATABASE_URL.',
        { cause },
      );
    });
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function connectOwner({ connectionString, Client }: Login): Promise<pg.Client> {
  const client = new Client({ connectionString, application_name: 'factotum prepare', connectionTimeoutMillis: 10_000, keepAlive: true });
  // A connection that dies rejects the statement under way; the event would end the process if nobody listened.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** The first of the passwords that the login is accepted with. Any other trouble than the password is thrown. */
export async function firstThatOpens(url: string, login: string, passwords: readonly string[]): Promise<string | undefined> {
  for (const password of passwords) if (await opens(url, login, password)) return password;
  return undefined;
}

async function opens(url: string, login: string, password: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: urlAs(url, { user: login, password }), connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch (error) {
    if (wrongPassword.has(sqlState(error))) return false;
    throw error;
  } finally {
    await client.end();
  }
}

/** 28P01 the password, 28000 the login itself (for instance because it may not log in). */
const wrongPassword = new Set(['28P01', '28000']);

/** One who prepares logins or rotates their passwords at a time, in one database, with the file of passwords in hand: until the connection ends. */
export const lockRoles = async (client: pg.Client): Promise<void> => {
  await client.query(`select pg_advisory_lock(hashtext('factotum'), hashtext('roles'))`);
};

/** One transaction on an owner's connection. */
export async function ownerTransaction<R>(client: pg.Client, work: () => Promise<R>): Promise<R> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (cause) {
    // If the connection is gone, so is the transaction.
    await client.query('rollback').catch(() => undefined);
    throw cause;
  }
}

/** The login's URL with another user and password; all else (host, port, database, options) stays. */
export function urlAs(url: string, login: { user: string; password: string; database?: string }): string {
  const changed = new URL(url);
  changed.username = encodeURIComponent(login.user);
  changed.password = encodeURIComponent(login.password);
  if (login.database !== undefined) changed.pathname = `/${encodeURIComponent(login.database)}`;
  return changed.href;
}

/** The SQLSTATE of a database error, or an empty string. */
export const sqlState = (error: unknown): string => (error instanceof pg.DatabaseError ? (error.code ?? '') : '');
