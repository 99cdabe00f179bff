import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { testDatabase } from '../../../test/database.ts';
import { withOwner } from './owner.ts';
import { sweepTable } from './sweep.ts';

const { ownerUrl, close } = await testDatabase();
after(close);
const table = 'public.swept';
const sweep = (withinMs: number) => sweepTable({ ownerUrl, superuserUrl: null, table, withinMs });
/** The server's own word for the file that holds the rows. */
const fileOf = () =>
  withOwner(
    ownerUrl,
    async (client) => (await client.query<{ path: string }>('select pg_relation_filepath($1) as path', [table])).rows[0]?.path,
  );

await withOwner(ownerUrl, (client) =>
  client.query(`create table ${table} (id integer, secret text); insert into ${table} values (1, 'first')`),
);

test('rows are written to another file, and of a server that is not ours nothing is said about the log', async () => {
  const before = await fileOf();
  await withOwner(ownerUrl, (client) => client.query(`update ${table} set secret = ''`));
  assert.equal(await sweep(30_000), 'log');
  assert.notEqual(await fileOf(), before);
});

test('while somebody still sees what was there it is not called gone, and afterwards it is', async () => {
  await withOwner(ownerUrl, async (watcher) => {
    await watcher.query('begin isolation level repeatable read');
    await watcher.query('select pg_current_snapshot()');
    await withOwner(ownerUrl, (client) => client.query(`update ${table} set secret = 'second'`));
    assert.equal(await sweep(300), 'rows');
    await watcher.query('commit');
  });
  assert.equal(await sweep(30_000), 'log');
});

test('a table that somebody holds is left alone', async () => {
  await withOwner(ownerUrl, async (holder) => {
    await holder.query(`begin; lock table ${table} in share mode`);
    assert.equal(await sweep(0), 'rows');
    await holder.query('rollback');
  });
  assert.equal(await sweep(30_000), 'log');
});
