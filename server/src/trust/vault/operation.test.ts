import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createLogger, type ErrorCode, isFactotumError } from '#kernel';
import { openDatabase, type Tx, withTenant } from '#kernel/database';
import { testDatabase, testPools } from '../../../test/database.ts';
import { type TestTenant, tenantFactory } from '../../../test/tenant.ts';
import { deleteNote, moveNote, undoOperation, writeNote } from './change.ts';
import { findOperation, listNotes, noteHistory, readNote } from './read.ts';

const { database, roleUrls, close } = await testDatabase();
const second = openDatabase(roleUrls, { log: createLogger({ level: 'silent' }), ...testPools });
const tenants = await tenantFactory(database);
after(async () => {
  await tenants.close();
  await second.close();
  await close();
});

const at = new Date('2026-03-01T10:00:00.000Z');
const member = { author: 'user:usr_1', trusted: true, at } as const;
const key = 'tsk_1/1/s1';
const call = { author: 'connector:vault', trusted: false, at, operationKey: key } as const;
const undo = { author: 'system:engine', at, operationKey: key } as const;
const is = (code: ErrorCode) => (error: unknown) => isFactotumError(error, code);

/** Runs the same work in eight transactions at once, spread over two processes' pools. */
const atOnce = <R>(tenant: TestTenant, work: (tx: Tx) => Promise<R>) =>
  Promise.all(Array.from({ length: 8 }, (_, index) => withTenant((index % 2 === 0 ? database : second).app.db, tenant.tenantId, work)));
const contentAt = (tenant: TestTenant, path: string) => tenant.run((tx) => readNote(tx, tenant.keys, path)).then((note) => note?.content);
const write = (tenant: TestTenant, path: string, content: string) =>
  tenant.run((tx) => writeNote(tx, tenant.keys, { ...member, path, content }));

test('a repeated call writes once and answers what the first did, also after the note went on', async () => {
  const tenant = await tenants.build();
  const run = () => tenant.run((tx) => writeNote(tx, tenant.keys, { ...call, path: 'a.md', content: 'one' }));
  const first = await run();
  assert.deepEqual(await run(), { ...first, changed: false });
  await write(tenant, 'a.md', 'by a member');
  await tenant.run((tx) => moveNote(tx, tenant.keys, { ...member, from: 'a.md', to: 'b.md' }));
  assert.deepEqual(await run(), { ...first, changed: false });
  assert.equal(await contentAt(tenant, 'b.md'), 'by a member');
  assert.equal(await contentAt(tenant, 'a.md'), undefined);
  const { changed, ...expected } = first;
  assert.equal(changed, true);
  assert.deepEqual(await tenant.run((tx) => findOperation(tx, tenant.keys, key)), expected);
  assert.equal(await tenant.run((tx) => findOperation(tx, tenant.keys, 'tsk_1/1/s2')), null);
});

test('a call whose transaction was lost leaves nothing, and its repetition does the work', async () => {
  const tenant = await tenants.build();
  const lost = tenant.run(async (tx) => {
    await writeNote(tx, tenant.keys, { ...call, path: 'a.md', content: 'one' });
    throw new Error('the connection was lost');
  });
  await assert.rejects(lost, /connection was lost/);
  assert.equal(await tenant.run((tx) => findOperation(tx, tenant.keys, key)), null);
  const done = await tenant.run((tx) => writeNote(tx, tenant.keys, { ...call, path: 'a.md', content: 'one' }));
  assert.deepEqual([done.changed, done.version], [true, 1]);
});

const operations = {
  'creating write': {
    prepare: null,
    work: (tenant: TestTenant) => (tx: Tx) => writeNote(tx, tenant.keys, { ...call, path: 'a.md', content: 'new' }),
  },
  'creating write that must be the first': {
    prepare: null,
    work: (tenant: TestTenant) => (tx: Tx) => writeNote(tx, tenant.keys, { ...call, path: 'a.md', content: 'new', ifNoneMatch: '*' }),
  },
  write: {
    prepare: 'a.md',
    work: (tenant: TestTenant) => (tx: Tx) => writeNote(tx, tenant.keys, { ...call, path: 'a.md', content: 'new' }),
  },
  move: { prepare: 'a.md', work: (tenant: TestTenant) => (tx: Tx) => moveNote(tx, tenant.keys, { ...call, from: 'a.md', to: 'b.md' }) },
  delete: { prepare: 'a.md', work: (tenant: TestTenant) => (tx: Tx) => deleteNote(tx, tenant.keys, { ...call, path: 'a.md' }) },
} as const;

