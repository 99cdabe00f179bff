import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differenceOf, withParts } from './difference.ts';

test('a difference names the parts that changed, however deep, and putting them back leaves all else', () => {
  const before = { zone: null, quiet: { on: true, from: '21:00' }, kinds: { comment: { push: true, mail: 'never' } }, days: [1, 2] };
  const after = { zone: 'UTC', quiet: { on: true, from: '18:30' }, kinds: { comment: { push: false, mail: 'never' } }, days: [1, 3] };
  const difference = differenceOf(before, after);
  assert.deepEqual(difference, {
    before: { zone: null, 'quiet.from': '21:00', 'kinds.comment.push': true, days: [1, 2] },
    after: { zone: 'UTC', 'quiet.from': '18:30', 'kinds.comment.push': false, days: [1, 3] },
  });
  assert.deepEqual(withParts(after, difference?.before ?? {}), before);
  const since = { ...after, quiet: { on: false, from: '18:30' } };
  assert.deepEqual(withParts(since, { 'quiet.from': '21:00' }), { ...since, quiet: { on: false, from: '21:00' } });
  assert.equal(differenceOf(before, structuredClone(before)), null);
});
