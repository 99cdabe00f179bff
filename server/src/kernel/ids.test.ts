import assert from 'node:assert/strict';
import { it } from 'node:test';
import { idSchema, isId, newId } from './ids.ts';

it('ids sort by the time they were made', () => {
  const ids = [5, 1_000, 1_700_000_000_000, 9_000_000_000_000].map((ms) => newId('task', ms));
  assert.deepEqual(ids.toSorted(), ids);
});

it('an id of one kind is not an id of another', () => {
  assert.equal(isId('tenant', newId('tenant')), true);
  assert.equal(isId('tenant', newId('task')), false);
  assert.equal(idSchema('task').safeParse("tsk_' or 1=1 --0000000000000").success, false);
});

it('a hundred thousand ids of one millisecond are all different', () => {
  const ids = new Set(Array.from({ length: 100_000 }, () => newId('event', 1)));
  assert.equal(ids.size, 100_000);
});
