import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { isFactotumError } from '#kernel';
import type { ObjectStorage } from '#kernel/storage';

/** What every object storage has to keep, whatever it stores in. The storage is asked for once a test, empty. */
export function storageConformance(kind: string, open: () => Promise<ObjectStorage>): void {
  const put = (storage: ObjectStorage, name: string, ...chunks: readonly (string | Uint8Array)[]) =>
    storage.put(name, Readable.from(chunks.map((chunk) => Buffer.from(chunk))));
  const read = async (storage: ObjectStorage, name: string, range?: { start?: number; end?: number }) =>
    buffer(await storage.get(name, range));
  const namesOf = async (storage: ObjectStorage, prefix: string) =>
    (await Array.fromAsync(storage.list(prefix))).map(({ name }) => name).sort();

  describe(`object storage: ${kind}`, () => {
    test('an object comes back byte for byte, empty or of many parts', async () => {
      const storage = await open();
      for (const [name, bytes] of [
        ['a/empty', Buffer.alloc(0)],
        ['a/one', Buffer.of(7)],
        ['a/odd', randomBytes(1_234_567)],
      ] as const) {
        assert.deepEqual(await put(storage, name, bytes), { bytes: bytes.length });
        assert.ok((await read(storage, name)).equals(bytes), name);
        assert.equal((await storage.stat(name))?.bytes, bytes.length);
      }
    });

    test('an object of unknown length that is larger than any buffer comes back whole', async () => {
      const storage = await open();
      const [chunk, chunks] = [randomBytes(333_333), 75];
      const sent = createHash('sha256');
      async function* body() {
        for (let n = 0; n < chunks; n += 1) {
          chunk.writeUInt32BE(n);
          sent.update(chunk);
          yield Buffer.from(chunk);
        }
      }
      assert.deepEqual(await storage.put('large', Readable.from(body())), { bytes: chunk.length * chunks });
      const received = createHash('sha256');
      for await (const piece of await storage.get('large')) received.update(piece);
      assert.equal(received.digest('hex'), sent.digest('hex'));
    });

    test('a part of an object is read by itself; what lies behind its end is left out', async () => {
      const storage = await open();
      await put(storage, 'range', '0123456789');
      assert.equal(String(await read(storage, 'range', { start: 2, end: 5 })), '234');
      assert.equal(String(await read(storage, 'range', { start: 7 })), '789');
      assert.equal(String(await read(storage, 'range', { end: 3 })), '012');
      assert.equal(String(await read(storage, 'range', { start: 8, end: 100 })), '89');
      assert.equal(String(await read(storage, 'range', { start: 10 })), '');
      assert.equal(String(await read(storage, 'range', { start: 50, end: 60 })), '');
      assert.equal(String(await read(storage, 'range', { start: 4, end: 4 })), '');
    });

    test('what is not there is not found, and removing it is nothing', async () => {
      const storage = await open();
      for (const name of ['none', 'no/such/object']) {
        assert.equal(await storage.stat(name), null);
        await assert.rejects(storage.get(name), (error) => isFactotumError(error, 'storage.not_found'));
        await assert.rejects(storage.get(name, { start: 3, end: 9 }), (error) => isFactotumError(error, 'storage.not_found'));
        await storage.remove(name);
      }
      assert.deepEqual(await namesOf(storage, 'no/'), []);
    });

    test('putting again replaces the whole object', async () => {
      const storage = await open();
      await put(storage, 'again', 'something long');
      await put(storage, 'again', 'short');
      assert.equal(String(await read(storage, 'again')), 'short');
      await storage.remove('again');
      assert.equal(await storage.stat('again'), null);
      await put(storage, 'again', 'back');
      assert.equal(String(await read(storage, 'again')), 'back');
    });

    test('a body that fails leaves nothing, neither small nor large, and its own error comes out', async () => {
      const storage = await open();
      await put(storage, 'kept', 'as it was');
      const gone = new Error('the sender went away');
      async function* failing(chunks: number) {
        for (let n = 0; n < chunks; n += 1) yield randomBytes(1_000_000);
        throw gone;
      }
      for (const chunks of [0, 1, 20]) {
        await assert.rejects(storage.put('half', Readable.from(failing(chunks))), gone);
        await assert.rejects(storage.put('kept', Readable.from(failing(chunks))), gone);
      }
      assert.equal(await storage.stat('half'), null);
      assert.deepEqual(await namesOf(storage, ''), ['kept']);
      assert.equal(String(await read(storage, 'kept')), 'as it was');
    });

    test('a list has the objects of its prefix, and of no other, with their sizes', async () => {
      const storage = await open();
      const names = ['b/1', 'b/10', 'b/2', 'b-x', 'b.x', 'b0', 'a', 'c/d/e/f'];
      for (const name of names) await put(storage, name, name);
      assert.deepEqual(await namesOf(storage, ''), [...names].sort());
      assert.deepEqual(await namesOf(storage, 'b/'), ['b/1', 'b/10', 'b/2']);
      assert.deepEqual(await namesOf(storage, 'b/1'), ['b/1', 'b/10']);
      assert.deepEqual(await namesOf(storage, 'c/d'), ['c/d/e/f']);
      assert.deepEqual(await namesOf(storage, 'd'), []);
      const [found] = await Array.fromAsync(storage.list('b/10'));
      assert.equal(found?.bytes, 4);
      assert.ok(Math.abs((found?.modifiedAt.getTime() ?? 0) - Date.now()) < 3_600_000);
    });

    test('a list longer than one answer of the server is whole', async () => {
      const storage = await open();
      const count = 1_050;
      for (let from = 0; from < count; from += 50)
        await Promise.all(Array.from({ length: 50 }, (_, n) => put(storage, `many/${String(from + n).padStart(5, '0')}`, 'x')));
      const names = await namesOf(storage, 'many/');
      assert.equal(names.length, count);
      assert.equal(new Set(names).size, count);
    });

    test('names that lead elsewhere are refused', async () => {
      const storage = await open();
      for (const name of ['', '/a', 'a/', 'a//b', '../a', 'a/../b', '.hidden', 'a/.b', 'A', 'a b', 'a\\b', 'ä', 'a\0', 'x'.repeat(600)])
        for (const act of [() => put(storage, name, 'x'), () => storage.get(name), () => storage.stat(name), () => storage.remove(name)])
          await assert.rejects(act, RangeError, JSON.stringify(name));
      await assert.rejects(Array.fromAsync(storage.list('../')), RangeError);
      await put(storage, 'range', '01');
      await assert.rejects(storage.get('range', { start: 2, end: 1 }), RangeError);
      await assert.rejects(storage.get('range', { start: -1 }), RangeError);
    });

    test('many at once, also under one name, end as one of them, whole', async () => {
      const storage = await open();
      const bodies = Array.from({ length: 12 }, (_, n) => Buffer.alloc(100_000, n));
      await Promise.all(bodies.map((bytes) => put(storage, 'race/one', bytes)));
      const found = await read(storage, 'race/one');
      assert.ok(bodies.some((bytes) => bytes.equals(found)));
      await Promise.all(bodies.flatMap((bytes, n) => [put(storage, `race/r${n}`, bytes), storage.remove('race/one')]));
      assert.equal((await namesOf(storage, 'race/r')).length, bodies.length);
    });

    test('it says that it is well, and nothing of that stays', async () => {
      const storage = await open();
      const { latencyMs } = await storage.health();
      assert.ok(latencyMs >= 0);
      assert.deepEqual(await namesOf(storage, ''), []);
      assert.doesNotMatch(storage.address, /secret/i);
    });
  });
}
