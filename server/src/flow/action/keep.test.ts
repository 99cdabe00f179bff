import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import type { ToolContext } from '#flow/tool';
import { isFactotumError, newId } from '#kernel';
import { noteHistory, readNote, writeNote } from '#trust/vault';
import { testDatabase } from '../../../test/database.ts';
import { type TestTenant, tenantFactory } from '../../../test/tenant.ts';
import { createKeeper, type Keeper, readForTool, readSetup } from './keep.ts';
import { createOutbox, type Outbox } from './outbox.ts';

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
const root = await mkdtemp(join(tmpdir(), 'factotum-outbox-'));
after(async () => {
  await tenants.close();
  await close();
  await rm(root, { recursive: true });
});

const outbox = createOutbox(root);
const keeperWith = (changed: Partial<Outbox> = {}): Keeper =>
  createKeeper({ database, keysOf: tenants.keyring.of, outbox: { ...outbox, ...changed } });
const keeper = keeperWith();

/** What dies in the middle of a call never comes back. */
class Killed extends Error {}
const kill = () => Promise.reject(new Killed());

async function buildTenant(
  writesFiles = true,
): Promise<TestTenant & { context(key?: string, at?: string): ToolContext; files(): Promise<string[]> }> {
  const tenant = await tenants.build();
  const { tenantId } = tenant;
  await tenant.run((tx) =>
    sql`update app.tenant set settings = ${JSON.stringify({ writesFiles })}::jsonb where tenant_id = ${tenantId}`.execute(tx),
  );
  const taskId = newId('task');
  return {
    ...tenant,
    context: (key = 'task/1/pay', at = '2026-03-01T23:59:59Z') => ({
      tenantId,
      taskId,
      key,
      signal: new AbortController().signal,
      now: new Date(at),
    }),
    files: () => readdir(join(root, tenantId, 'bank')).catch(() => []),
  };
}

const order = { path: 'Accounting/Payments/1.xml', content: '<one/>', outbox: 'bank' };

test('a document is a sealed note and, where the tenant asks for files, one file beside it', async () => {
  const tenant = await buildTenant();
  const kept = await keeper.keep(tenant.context(), order);
  assert.equal(kept.file, join(root, tenant.tenantId, 'bank', '1.xml'));
  assert.equal(await readFile(kept.file ?? '', 'utf8'), '<one/>');
  assert.deepEqual(await tenant.files(), ['1.xml']);
  const note = await tenant.run((tx) => readNote(tx, tenant.keys, order.path));
  assert.deepEqual([note?.content, note?.trusted, note?.author, note?.etag], ['<one/>', false, 'system:engine', kept.etag]);
  assert.deepEqual(await keeper.find(tenant.context(), 'bank'), { kind: 'done', result: kept });
  const quiet = await buildTenant(false);
  assert.equal((await keeper.keep(quiet.context(), order)).file, null);
  assert.deepEqual(await quiet.files(), []);
  assert.equal((await keeper.find(quiet.context(), 'bank')).kind, 'done');
});

test('ten calls with one key at once leave one version and one file, and all answer the same', async () => {
  const tenant = await buildTenant();
  const answers = await Promise.allSettled(
    Array.from({ length: 10 }, (_, at) => keeper.keep(tenant.context(), { ...order, content: `<call${at}/>` })),
  );
  const values = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  assert.ok(values.length > 0);
  // Whoever was pushed aside is told to come again, and finds the same then.
  assert.ok(answers.every((answer) => answer.status === 'fulfilled' || isFactotumError(answer.reason, 'server.busy')));
  for (const value of [...values, await keeper.keep(tenant.context(), order)]) assert.deepEqual(value, values[0]);
  assert.deepEqual(await tenant.files(), ['1.xml']);
  const note = await tenant.run((tx) => readNote(tx, tenant.keys, order.path));
  assert.equal(note?.version, 1);
  assert.equal(await readFile(values[0]?.file ?? '', 'utf8'), note?.content);
});

test('a kill before the note is committed leaves nothing that counts', async () => {
  const tenant = await buildTenant();
  const dying = keeperWith({
    prepare: async (file) => {
      await outbox.prepare(file);
      await kill();
    },
  });
  await assert.rejects(dying.keep(tenant.context(), order), Killed);
  assert.deepEqual(await keeper.find(tenant.context(), 'bank'), { kind: 'absent' });
  const kept = await keeper.keep(tenant.context(), { ...order, content: '<later/>' });
  assert.equal(await readFile(kept.file ?? '', 'utf8'), '<later/>');
  assert.deepEqual(await tenant.files(), ['1.xml']);
});

test('a kill between note and file: the lookup says it did not happen, and the second call completes the first, even the day after', async () => {
  const tenant = await buildTenant();
  await assert.rejects(keeperWith({ release: kill }).keep(tenant.context(), order), Killed);
  assert.deepEqual(await keeper.find(tenant.context(), 'bank'), { kind: 'absent' });
  const kept = await keeper.keep(tenant.context(undefined, '2026-03-02T00:00:01Z'), {
    ...order,
    path: 'Accounting/Payments/2.xml',
    content: '<two/>',
  });
  assert.equal(kept.path, order.path);
  assert.equal(await readFile(kept.file ?? '', 'utf8'), '<one/>');
  assert.deepEqual(await tenant.files(), ['1.xml']);
  assert.deepEqual(await keeper.find(tenant.context(), 'bank'), { kind: 'done', result: kept });
});

