import type { Duplex } from 'node:stream';
import { CamelCasePlugin, Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { FactotumError, type Logger, type RoleUrls } from '#kernel';
import { isRefused, loginOfUrl } from './login.ts';
import { createStatementNames } from './prepared.ts';
import type { RoleName, Tables, Tx } from './tables.ts';

/** One login role's connections: `db` for statements by the builder, `pool` for `inTransaction`, where statements are prepared by name. */
export interface RoleDatabase {
  readonly name: RoleName;
  readonly pool: pg.Pool;
  readonly db: Tx;
}

/** The four roles' connections. `close` waits for statements under way, then ends every connection; closing twice does nothing. */
export interface Database {
  readonly app: RoleDatabase;
  readonly engine: RoleDatabase;
  readonly sequencer: RoleDatabase;
  readonly auth: RoleDatabase;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly log: Logger;
  /** Connections per role, at most. Leave out what should keep its default. */
  readonly connectionsMax?: Partial<Record<RoleName, number>>;
  /** How long to wait for a connection, new or from the pool, in milliseconds. */
  readonly connectTimeoutMs?: number;
  /** When a statement without an answer is given up, in milliseconds. The server gives up before: see `roleSettings`. */
  readonly queryTimeoutMs?: number;
}

/**
 * Connections per role. Together 29, so that one process with all roles and a few commands beside it fit into the
 * embedded server's 60; an idle connection is closed after half a minute and costs nothing.
 * app: requests wait for a commit's fsync, not for a core, so more than two per core pays, as commits of one moment share an fsync.
 * engine: claim, two or three flushes under way, lease renewal, one for LISTEN. sequencer: one working, one for LISTEN, one spare.
 * auth: sign-ins are rare.
 */
const connectionsMaxDefault: Record<RoleName, number> = { app: 16, engine: 6, sequencer: 3, auth: 4 };

/** Long enough for a failover's new primary to answer the next try, short enough for a person who waits. */
const connectTimeoutMsDefault = 5_000;

/** Above the server's own limit of 15 s, so that it only strikes when the server cannot say anything any more. */
const queryTimeoutMsDefault = 20_000;

/** Opens the pools of all four roles. No connection is made before the first statement, so this neither waits nor fails. */
export function openDatabase(urls: RoleUrls, options: DatabaseOptions): Database {
  const open = (name: RoleName) => openRole(name, urls[name], options);
  const roles = { app: open('app'), engine: open('engine'), sequencer: open('sequencer'), auth: open('auth') };
  let closing: Promise<void> | undefined;
  const close = async () => {
    // The pool and not Kysely, which closes only what it has used itself.
    await Promise.all(Object.values(roles).map((role) => role.pool.end()));
  };
  return {
    ...roles,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function openRole(name: RoleName, url: string, options: DatabaseOptions): RoleDatabase {
  const { connectionString, Client, mayChange } = loginOfUrl(url);
  const Pool = mayChange ? RetryingPool : pg.Pool;
  const pool = new Pool({
    connectionString,
    Client,
    application_name: `factotum ${name}`,
    max: options.connectionsMax?.[name] ?? connectionsMaxDefault[name],
    connectionTimeoutMillis: options.connectTimeoutMs ?? connectTimeoutMsDefault,
    query_timeout: options.queryTimeoutMs ?? queryTimeoutMsDefault,
    idleTimeoutMillis: 30_000,
    // What is asked while an answer is under way is sent at once and answered in order.
    pipeline: true,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: columnTypes,
  });
  // A server that dies makes every connection emit an error. Without a listener, on the pool for idle connections and on the
  // client for those in use, that ends the process. The statement under way is rejected anyway, so logging is all there is to do.
  // A pool that is ending does not wait for its connections to hang up, so a server that is stopped next may still cut them: no news then.
  pool.on('error', (error) => {
    options.log[pool.ending ? 'debug' : 'warn']({ err: error, database: name }, 'an idle database connection was lost');
  });
  pool.on('connect', (client) =>
    client.on('error', (error) => options.log.debug({ err: error, database: name }, 'a database connection was lost')),
  );
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: kyselyPool(pool) }),
    // Keys inside json columns are data, not column names: they stay as they are.
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
  return { name, pool, db };
}

type Connected = (error: Error | undefined, client: pg.PoolClient | undefined, done: (release?: unknown) => void) => void;

/** A pool whose connections try once more when their password was refused: while passwords are rotated a login has two. */
class RetryingPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<pg.PoolClient> | undefined {
    if (callback === undefined)
      return super.connect().catch((error: unknown) => (isRefused(error) ? super.connect() : Promise.reject(error)));
    super.connect((error, client, done) => {
      if (isRefused(error)) super.connect(callback);
      else callback(error, client, done);
    });
    return undefined;
  }
}

/**
 * Takes a connection out of the pool.
 *
 * @throws FactotumError `database.unavailable` (retry) when none is to be had in time.
 */
export async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (cause) {
    throw new FactotumError('database.unavailable', 'The database does not answer. Try again in a moment.', { cause });
  }
}

/**
 * Puts a connection back, or destroys it when it is not idle outside any transaction: a rollback that failed or a statement
 * that was given up must never become the start of somebody else's transaction.
 */
export function release(client: pg.PoolClient): void {
  // Not in the types of pg: false from sending a statement until the server has said that it is ready for the next.
  const ready = 'readyForQuery' in client && client.readyForQuery === true;
  client.release(!ready || client.getTransactionStatus() !== 'I');
}

/**
 * Sends a begin without waiting for its answer: what follows on this connection is answered after it.
 *
 * It cannot fail by itself. Should the connection be lost, every statement that follows fails, and that is reported; and one that got
 * through without the setting of a tenant would find no row and be refused to write any.
 */
export function sendAhead(client: pg.PoolClient, begin: string): void {
  // Not in the types of pg. Node runs what is due next after all that is ready now: so the first statement goes in the same packet, which
  // spares each side a call of the system and the server a wake-up.
  const stream = 'connection' in client ? (client.connection as { readonly stream: Duplex }).stream : undefined;
  stream?.cork();
  client.query(begin).catch(() => undefined);
  process.nextTick(() => stream?.uncork());
}

/** The pool as Kysely sees it, with our rules for taking and putting back, and with statements that come often prepared by name. */
function kyselyPool(pool: pg.Pool): PostgresPool {
  const nameOf = createStatementNames();
  const views = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  const view = (client: pg.PoolClient): PostgresPoolClient => {
    const known = views.get(client);
    if (known !== undefined) return known;
    const query = async (text: string, values: readonly unknown[]) => {
      if (text.startsWith('begin')) {
        sendAhead(client, text);
        return { command: 'SET', rowCount: 0, rows: [] };
      }
      const name = values.length === 0 ? undefined : nameOf(text);
      return client.query({ text, values: [...values], ...(name === undefined ? {} : { name }) });
    };
    // Kysely asks with text and values, and with cursors only where it was given one, which it was not.
    const made = { query: query as unknown as PostgresPoolClient['query'], release: () => release(client) };
    views.set(client, made);
    return made;
  };
  return { options: pool.options, connect: async () => view(await connect(pool)), end: () => pool.end() };
}

/**
 * How columns are read: a bigint is a number (our counts and sizes are far below 2^53), and one that is not exact as
 * a number is refused rather than rounded. Everything else as pg does it.
 */
const columnTypes: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === pg.types.builtins.INT8 && format !== 'binary' ? safeInteger : pg.types.getTypeParser(oid, format),
};

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} does not fit a number exactly: cast it to text in the statement`);
  return value;
}
