import pg from 'pg';
import { FactotumError } from '#kernel';

/**
 * Runs `work` on one connection of its own, for preparing and migrating: no pool, no time limit on statements.
 *
 * @throws FactotumError `database.unavailable` (retry) when the server cannot be reached or does not accept the login.
 */
export async function withOwner<R>(url: string, work: (client: pg.Client) => Promise<R>): Promise<R> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'factotum prepare',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // A connection that dies rejects the statement under way; the event would end the process if nobody listened.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    throw new FactotumError(
      'database.unavailable',
      'The database cannot be reached with the login for preparing it. Check FACTOTUM_DATABASE_URL.',
      { cause },
    );
  }
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

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
