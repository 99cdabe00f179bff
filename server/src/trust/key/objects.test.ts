import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Id, isFactotumError, newId } from '#kernel';
import { bind } from './binding.ts';
import { chunkBytes, deriveMessageKeys, sealChunk } from './cobblestone.ts';
import { createHmacKey } from './hmac.ts';
import frozen from './objects.vectors.json' with { type: 'json' };
import { checkValueOf } from './seed.ts';
import { createTenantKeys, derivePurposeKey, type ObjectRef, type Purpose } from './tenant-keys.ts';

const keysOf = (tenantId: Id<'tenant'>, seeds: Readonly<Record<number, Buffer>>, current = Math.max(...Object.keys(seeds).map(Number))) =>
  createTenantKeys(tenantId, { seeds: new Map(Object.entries(seeds).map(([at, seed]) => [Number(at), Buffer.from(seed)])), current });

/** The one answer to everything that does not open. */
const refuses = (work: () => unknown, what: string) =>
  assert.throws(
    work,
    (error) =>
      isFactotumError(error, 'seal.broken') &&
      error.message === 'Stored data cannot be opened. The log says more; restore it from a backup if it stays so.' &&
      error.details === undefined,
    what,
  );

for (const vector of frozen.objects) {
  const { generation, kind, id, version, plainBytes } = vector;
  // As the vectors have them.
  const [tenantId, purpose] = [vector.tenant as Id<'tenant'>, vector.purpose as Purpose];
  const seed = Buffer.from(vector.seed, 'hex');
  const sealed = Buffer.from(vector.sealed, 'hex');
  const ref: ObjectRef = { kind, id, ...(version === null ? {} : { version }) };

  test(`the frozen ${kind} of ${plainBytes} bytes under generation ${generation} opens, and with its salt has the same bytes again`, () => {
    const plain = patternOf(plainBytes);
    assert.deepEqual(keysOf(tenantId, { [generation]: seed }).open(purpose, ref, sealed), plain);
    const header = sealed.subarray(0, 6);
    const context = bind('factotum/obj/v1', header, tenantId, kind, id, version === null ? '' : String(version));
    const salt = Buffer.from(vector.salt, 'hex');
    const keys = deriveMessageKeys(createHmacKey('sha512', derivePurposeKey(seed, tenantId, generation, purpose)), salt, context);
    const chunks = Array.from({ length: Math.floor(plainBytes / chunkBytes) + 1 }, (_, at) =>
      Buffer.concat(sealChunk(keys, at, plain.subarray(at * chunkBytes, (at + 1) * chunkBytes))),
    );
    assert.deepEqual(Buffer.concat([header, salt, keys.commitment, ...chunks]), sealed);
  });
}

test('frozen MACs and check values come out the same', () => {
  for (const { seed, tenant, generation, domain, parts, mac } of frozen.macs)
    assert.equal(
      keysOf(tenant as Id<'tenant'>, { [generation]: Buffer.from(seed, 'hex') })
        .mac(domain, ...parts)
        .toString('hex'), // As above.
      mac,
    );
  for (const { seed, checkValue } of frozen.checks) assert.equal(checkValueOf(Buffer.from(seed, 'hex')).toString('hex'), checkValue);
});

const seedOf = () => fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
const purposes: readonly Purpose[] = ['content', 'credential', 'index', 'checkpoint', 'backup', 'search', 'webhook'];
const refArb = fc.record({ kind: fc.string({ maxLength: 12 }), id: fc.string({ maxLength: 30 }), version: fc.nat(9) });

test('of a small object every bit can be flipped and every length cut, and nothing of it opens', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), seedOf(), refArb, (plain, seed, ref) => {
      const keys = keysOf(newId('tenant'), { 3: seed });
      const sealed = keys.seal('content', ref, plain);
      for (let bit = 0; bit < sealed.length * 8; bit += 1) {
        const changed = Buffer.from(sealed);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        refuses(() => keys.open('content', ref, changed), `bit ${bit}`);
      }
      for (let length = 0; length < sealed.length; length += 1)
        refuses(() => keys.open('content', ref, sealed.subarray(0, length)), `${length}`);
    }),
    { numRuns: 8 },
  );
});

