import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { emptyDatabase } from '../../../test/database.ts';
import { migrate, pendingMigrations } from './migrate.ts';
import { withOwner } from './owner.ts';

const folder = await mkdtemp(join(tmpdir(), 'factotum-sql-'));
after(() => rm(folder, { recursive: true }));

let ownerUrl = '';
const closing: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closing) await close();
});

beforeEach(async () => {
  await rm(folder, { recursive: true });
  await writeFiles({
    '0001_first.sql': `create table app.first (id integer); insert into app.first values (1);`,
    '0002_second.sql': `do $$ begin insert into app.first values (2); end $$;\nselect pg_sleep(0.05);`,
  });
  const made = await emptyDatabase();
  ownerUrl = made.ownerUrl;
  closing.push(made.close);
});

async function writeFiles(files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

const read = (statement: string) => withOwner(ownerUrl, async (client) => (await client.query({ text: statement, rowMode: 'array' })).rows);
const failsFor = (reason: string, message: RegExp) => (error: unknown) =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'database.migration_failed' &&
  'details' in error &&
  JSON.stringify(error.details) === JSON.stringify({ reason }) &&
  message.test(error.message);

test('files are applied once each, in their order, and the next start applies only what is new', async () => {
  const applied: string[] = [];
  await migrate(ownerUrl, folder, { onApplied: (name) => applied.push(name) });
  await writeFiles({ '0003_third.sql': 'insert into app.first values (3);' });
  await migrate(ownerUrl, folder, { onApplied: (name) => applied.push(name) });
  await migrate(ownerUrl, folder, { onApplied: (name) => applied.push(name) });
  assert.deepEqual(applied, ['0001_first.sql', '0002_second.sql', '0003_third.sql']);
  assert.deepEqual(await read('select id from app.first order by id'), [[1], [2], [3]]);
  assert.deepEqual(await read('select number, name, length(sha256) from app.schema_migration order by number'), [
    [1, '0001_first.sql', 64],
    [2, '0002_second.sql', 64],
    [3, '0003_third.sql', 64],
  ]);
});

test('what the database lacks can be asked without changing it', async () => {
  assert.deepEqual(await pendingMigrations(ownerUrl, folder), ['0001_first.sql', '0002_second.sql']);
  await migrate(ownerUrl, folder);
  assert.deepEqual(await pendingMigrations(ownerUrl, folder), []);
  await writeFiles({ '0003_third.sql': 'insert into app.first values (3);' });
  assert.deepEqual(await pendingMigrations(ownerUrl, folder), ['0003_third.sql']);
  assert.deepEqual(await read('select id from app.first order by id'), [[1], [2]]);
  await rm(join(folder, '0002_second.sql'));
  await assert.rejects(pendingMigrations(ownerUrl, folder), failsFor('newer', /0002_second\.sql/));
});

test('of several starters at once one does the work and all of them come up', async () => {
  const applied: string[] = [];
  await Promise.all(Array.from({ length: 5 }, () => migrate(ownerUrl, folder, { onApplied: (name) => applied.push(name) })));
  assert.deepEqual(applied, ['0001_first.sql', '0002_second.sql']);
  assert.deepEqual(await read('select id from app.first order by id'), [[1], [2]]);
});

test('an applied file that was edited afterwards stops the start, other line ends do not', async () => {
  await migrate(ownerUrl, folder);
  await writeFiles({ '0002_second.sql': `do $$ begin insert into app.first values (2); end $$;\r\nselect pg_sleep(0.05);` });
  await migrate(ownerUrl, folder);
  await writeFiles({ '0002_second.sql': 'insert into app.first values (22);' });
  await assert.rejects(migrate(ownerUrl, folder), failsFor('edited', /0002_second\.sql was changed/));
});

test('a database of a newer release is left alone', async () => {
  await writeFiles({ '0003_third.sql': 'insert into app.first values (3);' });
  await migrate(ownerUrl, folder);
  await rm(join(folder, '0003_third.sql'));
  await assert.rejects(migrate(ownerUrl, folder), failsFor('newer', /0003_third\.sql/));
});

test('a refused statement undoes its whole file and is named with its line', async () => {
  await writeFiles({ '0003_third.sql': 'insert into app.first values (3);\n\nselect * from app.nowhere;' });
  await assert.rejects(migrate(ownerUrl, folder), failsFor('statement', /0003_third\.sql was refused: .*nowhere.* \(line 3\)/));
  assert.deepEqual(await read('select id from app.first order by id'), [[1], [2]]);
});

test('a file that comes before an applied one, shares a number or has another name is refused', async () => {
  await rename(join(folder, '0002_second.sql'), join(folder, '0004_second.sql'));
  await migrate(ownerUrl, folder);
  await writeFiles({ '0003_late.sql': 'select 1' });
  await assert.rejects(migrate(ownerUrl, folder), failsFor('order', /0003_late\.sql/));
  await writeFiles({ '0004_again.sql': 'select 1' });
  await assert.rejects(migrate(ownerUrl, folder), failsFor('files', /same number/));
  await rm(join(folder, '0004_again.sql'));
  await writeFiles({ 'later.sql': 'select 1' });
  await assert.rejects(migrate(ownerUrl, folder), failsFor('files', /later\.sql is not named/));
});
