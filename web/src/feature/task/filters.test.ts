import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionsOf, queryOf, readTaskSearch } from './filters.ts';

test('of an address only what is a filter is read, and a number that is looked for stays one', () => {
  assert.deepEqual(readTaskSearch({ state: 'done', q: 4711, risk: 'none', from: 'yesterday', page: 3, wait: 'question' }), {
    state: 'done',
    q: '4711',
    wait: 'question',
  });
  assert.deepEqual(readTaskSearch({ state: 'nowhere' }), {});
});

test('the state is no condition, everything else is one', () => {
  assert.equal(conditionsOf({ state: 'open' }), 0);
  assert.equal(conditionsOf({ state: 'open', q: 'roof', risk: 'high' }), 2);
});

test('days reach from their beginning to their end, also where clocks are changed', () => {
  const { from = '', until = '' } = queryOf({ from: '2026-03-29', until: '2026-03-29' });
  assert.equal(new Date(from).getHours(), 0);
  assert.equal(new Date(until).getHours(), 0);
  assert.equal(new Date(until).getDate(), 30);
  assert.equal(queryOf({ state: 'open' }).state, 'received,planning,waiting,running');
});
