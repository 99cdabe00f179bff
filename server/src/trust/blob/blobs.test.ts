import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { FactotumError, type Id, isFactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import { openStorage } from '#kernel/storage';
import { createBlobs, type StoredBlob, sweepBlobs } from '#trust/blob';
import { testPlatform } from '../../../test/platform.ts';

const platform = await testPlatform();
const { database, keyring, installation, clock } = platform;
const folder = await mkdtemp(join(tmpdir(), 'factotum-blobs-'));
after(() => rm(folder, { recursive: true, force: true }));
const storage = await openStorage(folder, { clock });
const blobs = createBlobs({ app: database.app, storage, installation, clock });

const noLimit = { bytesMax: Number.MAX_SAFE_INTEGER, refusal: () => new Error('never') };
const tenantId = await platform.buildTenant();
const isBroken = (error: unknown) => isFactotumError(error, 'seal.broken');

async function* pieces(bytes: Uint8Array, size = 50_000) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function store(bytes: Uint8Array, of: Id<'tenant'> = tenantId): Promise<StoredBlob> {
  const keys = await keyring.of(of);
  const stored = await blobs.put(keys, pieces(bytes), noLimit);
  await withTenant(database.app.db, of, (tx) => blobs.record(tx, keys, stored));
  return stored;
}

async function read(blob: StoredBlob, range?: { start?: number; end?: number }, of: Id<'tenant'> = tenantId): Promise<Buffer> {
  const keys = await keyring.of(of);
  const found = await withTenant(database.app.db, of, (tx) => blobs.find(tx, keys, blob.id));
  if (found === null) throw new Error('there is no such blob');
  return buffer(await blobs.read(keys, found, range));
}

/** The path of a blob's object on the disk. */
async function fileOf({ object }: Pick<StoredBlob, 'object'>): Promise<string> {
  for await (const { name } of storage.list('')) if (name.endsWith(object)) return join(folder, name);
  throw new Error('there is no such object');
}

describe('blobs', () => {
  test('come back as they were, whole and in part, and lie sealed', async () => {
    for (const size of [0, 1, 16_384, 100_000, 3_000_000]) {
      const bytes = randomBytes(size);
      const blob = await store(bytes);
      assert.ok((await read(blob)).equals(bytes));
      assert.deepEqual(blob.sha256, createHash('sha256').update(bytes).digest());
      assert.ok(
        (await read(blob, { start: Math.floor(size / 3), end: Math.ceil(size / 2) })).equals(bytes.subarray(size / 3, Math.ceil(size / 2))),
      );
      const sealed = await readFile(await fileOf(blob));
      assert.equal(sealed.length, blob.sealedBytes);
      if (size > 1_000) assert.ok(!sealed.includes(bytes.subarray(500, 532)));
    }
  });

  test('that were cut, changed, exchanged or removed do not open, in no part', async () => {
    const bytes = randomBytes(100_000);
    const harm: [string, (path: string) => Promise<unknown>, { start?: number; end?: number } | undefined][] = [
      ['cut at a seam', (path) => truncate(path, 62 + 16_400 * 3), undefined],
      ['cut at a seam, its part asked for', (path) => truncate(path, 62 + 16_400 * 3), { start: 60_000, end: 60_010 }],
      ['cut in the head', (path) => truncate(path, 30), { start: 5, end: 6 }],
      ['emptied', (path) => truncate(path, 0), undefined],
      ['removed', (path) => rm(path), { start: 5, end: 6 }],
      ['removed as a whole', (path) => rm(path), undefined],
      ['lengthened', async (path) => writeFile(path, Buffer.concat([await readFile(path), Buffer.alloc(9)])), undefined],
      ['changed in one bit', async (path) => writeFile(path, flipped(await readFile(path), 62 + 20_000)), { start: 17_000, end: 17_001 }],
    ];
    for (const [what, change, range] of harm) {
      const blob = await store(bytes);
      await change(await fileOf(blob));
      await assert.rejects(read(blob, range), isBroken, what);
    }
    const [one, other] = [await store(bytes), await store(randomBytes(100_000))];
    await writeFile(await fileOf(one), await readFile(await fileOf(other)));
    await assert.rejects(read(one), isBroken, 'exchanged');
    await assert.rejects(read(one, { start: 3, end: 9 }), isBroken, 'exchanged, a part');
  });

  test('whose row was exchanged or shortened do not open', async () => {
    const [one, other] = [await store(randomBytes(50_000)), await store(randomBytes(50_000))];
    await withTenant(database.app.db, tenantId, async (tx) => {
      const row = await tx
        .selectFrom('blob')
        .select('manifest')
        .where('tenantId', '=', tenantId)
        .where('blobId', '=', other.id)
        .executeTakeFirstOrThrow();
      await tx.updateTable('blob').set(row).where('tenantId', '=', tenantId).where('blobId', '=', one.id).execute();
    });
    await assert.rejects(read(one), isBroken);
  });

  test('of one tenant are not there for another', async () => {
    const blob = await store(randomBytes(1_000));
    const stranger = await platform.buildTenant();
    await assert.rejects(read(blob, undefined, stranger), /no such blob/);
  });

  test('a body that breaks off, or goes beyond its limit, leaves nothing in the storage', async () => {
    const keys = await keyring.of(tenantId);
    const before = (await Array.fromAsync(storage.list(''))).length;
    async function* breaking() {
      yield randomBytes(3_000_000);
      throw new Error('the sender went away');
    }
    await assert.rejects(blobs.put(keys, breaking(), noLimit), /the sender went away/);
    const refusal = () => new FactotumError('quota.exceeded', 'enough');
    let asked = 0;
    async function* endless() {
      for (;;) {
        asked += 1;
        yield Buffer.alloc(100_000);
      }
    }
    await assert.rejects(blobs.put(keys, endless(), { bytesMax: 2_000_000, refusal }), (error) => isFactotumError(error, 'quota.exceeded'));
    assert.ok(asked < 200, 'it was not read on');
    assert.equal((await Array.fromAsync(storage.list(''))).length, before);
    assert.deepEqual(await readdir(join(folder, '.incoming')), []);
  });

  test('who stops reading in the middle lets go of everything', async () => {
    const blob = await store(randomBytes(5_000_000));
    const keys = await keyring.of(tenantId);
    const found = await withTenant(database.app.db, tenantId, (tx) => blobs.find(tx, keys, blob.id));
    assert.ok(found);
    const stream = await blobs.read(keys, found);
    for await (const piece of stream) {
      assert.ok(piece.length > 0);
      break;
    }
    assert.ok(stream.destroyed);
  });

  test('64 MB flow through with a few of them in memory, whoever is the slower one', async () => {
    const keys = await keyring.of(tenantId);
    const [piece, count] = [randomBytes(1_000_000), 64];
    let [given, taken, lead] = [0, 0, 0];
    const counting = () =>
      new Transform({
        transform(data: Buffer, _encoding, done) {
          taken += data.length;
          lead = Math.max(lead, given - taken);
          // Somebody slower than whoever gives.
          setImmediate(done, null, data);
        },
      });
    const slow = { ...storage, put: (name: string, body: Readable) => storage.put(name, body.pipe(counting())) };
    async function* large() {
      for (let n = 0; n < count; n += 1) {
        given += piece.length;
        yield piece;
      }
    }
    const slowly = createBlobs({ app: database.app, storage: slow, installation, clock });
    const stored = await slowly.put(keys, large(), noLimit);
    assert.ok(taken > given && lead < 8_000_000, `${lead} bytes were waiting when it was stored`);
    [given, taken, lead] = [0, 0, 0];
    const quick = {
      ...storage,
      get: async (name: string) =>
        (await storage.get(name)).pipe(
          new Transform({
            transform(data: Buffer, _encoding, done) {
              given += data.length;
              done(null, data);
            },
          }),
        ),
    };
    const reading = createBlobs({ app: database.app, storage: quick, installation, clock });
    for await (const opened of await reading.read(keys, { ...stored, createdAt: clock.now() })) {
      taken += opened.length;
      lead = Math.max(lead, given - taken);
    }
    assert.equal(taken, piece.length * count);
    assert.ok(lead < 8_000_000, `${lead} bytes were waiting when it was read`);
  });
});

describe('a sweep', () => {
  const listTenants = async () => [{ id: tenantId }];
  const later = { ...clock, now: () => new Date(clock.now().getTime() + 25 * 3_600_000) };
  const sweep = (at = later) => sweepBlobs({ app: database.app, storage, installation, listTenants, clock: at });

  test('removes what was released a day ago and what no row names, and nothing else', async () => {
    const [kept, released] = [await store(randomBytes(1_000)), await store(randomBytes(1_000))];
    const orphan = await blobs.put(await keyring.of(tenantId), pieces(randomBytes(2_000)), noLimit);
    await storage.put('backup/something', Readable.from([Buffer.from('of somebody else')]));
    await storage.put(
      'blobs/0123456789abcdef/ten_000000000000000000000001/blb_000000000000000000000001',
      Readable.from([Buffer.from('another installation')]),
    );
    await withTenant(database.app.db, tenantId, (tx) => blobs.release(tx, tenantId, released.id));
    assert.deepEqual(await sweep(clock), { deleted: 0, orphans: 0, bytes: 0 });
    assert.ok((await read(released)).length > 0, 'who reads it may go on');
    const swept = await sweep();
    assert.equal(swept.deleted, 1);
    assert.ok(swept.orphans >= 1);
    for (const gone of [released, orphan]) await assert.rejects(fileOf(gone), /no such object/);
    assert.equal((await read(kept)).length, 1_000);
    const names = (await Array.fromAsync(storage.list(''))).map(({ name }) => name);
    assert.ok(names.includes('backup/something'));
    assert.ok(names.some((name) => name.startsWith('blobs/0123456789abcdef/')));
    await assert.rejects(read(released), /no such blob/);
    assert.deepEqual(await sweep(), { deleted: 0, orphans: 0, bytes: 0 });
  });

  test('that died between object and row ends its work the next time', async () => {
    const released = await store(randomBytes(1_000));
    await withTenant(database.app.db, tenantId, (tx) => blobs.release(tx, tenantId, released.id));
    await rm(await fileOf(released));
    assert.equal((await sweep()).deleted, 1);
  });

  test('leaves an object alone that has just come, whatever its row', async () => {
    const fresh = await blobs.put(await keyring.of(tenantId), pieces(randomBytes(10)), noLimit);
    await sweep(clock);
    const path = await fileOf(fresh);
    const old = new Date(Date.now() - 30 * 3_600_000);
    await utimes(path, old, old);
    assert.equal((await sweep(clock)).orphans, 1);
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at);
  return bytes;
}