for (const [name, { prepare, work }] of Object.entries(operations))
  test(`a ${name} called eight times at once with one key happens once, and its undo as well`, async () => {
    const tenant = await tenants.build();
    if (prepare !== null) await write(tenant, prepare, 'old');
    const results = await atOnce(tenant, work(tenant));
    assert.equal(results.filter(({ changed }) => changed).length, 1);
    assert.equal(new Set(results.map(({ etag }) => etag)).size, 1);
    const version = prepare === null ? 1 : 2;
    assert.ok(results.every((one) => one.version === version));

    const undone = await atOnce(tenant, (tx) => undoOperation(tx, tenant.keys, undo));
    assert.equal(undone.filter(({ changed }) => changed).length, 1);
    assert.ok(undone.every((one) => one.version === version + 1));
    assert.equal(await contentAt(tenant, 'a.md'), prepare === null ? undefined : 'old');
    assert.equal((await tenant.run((tx) => listNotes(tx, tenant.keys))).length, prepare === null ? 0 : 1);
    // Late repetitions of the call find that it happened; they do not do it again.
    assert.equal((await tenant.run(work(tenant))).changed, false);
    assert.equal(await contentAt(tenant, 'a.md'), prepare === null ? undefined : 'old');
  });

test('one key at two notes at once changes one of them; the other is asked to try again and then finds the first', async () => {
  const tenant = await tenants.build();
  for (const path of ['a.md', 'b.md']) await write(tenant, path, 'old');
  const work = (path: string) => (tx: Tx) => writeNote(tx, tenant.keys, { ...call, path, content: 'new' });
  const tries = await Promise.allSettled(['a.md', 'b.md', 'c.md'].map((path) => tenant.run(work(path))));
  assert.equal(tries.filter((one) => one.status === 'fulfilled' && one.value.changed).length, 1);
  for (const one of tries) if (one.status === 'rejected') assert.ok(isFactotumError(one.reason, 'server.busy') && one.reason.retry);
  for (const path of ['a.md', 'b.md', 'c.md']) assert.equal((await tenant.run(work(path))).changed, false);
  const contents = await Promise.all(['a.md', 'b.md', 'c.md'].map((path) => contentAt(tenant, path)));
  assert.equal(contents.filter((content) => content === 'new').length, 1);
});

test('an undo gives back text, path and trust as they were', async () => {
  const tenant = await tenants.build();
  const before = await write(tenant, 'Contacts.md', 'by a member');
  await tenant.run((tx) => writeNote(tx, tenant.keys, { ...call, path: 'Contacts.md', content: 'by a tool' }));
  await tenant.run((tx) => undoOperation(tx, tenant.keys, undo));
  const note = await tenant.run((tx) => readNote(tx, tenant.keys, 'Contacts.md'));
  assert.deepEqual(
    [note?.content, note?.trusted, note?.noteId, note?.version, note?.change],
    ['by a member', true, before.noteId, 3, 'restored'],
  );
});

test('what somebody changed since is not undone', async () => {
  const tenant = await tenants.build();
  await tenant.run((tx) => writeNote(tx, tenant.keys, { ...call, path: 'a.md', content: 'by a tool' }));
  await write(tenant, 'a.md', 'improved by a member');
  await assert.rejects(
    tenant.run((tx) => undoOperation(tx, tenant.keys, undo)),
    is('vault.changed'),
  );
  assert.equal(await contentAt(tenant, 'a.md'), 'improved by a member');
  await assert.rejects(
    tenant.run((tx) => undoOperation(tx, tenant.keys, { ...undo, operationKey: 'never used' })),
    is('vault.not_found'),
  );
});

test("one tenant's operation keys say nothing about another's", async () => {
  const [ours, theirs] = [await tenants.build(), await tenants.build()];
  for (const tenant of [ours, theirs]) {
    const done = await tenant.run((tx) => writeNote(tx, tenant.keys, { ...call, path: 'a.md', content: tenant.tenantId }));
    assert.equal(done.changed, true);
    assert.equal((await tenant.run((tx) => noteHistory(tx, tenant.keys, done.noteId))).length, 1);
  }
});
