import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createDueQueue } from './due-queue.ts';

test('whatever is set, set anew and taken away: each item comes once, in the order of its last time', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const step = fc.record({ item: fc.nat(30), atMs: fc.nat(5_000), isRemoved: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      let nowMs = 0;
      const came: number[] = [];
      const queue = createDueQueue<number>(
        () => nowMs,
        (item) => came.push(item),
      );
      const wanted = new Map<number, number>();
      for (const { item, atMs, isRemoved } of steps) {
        if (isRemoved) {
          queue.remove(item);
          wanted.delete(item);
        } else {
          queue.set(item, atMs);
          wanted.set(item, atMs);
        }
        assert.equal(queue.at(item), wanted.get(item));
      }
      for (; nowMs <= 5_000; nowMs += 500) t.mock.timers.tick(500);
      const times = came.map((item) => wanted.get(item) ?? Number.NaN);
      assert.deepEqual(
        times,
        times.toSorted((one, other) => one - other),
      );
      assert.deepEqual(came.toSorted(), [...wanted.keys()].toSorted());
      queue.stop();
    }),
    { numRuns: 60 },
  );
});
