import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { newId } from '#kernel';
import frozen from '../../src/trust/key/objects.vectors.json' with { type: 'json' };
import { createTenantKeys } from '../../src/trust/key/tenant-keys.ts';

/** What Debian's python3-cryptography makes of it: plaintexts and MACs as hex, in order. @throws when anything does not open. */
function askPython(vectors: readonly object[]): string[] {
  const ran = spawnSync('/usr/bin/python3', [join(import.meta.dirname, 'sealed-objects.py')], {
    input: JSON.stringify(vectors),
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
  assert.equal(ran.status, 0, ran.stderr.toString());
  // As the script prints it.
  return JSON.parse(ran.stdout.toString()) as string[];
}

test('an independent program opens the frozen vectors and makes the same MACs', () => {
  const plain = askPython(frozen.objects);
  frozen.objects.forEach((vector, at) => {
    assert.equal(plain[at], patternOf(vector.plainBytes).toString('hex'), `${vector.kind} of ${vector.plainBytes} bytes`);
  });
  assert.deepEqual(
    askPython(frozen.macs),
    frozen.macs.map(({ mac }) => mac),
  );
});

test('an independent program opens what is sealed now, at every boundary of a chunk and under a later generation', () => {
  const tenantId = newId('tenant');
  const seeds = [randomBytes(32), randomBytes(32)] as const;
  for (const generation of [1, 2] as const) {
    const known = new Map(seeds.slice(0, generation).map((seed, at) => [at + 1, Buffer.from(seed)]));
    const keys = createTenantKeys(tenantId, { seeds: known, current: generation });
    const plain = [0, 1, 16_383, 16_384, 16_385, 40_000].map((bytes) => randomBytes(bytes));
    const vectors = plain.map((bytes, at) => ({
      ...{
        seed: seeds[generation - 1]?.toString('hex'),
        tenant: tenantId,
        generation,
        purpose: 'content',
        kind: 'note',
        id: `not_${at}`,
        version: at,
      },
      sealed: keys.seal('content', { kind: 'note', id: `not_${at}`, version: at }, bytes).toString('hex'),
    }));
    assert.deepEqual(
      askPython(vectors),
      plain.map((bytes) => bytes.toString('hex')),
    );
  }
});

test('and refuses one of which a bit was flipped', () => {
  const [first] = frozen.objects;
  const changed = Buffer.from(first?.sealed ?? '', 'hex');
  changed[40] = (changed[40] ?? 0) ^ 1;
  assert.throws(() => askPython([{ ...first, sealed: changed.toString('hex') }]));
});

/** Byte i is (7 * i + floor(i / 251)) mod 256. */
const patternOf = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, (_, i) => (7 * i + Math.floor(i / 251)) % 256));
