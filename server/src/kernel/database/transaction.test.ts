import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import pg from 'pg';
import { createLogger, FactotumError, newId } from '#kernel';
import { testDatabase } from '../../../test/database.ts';
import { openDatabase, type RoleDatabase } from './pool.ts';
import type { Tx } from './tables.ts';
import { inTransaction, isRetryable, withTenant, withTenantSnapshot } from './transaction.ts';

declare module '#kernel/database' {
  interface Tables {
    quotaCounter: { tenantId: string; name: string; windowStart: Date; used: number };
  }
}

const { database, roleUrls, close } = await testDatabase();
after(close);
const { app } = database;
const log = createLogger({ level: 'silent' });

/** A table of the product's with its wall, used here without the module that owns it. */
const count = (tx: Tx, tenantId: string, name: string) =>
  sql`insert into quota_counter (tenant_id, name, window_start, used) values (${tenantId}, ${name}, now(), 1)`.execute(tx);
const counted = async (tx: Tx) =>
  (await sql<{ tenantId: string; name: string }>`select tenant_id, name from quota_counter`.execute(tx)).rows;

const ours = newId('tenant');
const theirs = newId('tenant');
for (const tenantId of [ours, theirs])
  await withTenant(app.db, tenantId, async (tx) => {
    await sql`insert into tenant (tenant_id, name) values (${tenantId}, ${tenantId})`.execute(tx);
    await tx
      .insertInto('quotaCounter')
      .values({ tenantId, name: 'seen', windowStart: new Date(0), used: 1 })
      .execute();
  });

test('a unit of work with one statement makes three round trips', async () => {
  const one = openDatabase(roleUrls, { log, connectionsMax: { app: 1 } });
  let roundTrips = 0;
  one.app.pool.on('connect', (client) => {
    // The protocol's events are not in the types of pg. The server says that it is ready once per round trip.
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
    connection.on('readyForQuery', () => roundTrips++);
  });
  const work = () => withTenant(one.app.db, ours, counted);
  await work();
  roundTrips = 0;
  assert.deepEqual(await work(), [{ tenantId: ours, name: 'seen' }]);
  assert.equal(roundTrips, 3);
  await one.close();
});

test("a unit of work sees its own tenant's rows, whatever it asks for", async () => {
  const seen = await withTenant(app.db, ours, counted);
  assert.deepEqual(seen, [{ tenantId: ours, name: 'seen' }]);
});

test('a snapshot sees the rows of one moment, whatever is committed meanwhile, and writes none', async () => {
  const [before, after] = await withTenantSnapshot(app.db, ours, async (tx) => {
    const before = await counted(tx);
    await withTenant(app.db, ours, (other) => count(other, ours, 'meanwhile'));
    return [before, await counted(tx)];
  });
  assert.deepEqual(after, before);
  const seenAfterwards = await withTenant(app.db, ours, counted);
  assert.equal(seenAfterwards.length, before.length + 1);
  await assert.rejects(
    withTenantSnapshot(app.db, ours, (tx) => count(tx, ours, 'written')),
    /read-only transaction/,
  );
  await withTenant(app.db, ours, (tx) => tx.deleteFrom('quotaCounter').where('name', '=', 'meanwhile').execute());
});

test("a row for another tenant is refused, and so is any row where no tenant's work is under way", async () => {
  const refused = (error: unknown) => error instanceof pg.DatabaseError && error.code === '42501';
  await assert.rejects(
    withTenant(app.db, ours, (tx) => count(tx, theirs, 'smuggled')),
    refused,
  );
  await assert.rejects(count(app.db, ours, 'stray'), refused);
  assert.deepEqual(await counted(app.db), []);
});

test('what is not a tenant id never reaches the server', async () => {
  const forged = `${ours}', true); drop table app.tenant; --` as typeof ours; // what a forged id would claim to be
  let ran = false;
  await assert.rejects(
    withTenant(app.db, forged, async () => {
      ran = true;
    }),
    { code: 'server.fault' },
  );
  assert.equal(ran, false);
});

test('a unit of work that throws leaves nothing behind, neither rows nor the tenant on its connection', async () => {
  const one = openDatabase(roleUrls, { log, connectionsMax: { app: 1 } });
  const fault = new Error('no');
  await assert.rejects(
    withTenant(one.app.db, ours, async (tx) => {
      await tx
        .insertInto('quotaCounter')
        .values({ tenantId: ours, name: 'undone', windowStart: new Date(0), used: 1 })
        .execute();
      throw fault;
    }),
    fault,
  );
  const setting = await sql<{ tenant: string | null }>`select current_setting('app.tenant_id', true) as tenant`.execute(one.app.db);
  assert.ok(!setting.rows[0]?.tenant);
  assert.deepEqual(await withTenant(one.app.db, ours, counted), [{ tenantId: ours, name: 'seen' }]);
  assert.equal(one.app.pool.totalCount, 1, 'the connection itself was fine and stays');
  await one.close();
});

