import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFactotumError, newId } from '#kernel';
import { chunkBytes } from './cobblestone.ts';
import { createTenantKeys, type ObjectRef, sealedHeadBytes } from './tenant-keys.ts';

const tenantId = newId('tenant');
const keys = createTenantKeys(tenantId, { seeds: new Map([[1, randomBytes(32)]]), current: 1 });
const ref: ObjectRef = { kind: 'blob', id: 'blb_1' };

interface Asked {
  readonly start: number;
  readonly end: number;
  readonly plainBytes: number;
}

/** Reads only what the opening says that it needs, cut up anyhow. */
function openRange(sealed: Buffer, asked: Asked, as = ref, cut = 10_000): Promise<Buffer> {
  const { from, to, stream } = keys.openRange('content', as, sealed.subarray(0, sealedHeadBytes), asked);
  const part = sealed.subarray(from, to);
  const pieces = Array.from({ length: Math.ceil(part.length / cut) }, (_, n) => part.subarray(n * cut, (n + 1) * cut));
  return pipeline(Readable.from(pieces), stream, (source: AsyncIterable<Buffer>) => buffer(source));
}

const isBroken = (error: unknown) => isFactotumError(error, 'seal.broken');

test('any part of a sealed stream opens by itself, and only the chunks that it lies in are read', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 4 * chunkBytes, 100_001),
      fc.nat(1_000_000),
      fc.nat(1_000_000),
      fc.integer({ min: 1, max: 40_000 }),
      async (size, one, other, cut) => {
        const plain = randomBytes(size);
        const start = Math.min(one % size, other % size);
        const end = Math.max(one % size, other % size) + 1;
        const sealed = keys.seal('content', ref, plain);
        assert.deepEqual(await openRange(sealed, { start, end, plainBytes: size }, ref, cut), plain.subarray(start, end));
        const { from, to } = keys.openRange('content', ref, sealed.subarray(0, sealedHeadBytes), { start, end, plainBytes: size });
        assert.ok(to <= sealed.length);
        assert.ok(to - from < end - start + 2 * (chunkBytes + 16) + (end - start) / 500);
      },
    ),
    { numRuns: 150 },
  );
});

test('a part that is cut, changed, moved or another object’s does not open, nor with another length of the whole', async () => {
  const plain = randomBytes(3 * chunkBytes + 100);
  const sealed = keys.seal('content', ref, plain);
  const whole = { start: 0, end: plain.length, plainBytes: plain.length };
  const middle = { start: chunkBytes + 5, end: chunkBytes + 10, plainBytes: plain.length };
  assert.deepEqual(await openRange(sealed, whole), plain);
  // Cut at the seam between two chunks, where a reader who does not know the length sees nothing.
  await assert.rejects(openRange(sealed.subarray(0, sealed.length - 116), whole), isBroken);
  await assert.rejects(openRange(sealed.subarray(0, sealedHeadBytes + chunkBytes), middle), isBroken);
  await assert.rejects(
    openRange(Buffer.concat([sealed, Buffer.alloc(9)]), { ...whole, plainBytes: plain.length + 9, end: plain.length + 9 }),
    isBroken,
  );
  for (const lie of [2 * chunkBytes, plain.length - 1, plain.length - 100])
    await assert.rejects(openRange(sealed, { start: 0, end: lie, plainBytes: lie }), isBroken);
  for (let bit = 0; bit < sealed.length * 8; bit += 4_001) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    await assert.rejects(async () => openRange(changed, whole), isBroken, `bit ${bit}`);
  }
  // Two chunks of equal length in each other's place.
  const at = (index: number) => sealedHeadBytes + index * (chunkBytes + 16);
  const swapped = Buffer.concat([
    sealed.subarray(0, at(1)),
    sealed.subarray(at(2), at(3)),
    sealed.subarray(at(1), at(2)),
    sealed.subarray(at(3)),
  ]);
  await assert.rejects(openRange(swapped, middle), isBroken);
  await assert.rejects(async () => openRange(sealed, middle, { ...ref, id: 'blb_2' }), isBroken);
  assert.throws(() => keys.openRange('content', ref, sealed.subarray(0, 10), middle), isBroken);
});

test('a range that is empty or not inside is a mistake of the caller', () => {
  const head = keys.seal('content', ref, Buffer.from('abc')).subarray(0, sealedHeadBytes);
  for (const [start, end] of [
    [1, 1],
    [2, 1],
    [0, 4],
    [-1, 2],
  ] as const)
    assert.throws(() => keys.openRange('content', ref, head, { start, end, plainBytes: 3 }), RangeError);
});