test('a file that its program has taken away is not written again', async () => {
  const tenant = await buildTenant();
  const kept = await keeper.keep(tenant.context(), order);
  await rename(kept.file ?? '', join(root, 'taken.xml'));
  assert.deepEqual(await keeper.find(tenant.context(), 'bank'), { kind: 'done', result: kept });
  assert.deepEqual(await keeper.keep(tenant.context(), order), kept);
  assert.deepEqual(await tenant.files(), []);
});

test('where the disk does not take the file there is no note either, and the call can be made again', async () => {
  const tenant = await buildTenant();
  // A file stands where the folder would have to be: that refuses root as well.
  await writeFile(join(root, tenant.tenantId), '');
  await assert.rejects(keeper.keep(tenant.context(), order), (error) => isFactotumError(error, 'tool.unavailable') && error.retry);
  assert.deepEqual(await keeper.find(tenant.context(), 'bank'), { kind: 'absent' });
  assert.equal(await tenant.run((tx) => readNote(tx, tenant.keys, order.path)), null);
  await rm(join(root, tenant.tenantId));
  assert.notEqual((await keeper.keep(tenant.context(), order)).file, null);
});

test('a call that was given up before it began to write writes nothing', async () => {
  const tenant = await buildTenant();
  await assert.rejects(keeper.keep({ ...tenant.context(), signal: AbortSignal.abort() }, order));
  assert.deepEqual(await keeper.find(tenant.context(), 'bank'), { kind: 'absent' });
});

test('taking back leaves what was there before, once, and not when a member has written since', async () => {
  const tenant = await buildTenant();
  const context = tenant.context('task/1/write');
  const at = { path: 'Notes/a.md', outbox: null };
  const member = { author: 'user:usr_1', trusted: true, at: context.now };
  await tenant.run((tx) => writeNote(tx, tenant.keys, { ...member, path: at.path, content: 'mine' }));
  await keeper.keep(context, { ...at, content: 'yours' });
  for (let time = 0; time < 2; time += 1) assert.deepEqual(await keeper.takeBack(context), { kind: 'done', result: {} });
  const back = await tenant.run((tx) => readNote(tx, tenant.keys, at.path));
  assert.deepEqual([back?.content, back?.trusted, back?.version], ['mine', true, 3]);
  assert.equal((await tenant.run((tx) => noteHistory(tx, tenant.keys, back?.noteId ?? newId('note')))).length, 3);
  const other = tenant.context('task/1/other');
  await keeper.keep(other, { ...at, content: 'yours again' });
  await tenant.run((tx) => writeNote(tx, tenant.keys, { ...member, path: at.path, content: 'mine again' }));
  const refused = await keeper.takeBack(other);
  assert.equal(refused.kind === 'failed' && refused.code, 'vault.changed');
});

test('a note says who wrote it, and only what a member wrote sets a tool up', async () => {
  const tenant = await buildTenant();
  const deps = { database, keysOf: tenants.keyring.of };
  const context = tenant.context();
  const content = '---\nname: Northwind\n---\n';
  await tenant.run((tx) => writeNote(tx, tenant.keys, { path: 'A.md', content, author: 'user:usr_1', trusted: true, at: context.now }));
  await keeper.keep(context, { path: 'B.md', content, outbox: null });
  assert.deepEqual((await readForTool(deps, context, 'A.md')).label, { sources: ['note:A.md'], integrity: 'trusted', readers: 'tenant' });
  assert.equal((await readForTool(deps, context, 'B.md')).label.integrity, 'untrusted');
  assert.deepEqual(await readSetup(deps, context, 'A.md'), { name: 'Northwind' });
  assert.deepEqual(await readSetup(deps, context, 'B.md'), {});
  assert.deepEqual(await readSetup(deps, context, 'C.md'), {});
  const stranger = await buildTenant();
  await assert.rejects(readForTool(deps, stranger.context(), 'A.md'), (error) => isFactotumError(error, 'vault.not_found'));
  assert.deepEqual(await readSetup(deps, stranger.context(), 'A.md'), {});
});

test('no name leads out of the outbox', () => {
  for (const name of ['..', '../x', 'a/b', '.hidden', '', 'a\0', 'x'.repeat(200)])
    for (const file of [
      { tenant: name, folder: 'bank', name: 'a' },
      { tenant: 't', folder: name, name: 'a' },
      { tenant: 't', folder: 'bank', name },
    ])
      assert.throws(
        () => outbox.pathOf(file),
        (error) => isFactotumError(error, 'tool.failed'),
      );
});

test('what lies in the outbox is for its owner only', async () => {
  const tenant = await buildTenant();
  const { file } = await keeper.keep(tenant.context(), order);
  assert.equal((await stat(file ?? '')).mode & 0o777, 0o600);
  assert.equal((await stat(join(root, tenant.tenantId, 'bank'))).mode & 0o777, 0o700);
});
