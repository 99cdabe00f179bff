import { CompiledQuery } from 'kysely';
import pg from 'pg';
import { FactotumError, type Id, isFactotumError, isId } from '#kernel';
import { connect, type RoleDatabase, release, sendAhead } from './pool.ts';
import type { Tx } from './tables.ts';

/**
 * Runs `work` as one transaction that sees and writes only this tenant's rows.
 *
 * Begin and the tenant setting travel together, and nobody waits for their answer (see the pool): so the price is one round trip beside
 * the statements of `work`, for the commit. The setting ends with the transaction.
 * When `work` throws, everything is rolled back and the same error is thrown; a connection that cannot be rolled back is destroyed.
 *
 * @throws FactotumError `database.unavailable` (retry) when there is no connection to be had.
 * @throws FactotumError `server.fault` when `work` swallowed the failure of a statement, which made the commit a rollback.
 */
export function withTenant<R>(db: Tx, tenantId: Id<'tenant'>, work: (tx: Tx) => Promise<R>): Promise<R> {
  return tenantWork(db, () => beginFor(tenantId), work);
}

/**
 * Like `withTenant`, for reading only: every statement of `work` sees the rows of one moment, that of the first. Without it, each
 * statement sees what was committed before itself, and two of them need not fit together.
 */
export function withTenantSnapshot<R>(db: Tx, tenantId: Id<'tenant'>, work: (tx: Tx) => Promise<R>): Promise<R> {
  return tenantWork(db, () => beginFor(tenantId, 'begin isolation level repeatable read read only'), work);
}

function tenantWork<R>(db: Tx, begin: () => string, work: (tx: Tx) => Promise<R>): Promise<R> {
  return db.connection().execute(async (tx) => {
    await tx.executeQuery(CompiledQuery.raw(begin()));
    const result = await orRollback(
      () => work(tx),
      () => tx.executeQuery(CompiledQuery.raw('rollback')),
    );
    const commit = await tx.executeQuery<{ command?: string }>(CompiledQuery.raw('commit'));
    refuseSilentRollback(commit.rows[0]?.command);
    return result;
  });
}

/**
 * Runs `work` as one transaction on a bare connection, for statements that are prepared by name (engine, sequencer, intake).
 * Fails like `withTenant`; without a tenant none is set.
 */
export async function inTransaction<R>(
  role: RoleDatabase,
  work: (client: pg.PoolClient) => Promise<R>,
  tenantId?: Id<'tenant'>,
): Promise<R> {
  const begin = tenantId === undefined ? 'begin' : beginFor(tenantId);
  const client = await connect(role.pool);
  try {
    sendAhead(client, begin);
    const result = await orRollback(
      () => work(client),
      () => client.query('rollback'),
    );
    refuseSilentRollback((await client.query('commit')).command);
    return result;
  } finally {
    release(client);
  }
}

/**
 * Whether the same unit of work may succeed when it is started again from its beginning: a serialisation failure, a deadlock,
 * a connection that was lost or not to be had, a server that is stopping or starting.
 *
 * A commit whose answer was lost may have happened: who repeats must look first, or be idempotent.
 */
export function isRetryable(error: unknown): boolean {
  if (isFactotumError(error)) return error.code === 'database.unavailable';
  if (error instanceof pg.DatabaseError) return retryableStates.has(error.code ?? '') || (error.code ?? '').startsWith('08');
  if (!(error instanceof Error)) return false;
  return ('code' in error && socketFailures.has(String(error.code))) || lostConnection.test(error.message);
}

/** 40001 serialisation, 40P01 deadlock, 55P03 lock timeout, 53300 too many connections, 57P01-57P05 shutdown, crash, starting, dropped, idle; 25006 and 57014 are left out: a statement over its limit would be so again. */
const retryableStates = new Set(['40001', '40P01', '55P03', '53300', '57P01', '57P02', '57P03', '57P05', '25P03']);
const socketFailures = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOENT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN']);
/** What pg says itself, without a code. */
const lostConnection =
  /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** Two statements in one message take no parameters, so the id is spliced in. @throws FactotumError `server.fault` for what is none: the form is the guard, not the type. */
function beginFor(tenantId: Id<'tenant'>, begin = 'begin'): string {
  if (!isId('tenant', tenantId))
    throw new FactotumError('server.fault', 'A unit of work was started for something that is not a tenant id.');
  return `${begin}; set local app.tenant_id = '${tenantId}'`;
}

async function orRollback<R>(work: () => Promise<R>, rollback: () => Promise<unknown>): Promise<R> {
  try {
    return await work();
  } catch (cause) {
    // What went wrong first is what the caller has to know. A rollback that fails leaves the connection inside its transaction,
    // and putting it back destroys it (`release`), which the server answers by rolling back.
    await rollback().catch(() => undefined);
    throw named(cause);
  }
}

/** What our own triggers refuse (0014_archive.sql), by its name: the process that hears of it had not heard of the move yet. */
function named(cause: unknown): unknown {
  if (!(cause instanceof pg.DatabaseError)) return cause;
  if (cause.code === 'FT503')
    return new FactotumError('tenant.moving', 'The tenant is being moved to another installation. Try again in a moment.', {
      details: { retryAfterSeconds: 5 },
      cause,
    });
  if (cause.code === 'FT409') return new FactotumError('tenant.wrong_state', 'The tenant is at work at another installation.', { cause });
  return cause;
}

/** A transaction in which a statement failed ends in a rollback, whatever was asked for; the server tells only by the command's tag. */
function refuseSilentRollback(command: string | undefined): void {
  if (command !== 'COMMIT')
    throw new FactotumError(
      'server.fault',
      'The work was rolled back: one of its statements had failed and the failure was not passed on.',
    );
}
