import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { type ErrorCode, type Id, isFactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import { openStorage } from '#kernel/storage';
import { createBlobs } from '#trust/blob';
import { createFiles, deleteNote, moveNote, recountTenant, writeNote } from '#trust/vault';
import { eventually, testPlatform } from '../../../test/platform.ts';

const platform = await testPlatform();
const { database, installation, clock, keyring, quotas } = platform;
const folder = await mkdtemp(join(tmpdir(), 'factotum-files-'));
after(() => rm(folder, { recursive: true, force: true }));
const storage = await openStorage(folder, { clock });
const blobs = createBlobs({ app: database.app, storage, installation, clock });
const files = createFiles({ app: database.app, blobs, keysOf: (tenantId) => keyring.of(tenantId) });

const author = 'user:test';
const at = new Date();
const is = (code: ErrorCode) => (error: unknown) => isFactotumError(error, code);
const objects = async () => (await Array.fromAsync(storage.list(''))).length;
const used = (tenantId: Id<'tenant'>) =>
  withTenant(database.app.db, tenantId, (tx) =>
    tx.selectFrom('quotaCounter').select('used').where('tenantId', '=', tenantId).where('name', '=', 'vaultBytes').executeTakeFirst(),
  ).then((row) => row?.used ?? 0);

async function build(notes: Readonly<Record<string, string>> = {}) {
  const tenantId = await platform.buildTenant(notes);
  const keys = await keyring.of(tenantId);
  const inTenant = <R>(work: Parameters<typeof withTenant<R>>[2]) => withTenant(database.app.db, tenantId, work);
  return {
    tenantId,
    keys,
    inTenant,
    write: (path: string, bytes: Uint8Array, conditions: { ifMatch?: string; ifNoneMatch?: '*' } = {}, announced?: number) =>
      files.write(tenantId, { path, author, at, ...conditions }, Readable.from([bytes]), announced),
    async read(path: string) {
      const found = await files.find(tenantId, path);
      return found && buffer(await files.read(tenantId, found.blob));
    },
    writeNote: (path: string) =>
      inTenant((tx) => writeNote(tx, keys, { path, content: 'a note', author, trusted: true, at, ifNoneMatch: '*' })),
    recounted: async () => {
      await inTenant((tx) => recountTenant(tx, tenantId));
      return used(tenantId);
    },
  };
}

test('a file comes back, is replaced by who has read it, and goes; the quota is exact all the while', async () => {
  const vault = await build({ 'A.md': 'a note' });
  const empty = await used(vault.tenantId);
  const bytes = randomBytes(300_000);
  const { file, isNew } = await vault.write('Bills/März.pdf', bytes);
  assert.ok(isNew);
  assert.deepEqual([file.path, file.version, file.sizeBytes], ['Bills/März.pdf', 1, bytes.length]);
  assert.ok((await vault.read('Bills/März.pdf'))?.equals(bytes));
  assert.equal(await vault.read('bills/märz.pdf'), null, 'another case is another path');
  assert.ok((await used(vault.tenantId)) - empty > bytes.length);

  await assert.rejects(vault.write('Bills/März.pdf', bytes), is('vault.changed'));
  await assert.rejects(vault.write('Bills/März.pdf', bytes, { ifMatch: 'x' }), is('vault.changed'));
  await assert.rejects(vault.write('Bills/März.pdf', bytes, { ifNoneMatch: '*' }), is('file.exists'));
  await assert.rejects(vault.write('bills/MÄRZ.pdf', bytes, { ifMatch: file.etag }), is('file.exists'));
  await assert.rejects(vault.write('New.pdf', bytes, { ifMatch: file.etag }), is('vault.changed'));
  assert.equal(await objects(), 1, 'what was refused is not in the storage');

  const next = await vault.write('Bills/März.pdf', Buffer.from('short'), { ifMatch: file.etag });
  assert.deepEqual([next.isNew, next.file.version, next.file.fileId], [false, 2, file.fileId]);
  assert.notEqual(next.file.etag, file.etag);
  assert.equal(String(await vault.read('Bills/März.pdf')), 'short');
  const counted = await used(vault.tenantId);
  assert.equal(await vault.recounted(), counted);

  await assert.rejects(files.remove(vault.tenantId, { path: 'Bills/März.pdf', author, at, ifMatch: file.etag }), is('vault.changed'));
  await files.remove(vault.tenantId, { path: 'Bills/März.pdf', author, at, ifMatch: next.file.etag });
  await assert.rejects(files.remove(vault.tenantId, { path: 'Bills/März.pdf', author, at }), is('file.not_found'));
  assert.equal(await vault.read('Bills/März.pdf'), null);
  assert.equal(await used(vault.tenantId), empty);
  assert.equal(await vault.recounted(), empty);
});

test('a path is a note’s or a file’s, in whatever spelling, also when both come at once', async () => {
  const vault = await build({ 'Plan.md': 'a note', 'Other.md': 'a note' });
  await assert.rejects(vault.write('Plan.md', Buffer.of(1)), is('vault.exists'));
  await assert.rejects(vault.write('PLAN.md', Buffer.of(1)), is('vault.exists'));
  await vault.write('Scan.png', Buffer.of(1));
  await assert.rejects(vault.writeNote('Scan.png'), is('vault.exists'));
  await assert.rejects(vault.writeNote('scan.PNG'), is('vault.exists'));
  const move = { from: 'Other.md', to: 'SCAN.png', author, trusted: true, at };
  await assert.rejects(
    vault.inTenant((tx) => moveNote(tx, vault.keys, move)),
    is('vault.exists'),
  );
  // Where a note was deleted a file may stand.
  await vault.inTenant((tx) => deleteNote(tx, vault.keys, { path: 'Plan.md', author, trusted: true, at }));
  await vault.write('Plan.md', Buffer.of(1));
  for (let round = 0; round < 10; round += 1) {
    const path = `Race-${round}.txt`;
    const outcomes = await Promise.allSettled([
      vault.write(path, Buffer.of(1)),
      vault.writeNote(path),
      vault.write(path.toUpperCase(), Buffer.of(2)),
    ]);
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1, `round ${round}`);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        assert.ok(
          isFactotumError(outcome.reason, 'vault.exists') ||
            isFactotumError(outcome.reason, 'file.exists') ||
            isFactotumError(outcome.reason, 'vault.changed'),
          String(outcome.reason),
        );
  }
});

