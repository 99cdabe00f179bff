import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { backoffMs } from './backoff.ts';

it('a retry never comes sooner than half the base and never later than the cap', () => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.double({ min: 0, max: 1, noNaN: true }), (retries, random) => {
      const pause = backoffMs(retries, { baseMs: 1_000, capMs: 60_000, random: () => random });
      return pause >= 500 && pause <= 60_000;
    }),
  );
});

it('the span doubles until the cap', () => {
  const longest = (retries: number) => backoffMs(retries, { baseMs: 1_000, capMs: 60_000, random: () => 1 });
  assert.deepEqual([0, 1, 2, 5, 6, 50].map(longest), [1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
});
