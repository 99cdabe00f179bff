import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '#kernel';
import { testDatabase } from '../../../test/database.ts';
import { createStatementNames } from './prepared.ts';
import { withTenant } from './transaction.ts';

test('a text gets a name when it has come often, and keeps it', () => {
  const nameOf = createStatementNames();
  assert.deepEqual(
    Array.from({ length: 4 }, () => nameOf('select 1 where $1')),
    [undefined, undefined, 'own-1', 'own-1'],
  );
  for (let at = 0; at < 3; at += 1) nameOf('select 2 where $1');
  assert.equal(nameOf('select 2 where $1'), 'own-2');
});

test('what takes all columns is never prepared: a migration would make its plan invalid', () => {
  const nameOf = createStatementNames();
  for (const text of ['select * from "a"', 'select "a".* from "a"', 'insert into a values ($1) returning *'])
    for (let at = 0; at < 5; at += 1) assert.equal(nameOf(text), undefined);
  for (let at = 0; at < 3; at += 1) nameOf('select count(*) from a where b = $1');
  assert.notEqual(nameOf('select count(*) from a where b = $1'), undefined);
});

test('texts without end neither grow the memory nor the number of prepared statements', () => {
  const nameOf = createStatementNames();
  const names = new Set<string | undefined>();
  for (let at = 0; at < 5_000; at += 1) for (let use = 0; use < 4; use += 1) names.add(nameOf(`select ${at}`));
  assert.equal(names.size, 251);
});

test('the same statement in many transactions is prepared once a connection and goes on answering', async () => {
  const { database, close } = await testDatabase();
  after(close);
  const tenantId = newId('tenant');
  const ask = (limit: number) =>
    withTenant(database.app.db, tenantId, async (tx) => {
      const { rows } = await sql<{ n: number }>`select n from generate_series(1, 10) as n limit ${limit}`.execute(tx);
      return rows.length;
    });
  for (let at = 0; at < 10; at += 1) assert.equal(await ask(at), at);
  const prepared = await withTenant(database.app.db, tenantId, (tx) =>
    sql<{ name: string }>`select name from pg_prepared_statements where statement like '%generate_series%'`.execute(tx),
  );
  assert.equal(prepared.rows.length, 1);
});