test('a row that stands elsewhere does not open: another kind, id, version, tenant, purpose, or parts that were swapped', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      seedOf(),
      refArb,
      refArb,
      fc.constantFrom(...purposes),
      fc.constantFrom(...purposes),
      (plain, seed, ref, other, one, two) => {
        const tenantId = newId('tenant');
        const keys = keysOf(tenantId, { 1: seed });
        const sealed = keys.seal(one, ref, plain);
        assert.deepEqual(keys.open(one, ref, sealed), Buffer.from(plain));
        if (one !== two) refuses(() => keys.open(two, ref, sealed), 'purpose');
        if (other.kind !== ref.kind || other.id !== ref.id || other.version !== ref.version)
          refuses(() => keys.open(one, other, sealed), 'swapped row');
        if (ref.kind !== ref.id) refuses(() => keys.open(one, { ...ref, kind: ref.id, id: ref.kind }, sealed), 'swapped parts');
        refuses(() => keys.open(one, { kind: ref.kind, id: ref.id }, sealed), 'without its version');
        refuses(() => keysOf(newId('tenant'), { 1: seed }).open(one, ref, sealed), 'tenant');
      },
    ),
    { numRuns: 60 },
  );
});

test('what an older generation sealed opens while it is there and never again after it is gone, also with its number changed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), seedOf(), seedOf(), refArb, (plain, older, newer, ref) => {
      const tenantId = newId('tenant');
      const keys = keysOf(tenantId, { 1: older });
      const sealed = keys.seal('content', ref, plain);
      const mac = keys.mac('note.path', ref.id);
      const indexKey = derivePurposeKey(older, tenantId, 1, 'index');
      keys.renew({
        seeds: new Map([
          [1, Buffer.from(older)],
          [2, Buffer.from(newer)],
        ]),
        current: 2,
        indexKey,
      });
      assert.deepEqual([keys.generation, keys.open('content', ref, sealed)], [2, Buffer.from(plain)]);
      const again = keys.seal('content', ref, plain);
      assert.equal(again.readUInt32BE(2), 2);
      assert.equal(again.length, sealed.length);
      keys.renew({ seeds: new Map([[2, Buffer.from(newer)]]), current: 2 });
      refuses(() => keys.open('content', ref, sealed), 'its generation is gone');
      const renumbered = Buffer.from(sealed);
      renumbered.writeUInt32BE(2, 2);
      refuses(() => keys.open('content', ref, renumbered), 'renumbered');
      assert.deepEqual(keys.open('content', ref, again), Buffer.from(plain));
      assert.deepEqual(keys.mac('note.path', ref.id), mac);
    }),
    { numRuns: 40 },
  );
});

test('a handle that is renewed before it was asked for a MAC still makes those of its first generation', () => {
  const [tenantId, older, newer] = [newId('tenant'), Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const expected = keysOf(tenantId, { 1: older }).mac('a', 'b');
  const keys = keysOf(tenantId, { 1: older });
  keys.renew({ seeds: new Map([[2, Buffer.from(newer)]]), current: 2 });
  assert.deepEqual(keys.mac('a', 'b'), expected);
  keys.close();
  const late = Buffer.from(newer);
  keys.renew({ seeds: new Map([[3, late]]), current: 3 });
  assert.deepEqual(late, Buffer.alloc(32), 'a closed handle keeps nothing');
  assert.throws(
    () => keys.mac('a'),
    (error) => isFactotumError(error, 'key.unavailable'),
  );
});

/** Byte i is (7 * i + floor(i / 251)) mod 256. */
const patternOf = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, (_, i) => (7 * i + Math.floor(i / 251)) % 256));
