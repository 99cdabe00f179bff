import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isFactotumError } from '#kernel';
import { testDatabase } from '../../../test/database.ts';
import { type TestTenant, tenantFactory } from '../../../test/tenant.ts';
import { deleteNote, restoreVersion, writeNote } from './change.ts';
import { listDeleted, pruneHistory, readVersion } from './history.ts';
import { noteHistory, readNote } from './read.ts';
import { sumOfBytes } from './store.ts';

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
after(async () => {
  await tenants.close();
  await close();
});

const dayMs = 86_400_000;
const start = new Date('2026-03-01T10:00:00.000Z');
const day = (n: number) => new Date(start.getTime() + n * dayMs);
const member = (n: number) => ({ author: 'user:usr_1', trusted: true, at: day(n) }) as const;
const write = (tenant: TestTenant, path: string, n: number) =>
  tenant.run((tx) => writeNote(tx, tenant.keys, { ...member(n), path, content: `${path} of day ${n}` }));
const versionsOf = async (tenant: TestTenant, noteId: Parameters<typeof noteHistory>[2]) =>
  (await tenant.run((tx) => noteHistory(tx, tenant.keys, noteId, { limit: 1_000 }))).map(({ version }) => version);
const prune = (tenant: TestTenant, rule: { versions: number; days: number }, n: number) =>
  pruneHistory(database.app, tenant.tenantId, rule, day(n));
const used = (tenant: TestTenant) =>
  tenant.run((tx) => tx.selectFrom('quotaCounter').select('used').where('name', '=', 'vaultBytes').executeTakeFirstOrThrow());

test('of many versions the newest are kept, and the quota counts what is left', async () => {
  const tenant = await tenants.build();
  const { noteId } = await write(tenant, 'a.md', 0);
  for (let n = 1; n < 12; n += 1) await write(tenant, 'a.md', n);
  assert.equal(await prune(tenant, { versions: 5, days: 365 }, 12), 7);
  assert.deepEqual(await versionsOf(tenant, noteId), [12, 11, 10, 9, 8]);
  assert.equal((await used(tenant)).used, await tenant.run((tx) => sumOfBytes(tx, tenant.tenantId)));
  assert.equal(await prune(tenant, { versions: 5, days: 365 }, 12), 0);
});

test('what was replaced long ago goes, an old note that was replaced yesterday does not, and the newest never', async () => {
  const tenant = await tenants.build();
  const [old, recent, alone] = [await write(tenant, 'old.md', 0), await write(tenant, 'recent.md', 0), await write(tenant, 'alone.md', 0)];
  await write(tenant, 'old.md', 1);
  await write(tenant, 'recent.md', 99);
  await prune(tenant, { versions: 100, days: 30 }, 100);
  assert.deepEqual(await versionsOf(tenant, old.noteId), [2]);
  assert.deepEqual(await versionsOf(tenant, recent.noteId), [2, 1]);
  assert.deepEqual(await versionsOf(tenant, alone.noteId), [1]);
});

test('a tool’s call is found by its key for thirty days, however many versions came after it', async () => {
  const tenant = await tenants.build();
  const call = { author: 'tool:vault', trusted: false, at: day(0), operationKey: 'tsk_1/1/s1' };
  const { noteId } = await tenant.run((tx) => writeNote(tx, tenant.keys, { ...call, path: 'a.md', content: 'by a tool' }));
  for (let n = 1; n < 6; n += 1) await write(tenant, 'a.md', n);
  await prune(tenant, { versions: 1, days: 365 }, 6);
  assert.deepEqual(await versionsOf(tenant, noteId), [6, 1]);
  await prune(tenant, { versions: 1, days: 365 }, 60);
  assert.deepEqual(await versionsOf(tenant, noteId), [6]);
});

test('a deleted note is listed, read as it was, and restored where its path is free', async () => {
  const tenant = await tenants.build();
  const { noteId } = await write(tenant, 'a.md', 0);
  await tenant.run((tx) => deleteNote(tx, tenant.keys, { ...member(1), path: 'a.md' }));
  const [gone] = await tenant.run((tx) => listDeleted(tx, tenant.keys, null, 10));
  assert.deepEqual([gone?.noteId, gone?.path, gone?.version, gone?.change], [noteId, 'a.md', 2, 'deleted']);
  assert.deepEqual(await tenant.run((tx) => listDeleted(tx, tenant.keys, { at: day(1), noteId }, 10)), []);
  assert.equal((await tenant.run((tx) => readVersion(tx, tenant.keys, noteId, 1)))?.content, 'a.md of day 0');
  const restore = () => tenant.run((tx) => restoreVersion(tx, tenant.keys, { ...member(2), noteId, version: 1 }));
  const other = await write(tenant, 'a.md', 2);
  await assert.rejects(restore(), (error) => isFactotumError(error, 'vault.exists'));
  await tenant.run((tx) => deleteNote(tx, tenant.keys, { ...member(2), path: 'a.md', ifMatch: other.etag }));
  await restore();
  assert.equal((await tenant.run((tx) => readNote(tx, tenant.keys, 'a.md')))?.content, 'a.md of day 0');
  await tenant.run((tx) => deleteNote(tx, tenant.keys, { ...member(3), path: 'a.md' }));
  await prune(tenant, { versions: 100, days: 30 }, 100);
  assert.deepEqual(await tenant.run((tx) => listDeleted(tx, tenant.keys, null, 10)), [], 'what cannot be had back is not offered');
});
