import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { type Id, newId } from '#kernel';
import { withTenant } from '#kernel/database';
import { openStorage } from '#kernel/storage';
import { blobTarget, createBlobs, type StoredBlob } from '#trust/blob';
import type { TenantKeys } from '#trust/key';
import { testPlatform } from '../../../test/platform.ts';

const platform = await testPlatform();
const { database, installation, clock } = platform;
const folder = await mkdtemp(join(tmpdir(), 'factotum-reseal-'));
after(() => rm(folder, { recursive: true, force: true }));
const storage = await openStorage(folder, { clock });
const blobs = createBlobs({ app: database.app, storage, installation, clock });
const target = blobTarget({ app: database.app, blobs });
const tenantId = await platform.buildTenant();
const seeds = [randomBytes(32), randomBytes(32)];
/** Keys of the tenant that have these generations; the last one seals. */
const keysOf = (...generations: readonly number[]): TenantKeys =>
  platform.keyring.preview(
    tenantId,
    generations.map((generation) => ({
      generation,
      state: generation === generations.at(-1) ? 'active' : 'retired',
      seed: Buffer.from(seeds[generation - 1] ?? ''),
      indexKey: null,
    })),
  );
const keysAt = (current: 1 | 2): TenantKeys => (current === 1 ? keysOf(1) : keysOf(1, 2));
const onlyNew = (): TenantKeys => keysOf(2);

async function store(keys: TenantKeys, bytes: Uint8Array): Promise<StoredBlob> {
  const body = (async function* () {
    yield bytes;
  })();
  const stored = await blobs.put(keys, body, { bytesMax: 1e9, refusal: () => new Error('never') });
  await withTenant(database.app.db, tenantId, (tx) => blobs.record(tx, keys, stored));
  return stored;
}

const found = (keys: TenantKeys, id: Id<'blob'>) => withTenant(database.app.db, tenantId, (tx) => blobs.find(tx, keys, id));

async function walk(signal = new AbortController().signal) {
  const sum = { resealed: 0, passedOver: 0, damaged: [] as string[] };
  for (let place: readonly string[] | null = null; ; ) {
    const piece = await target.reseal({ tenantId, generation: 2, keysOf: async () => keysAt(2), after: place, signal });
    sum.resealed += piece.resealed;
    sum.passedOver += piece.passedOver;
    sum.damaged.push(...piece.damaged);
    place = piece.after;
    if (place === null) return sum;
  }
}

test('a rotation seals blobs anew under the new generation; who reads the old object reads to its end', async () => {
  const contents = [randomBytes(0), randomBytes(100_000), randomBytes(1_000_000)];
  const stored: StoredBlob[] = [];
  for (const bytes of contents) stored.push(await store(keysAt(1), bytes));
  const young = await store(keysAt(2), randomBytes(10));
  assert.deepEqual(
    await target.countByGeneration(tenantId),
    new Map([
      [1, 3],
      [2, 1],
    ]),
  );
  const [, , large] = stored;
  assert.ok(large);
  const before = await found(keysAt(1), large.id);
  assert.ok(before);
  const reading = await blobs.read(keysAt(1), before);
  assert.deepEqual(await walk(), { resealed: 3, passedOver: 0, damaged: [] });
  assert.ok((await buffer(reading)).equals(contents[2] ?? randomBytes(1)));
  assert.deepEqual(await target.countByGeneration(tenantId), new Map([[2, 4]]));
  for (const [index, { id, object }] of stored.entries()) {
    const blob = await found(keysAt(2), id);
    assert.ok(blob);
    assert.equal(blob.generation, 2);
    assert.notEqual(blob.object, object);
    assert.ok((await buffer(await blobs.read(onlyNew(), blob))).equals(contents[index] ?? randomBytes(1)), 'opens without the old seed');
    // Who has read the row before the exchange, and comes when the old object has gone, finds the new one.
    await storage.remove(blobs.nameOf(tenantId, object));
  }
  assert.ok((await buffer(await blobs.read(keysAt(2), before))).equals(contents[2] ?? randomBytes(1)));
  assert.deepEqual(await walk(), { resealed: 0, passedOver: 0, damaged: [] });
  await withTenant(database.app.db, tenantId, (tx) => blobs.release(tx, tenantId, young.id));
});

test('what does not open is named and stays, and the rest goes on', async () => {
  const [broken, fine] = [await store(keysAt(1), randomBytes(100_000)), await store(keysAt(1), randomBytes(100_000))];
  const path = join(folder, blobs.nameOf(tenantId, broken.object));
  const sealed = await readFile(path);
  await writeFile(path, sealed.subarray(0, sealed.length - 1));
  const count = async () => (await Array.fromAsync(storage.list(''))).length;
  const before = await count();
  assert.deepEqual(await walk(), { resealed: 1, passedOver: 0, damaged: [`blob/${broken.id}`] });
  assert.equal(await count(), before + 1, 'nothing half sealed is left');
  assert.equal((await found(keysAt(2), fine.id))?.generation, 2);
  await withTenant(database.app.db, tenantId, (tx) => blobs.release(tx, tenantId, broken.id));
});

test('a blob that is deleted while it is sealed anew stays deleted', async () => {
  const blob = await store(keysAt(1), randomBytes(100_000));
  const releasing = async () => {
    await withTenant(database.app.db, tenantId, (tx) => blobs.release(tx, tenantId, blob.id));
    return keysAt(2);
  };
  const piece = await target.reseal({ tenantId, generation: 2, keysOf: releasing, after: null, signal: new AbortController().signal });
  assert.deepEqual(piece, { after: null, resealed: 0, passedOver: 1, damaged: [] });
});

test('a walk that is called off stops, and the next one begins where it was', async () => {
  const blob = await store(keysAt(1), randomBytes(3_000_000));
  const end = new AbortController();
  end.abort(new Error('called off'));
  await assert.rejects(walk(end.signal), /called off/);
  assert.equal((await found(keysAt(2), blob.id))?.generation, 1);
  assert.equal((await walk()).resealed, 1);
  assert.equal(await found(keysAt(2), newId('blob')), null);
});