test('a failed statement that nobody passed on is not taken for a commit', async () => {
  const swallowed = (run: () => Promise<unknown>) => run().catch(() => undefined);
  await assert.rejects(
    withTenant(app.db, ours, (tx) => swallowed(() => sql`select 1 / 0`.execute(tx))),
    { code: 'server.fault' },
  );
  await assert.rejects(
    inTransaction(database.engine, (client) => swallowed(() => client.query('select 1 / 0'))),
    { code: 'server.fault' },
  );
});

test('a connection that dies in the middle of a unit of work is not used again, and the process lives', async () => {
  const one = openDatabase(roleUrls, { log, connectionsMax: { app: 1, engine: 1 } });
  const suicide = 'select pg_terminate_backend(pg_backend_pid())';
  await assert.rejects(
    withTenant(one.app.db, ours, (tx) => sql.raw(suicide).execute(tx)),
    isRetryable,
  );
  assert.deepEqual(await withTenant(one.app.db, ours, counted), [{ tenantId: ours, name: 'seen' }]);
  await assert.rejects(
    inTransaction(one.engine, (client) => client.query(suicide)),
    isRetryable,
  );
  assert.equal(await inTransaction(one.engine, async (client) => (await client.query('select 1 as one')).rows[0].one), 1);
  await one.close();
});

test('a connection whose statement was given up is closed, inside a transaction and outside', async () => {
  const hasty = openDatabase(roleUrls, { log, connectionsMax: { app: 1 }, queryTimeoutMs: 60 });
  const slow = sql`select pg_sleep(1)`;
  for (const run of [() => slow.execute(hasty.app.db), () => withTenant(hasty.app.db, ours, (tx) => slow.execute(tx))]) {
    await assert.rejects(run, isRetryable);
    assert.equal(hasty.app.pool.totalCount, 0);
  }
  // Sixty milliseconds may be too little for a busy machine: then it is given up as well, and the next has a connection of its own again.
  const ask = () => hasty.app.pool.query('select 1 as one').catch((error: unknown) => assert.ok(isRetryable(error), String(error)));
  for (const end = Date.now() + 60_000; (await ask())?.rows[0].one !== 1; ) assert.ok(Date.now() < end);
  await hasty.close();
});

test('a count is a number, and a bigint that no number can hold exactly is refused', async () => {
  assert.deepEqual((await app.pool.query('select count(*) as all from (values (1), (2)) as v')).rows, [{ all: 2 }]);
  assert.deepEqual((await app.pool.query('select $1::bigint as big', ['9007199254740991'])).rows, [{ big: Number.MAX_SAFE_INTEGER }]);
  await assert.rejects(app.pool.query('select 9007199254740993::bigint as big'), RangeError);
});

test('columns are camel case, keys inside json are left as they are', async () => {
  const { rows } = await sql`select 1 as some_column, '{"some_key": {"inner_key": 1}}'::jsonb as some_json`.execute(app.db);
  assert.deepEqual(rows, [{ someColumn: 1, someJson: { some_key: { inner_key: 1 } } }]);
});

test('work on a bare connection is committed as a whole or not at all', async () => {
  const mark = (role: RoleDatabase, beat: string, fail: boolean) =>
    inTransaction(role, async (client) => {
      await client.query({ name: 'mark', text: `select set_config('app.test', $1, true)`, values: [beat] });
      if (fail) throw new Error('no');
      const { rows } = await client.query<{ value: string }>(`select current_setting('app.test') as value`);
      return rows[0]?.value;
    });
  assert.equal(await mark(database.engine, 'kept', false), 'kept');
  await assert.rejects(mark(database.engine, 'dropped', true), /no/);
  assert.ok(!(await database.engine.pool.query(`select current_setting('app.test', true) as value`)).rows[0].value);
});

test('a server that is not there is unavailable, which is worth another try', async () => {
  const away = openDatabase({ ...roleUrls, app: 'postgres://nobody:x@127.0.0.1:1/none' }, { log });
  const attempt = withTenant(away.app.db, ours, async () => undefined);
  await assert.rejects(attempt, { code: 'database.unavailable' });
  await attempt.catch((error: unknown) => assert.ok(isRetryable(error)));
  await away.close();
});

test('only what may end otherwise is retried', () => {
  const state = (code: string) => Object.assign(new pg.DatabaseError('refused', 7, 'error'), { code });
  for (const code of ['40001', '40P01', '08006', '57P01', '57P03']) assert.ok(isRetryable(state(code)), code);
  for (const code of ['23505', '42501', '57014', '25006', '22P02']) assert.ok(!isRetryable(state(code)), code);
  assert.ok(!isRetryable(new FactotumError('task.not_found', 'There is no such task.')));
  assert.ok(!isRetryable(new TypeError('undefined is not a function')));
});
