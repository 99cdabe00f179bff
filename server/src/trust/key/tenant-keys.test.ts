import assert from 'node:assert/strict';
import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { type Id, isFactotumError, newId } from '#kernel';
import { bind } from './binding.ts';
import { chunkBytes } from './cobblestone.ts';
import vectors from './cobblestone.vectors.json' with { type: 'json' };
import { createTenantKeys, derivePurposeKey, type ObjectRef, type Purpose } from './tenant-keys.ts';

const tenantId = newId('tenant');
const seed = randomBytes(32);
const keysOf = (tenant: Id<'tenant'> = tenantId, generations: Record<number, Buffer> = { 1: seed }) =>
  createTenantKeys(tenant, {
    seeds: new Map(Object.entries(generations).map(([number, bytes]) => [Number(number), Buffer.from(bytes)])),
    current: Math.max(...Object.keys(generations).map(Number)),
  });
const keys = keysOf();
const ref: ObjectRef = { kind: 'note', id: 'not_1', version: 3 };

const isBroken = (error: unknown) => {
  assert.ok(isFactotumError(error, 'seal.broken'));
  assert.equal(error.message, 'Stored data cannot be opened. The log says more; restore it from a backup if it stays so.');
  assert.equal(error.details, undefined);
  assert.ok(error.cause instanceof Error);
  return true;
};
const refuses = (work: () => unknown) => assert.throws(work, isBroken);

test('open inverts seal for any content, and sealing costs 78 bytes below one chunk', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.string(), fc.string(), (plain, kind, id) => {
      const sealed = keys.seal('content', { kind, id }, plain);
      assert.equal(sealed.length, plain.length + 78);
      assert.deepEqual(keys.open('content', { kind, id }, sealed), Buffer.from(plain));
    }),
  );
});

test('no bit of a sealed object can be flipped, in any chunk or in the header', () => {
  const small = keys.seal('content', ref, Buffer.from('a small note'));
  for (let bit = 0; bit < small.length * 8; bit += 1) refuses(() => keys.open('content', ref, flipped(small, bit)));
  const large = keys.seal('content', ref, randomBytes(2 * chunkBytes + 5));
  fc.assert(fc.property(fc.nat(large.length * 8 - 1), (bit) => refuses(() => keys.open('content', ref, flipped(large, bit)))));
});

test('a sealed object cannot be cut, lengthened, reordered or spliced', () => {
  const plain = randomBytes(2 * chunkBytes);
  const sealed = keys.seal('content', ref, plain);
  const [head, size] = [6 + 24 + 32, chunkBytes + 16];
  const chunk = (index: number) => sealed.subarray(head + index * size, head + (index + 1) * size);
  fc.assert(fc.property(fc.nat(sealed.length - 1), (length) => refuses(() => keys.open('content', ref, sealed.subarray(0, length)))));
  // Exactly the cut that leaves whole chunks: the empty last one is what is missing.
  refuses(() => keys.open('content', ref, sealed.subarray(0, head + 2 * size)));
  refuses(() => keys.open('content', ref, sealed.subarray(0, head + size)));
  for (const more of [1, 16, size]) refuses(() => keys.open('content', ref, Buffer.concat([sealed, randomBytes(more)])));
  refuses(() => keys.open('content', ref, Buffer.concat([sealed.subarray(0, head), chunk(1), chunk(0), chunk(2)])));
  const other = keys.seal('content', ref, plain);
  refuses(() => keys.open('content', ref, Buffer.concat([sealed.subarray(0, head), other.subarray(head)])));
});

test('a sealed object opens as nothing but itself: not under another kind, id, version, purpose, generation or tenant', () => {
  const plain = Buffer.from('the fee is 1,240.00 EUR');
  const sealed = keys.seal('content', ref, plain);
  const others: ObjectRef[] = [
    { ...ref, kind: 'note.manifest' },
    { ...ref, id: 'not_2' },
    { ...ref, version: 4 },
    { kind: 'note', id: 'not_1' },
    { kind: 'notenot', id: '_1', version: 3 },
  ];
  for (const other of others) refuses(() => keys.open('content', other, sealed));
  const purposes: Purpose[] = ['credential', 'index', 'checkpoint', 'backup', 'search', 'webhook'];
  for (const purpose of purposes) refuses(() => keys.open(purpose, ref, sealed));
  refuses(() => keysOf(newId('tenant')).open('content', ref, sealed));
  refuses(() => keysOf(tenantId, { 1: randomBytes(32) }).open('content', ref, sealed));
  refuses(() => keysOf(tenantId, { 2: seed }).open('content', ref, sealed));
  const moved = Buffer.from(sealed);
  moved.writeUInt32BE(2, 2);
  refuses(() => keysOf(tenantId, { 1: seed, 2: seed }).open('content', ref, moved));
});

test('the newest generation seals and the older ones still open', () => {
  const old = keysOf(tenantId, { 1: seed });
  const both = keysOf(tenantId, { 1: seed, 2: randomBytes(32) });
  const sealed = old.seal('content', ref, Buffer.from('before'));
  assert.equal(both.generation, 2);
  assert.deepEqual(both.open('content', ref, sealed), Buffer.from('before'));
  refuses(() => old.open('content', ref, both.seal('content', ref, Buffer.from('after'))));
});