test('however many files come at once, they take no more room on their way than the vault has', async () => {
  const vault = await build();
  await quotas.change(vault.tenantId, { vaultBytes: 1_000_000 + (await used(vault.tenantId)) }, 'operator:test');
  const gate = Promise.withResolvers<void>();
  let taken = 0;
  async function* slowly(bytes: number) {
    for (let sent = 0; sent < bytes; sent += 100_000) {
      yield Buffer.alloc(100_000);
      taken += 100_000;
    }
    await gate.promise;
  }
  const put = (path: string, bytes: number, announced?: number) =>
    files.write(vault.tenantId, { path, author, at }, slowly(bytes), announced).then(
      () => 'kept',
      (error: unknown) => (is('quota.exceeded')(error) ? 'refused' : error),
    );
  const first = put('1.bin', 600_000, 600_000);
  await eventually(async () => (taken === 600_000 ? true : undefined));
  const others = await Promise.all([put('2.bin', 600_000, 600_000), put('3.bin', 600_000), put('4.bin', 600_000)]);
  assert.deepEqual(others, ['refused', 'refused', 'refused']);
  gate.resolve();
  assert.equal(await first, 'kept');
  // What was refused holds no place.
  assert.equal(await put('5.bin', 300_000), 'kept');
});

test('what goes beyond the quota is refused before it is sent, while it comes, and at the end', async () => {
  const vault = await build();
  await quotas.change(vault.tenantId, { vaultBytes: 1_000_000 + (await used(vault.tenantId)) }, 'operator:test');
  const before = await objects();
  await assert.rejects(vault.write('Large.bin', Buffer.alloc(10), {}, 2_000_000), is('quota.exceeded'));
  let sent = 0;
  const endless = Readable.from(
    (async function* () {
      for (;;) {
        sent += 100_000;
        yield Buffer.alloc(100_000);
      }
    })(),
  );
  await assert.rejects(files.write(vault.tenantId, { path: 'Large.bin', author, at }, endless, undefined), is('quota.exceeded'));
  assert.ok(sent < 5_000_000, `${sent} bytes were read`);
  // Two that each fit, and not both: whoever is later is refused at the end.
  const outcomes = await Promise.allSettled(['One.bin', 'Two.bin'].map((path) => vault.write(path, randomBytes(600_000))));
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.equal(await objects(), before + 1);
  const counted = await used(vault.tenantId);
  assert.equal(await vault.recounted(), counted);
  // Less instead of more always goes.
  await quotas.change(vault.tenantId, { vaultBytes: 0 }, 'operator:test');
  const [{ path, etag } = { path: '', etag: '' }] = await files.list(vault.tenantId, '', { after: '', limit: 10 });
  await vault.write(path, Buffer.of(1), { ifMatch: etag });
});

test('files are listed by path, in pages, those of a folder alone', async () => {
  const vault = await build();
  for (const path of ['b/2.bin', 'a.bin', 'b/1.bin', 'c/d/e.bin']) await vault.write(path, Buffer.of(1));
  const list = async (folder: string, after = '', limit = 10) =>
    (await files.list(vault.tenantId, folder, { after, limit })).map(({ path }) => path);
  assert.deepEqual(await list(''), ['a.bin', 'b/1.bin', 'b/2.bin', 'c/d/e.bin']);
  assert.deepEqual(await list('b'), ['b/1.bin', 'b/2.bin']);
  assert.deepEqual(await list('', 'a.bin', 2), ['b/1.bin', 'b/2.bin']);
  await assert.rejects(list('../'), is('vault.path_invalid'));
  const stranger = await build();
  assert.deepEqual(await files.list(stranger.tenantId, '', { after: '', limit: 10 }), []);
  assert.equal(await stranger.read('a.bin'), null);
});

test('an upload that breaks off changes nothing and leaves nothing', async () => {
  const vault = await build();
  await vault.write('Kept.bin', Buffer.from('as it was'));
  const [before, counted] = [await objects(), await used(vault.tenantId)];
  const breaking = (async function* () {
    yield randomBytes(2_000_000);
    throw new Error('gone');
  })();
  await assert.rejects(files.write(vault.tenantId, { path: 'Kept.bin', author, at, ifMatch: '*' }, breaking, undefined), /gone/);
  assert.equal(String(await vault.read('Kept.bin')), 'as it was');
  assert.deepEqual([await objects(), await used(vault.tenantId)], [before, counted]);
});