for (const vector of vectors.objects)
  test(`an object of generation ${vector.generation} sealed by another implementation opens here`, () => {
    // The tenant id stands in the vectors in its own format.
    const id = vector.tenant as Id<'tenant'>;
    const object = { kind: vector.kind, id: vector.id, ...(vector.version === null ? {} : { version: vector.version }) };
    const opened = keysOf(id, { [vector.generation]: Buffer.from(vector.seed, 'hex') }).open(
      vector.purpose as Purpose, // the vectors name purposes of the union
      object,
      Buffer.from(vector.sealed, 'hex'),
    );
    assert.equal(opened.toString('hex'), vector.plain);
  });

test("a purpose key is RFC 5869's expand step, as node's own HKDF computes it", () => {
  const [secret, salt] = [randomBytes(40), randomBytes(20)];
  const extracted = createHmac('sha512', salt).update(secret).digest();
  const info = Buffer.concat([Buffer.from('factotum/key/v1'), bind(tenantId, '1', 'index')]);
  assert.deepEqual(derivePurposeKey(extracted, tenantId, 1, 'index'), Buffer.from(hkdfSync('sha512', secret, salt, info, 32)));
});

test('a MAC is HMAC-SHA256 under the index key, differs by domain, parts and tenant, and repeats', () => {
  const expected = createHmac('sha256', derivePurposeKey(seed, tenantId, 1, 'index'))
    .update(bind('note.path', 'a', 'bc'))
    .digest();
  assert.deepEqual(keys.mac('note.path', 'a', 'bc'), expected);
  assert.deepEqual(keys.mac('note.path', 'a', Buffer.from('bc')), expected);
  const others = [
    keys.mac('note.path', 'ab', 'c'),
    keys.mac('note.pat', 'ha', 'bc'),
    keys.mac('note.path', 'abc'),
    keysOf(newId('tenant')).mac('note.path', 'a', 'bc'),
  ];
  for (const other of others) assert.notDeepEqual(other, expected);
});

test('JSON comes back as the schema says, and what does not fit is broken', () => {
  const schema = z.strictObject({ title: z.string(), count: z.number() });
  const sealed = keys.sealJson(ref, { title: 'Grüße 🧾 \u2028', count: 1.5 });
  assert.deepEqual(keys.openJson(ref, sealed, schema), { title: 'Grüße 🧾 \u2028', count: 1.5 });
  refuses(() => keys.openJson(ref, sealed, z.strictObject({ title: z.number() })));
  refuses(() => keys.openJson(ref, keys.seal('content', ref, Buffer.from('{"title":')), schema));
});

test('streams and one-piece sealing are the same format, however the bytes are cut up', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes, 70_001),
      fc.integer({ min: 1, max: 40_000 }),
      async (size, cut) => {
        const plain = randomBytes(size);
        const streamed = await buffer(Readable.from(pieces(plain, cut)).pipe(keys.sealStream('backup', ref)));
        assert.deepEqual(keys.open('backup', ref, streamed), plain);
        const opened = Readable.from(pieces(keys.seal('backup', ref, plain), cut)).pipe(keys.openStream('backup', ref));
        assert.deepEqual(await buffer(opened), plain);
      },
    ),
    { numRuns: 60 },
  );
});

test('a stream that is cut, changed or of another object ends in the same one error', async () => {
  const sealed = keys.seal('backup', ref, randomBytes(2 * chunkBytes));
  const wrong = [
    sealed.subarray(0, sealed.length - 16),
    sealed.subarray(0, 40),
    sealed.subarray(0, 3),
    Buffer.alloc(0),
    flipped(sealed, sealed.length * 4),
    flipped(sealed, 3),
  ];
  for (const bytes of wrong) await assert.rejects(opening(bytes, ref), isBroken);
  await assert.rejects(opening(sealed, { ...ref, version: 4 }), isBroken);
});

test('after close every use is refused and the seed is zero', () => {
  const own = Buffer.from(seed);
  const closing = createTenantKeys(tenantId, { seeds: new Map([[1, own]]), current: 1 });
  const sealed = closing.seal('content', ref, Buffer.from('x'));
  closing.mac('a');
  closing.close();
  const uses = [
    () => closing.seal('content', ref, sealed),
    () => closing.open('content', ref, sealed),
    () => closing.mac('a'),
    () => closing.sealStream('content', ref),
    () => closing.openStream('content', ref),
  ];
  for (const use of uses) assert.throws(use, (error) => isFactotumError(error, 'key.unavailable') && error.retry);
  assert.deepEqual(own, Buffer.alloc(32));
});

function flipped(bytes: Buffer, bit: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[bit >> 3]! ^= 1 << (bit & 7);
  return changed;
}

const pieces = (bytes: Buffer, size: number) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));

const opening = (sealed: Buffer, as: ObjectRef) =>
  pipeline(Readable.from([sealed]), keys.openStream('backup', as), (source: AsyncIterable<Buffer>) => buffer(source));
