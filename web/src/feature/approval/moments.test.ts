import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldOf, isoOf, nextEvening, snoozeMoments } from './moments.ts';

const at = (day: number, hour: number) => new Date(2026, 10, day, hour).getTime();
const inAMonth = new Date(2026, 11, 30).toISOString();
const offered = (nowMs: number, expiresAt = inAMonth) => snoozeMoments(nowMs, expiresAt).map(({ moment }) => moment);

test('in the morning the evening is offered, at five it is not: that would be sooner than in three hours', () => {
  assert.deepEqual(offered(at(25, 9)), ['later', 'evening', 'tomorrow', 'week']);
  assert.deepEqual(offered(at(25, 17)), ['later', 'tomorrow', 'week']);
});

test('on a Sunday the next Monday is tomorrow, and offered once; on a Monday it is a week away', () => {
  assert.deepEqual(offered(at(29, 9)), ['later', 'evening', 'tomorrow']);
  assert.equal(snoozeMoments(at(23, 9), inAMonth).at(-1)?.atMs, at(30, 8));
});

test('nothing is put off beyond an hour before it expires', () => {
  const nowMs = at(25, 9);
  assert.deepEqual(offered(nowMs, new Date(at(25, 13)).toISOString()), ['later']);
  assert.deepEqual(offered(nowMs, new Date(nowMs + 50 * 60_000).toISOString()), []);
});

test('the evening is tomorrow’s once it has begun', () => {
  assert.equal(nextEvening(at(25, 9)), at(25, 18));
  assert.equal(nextEvening(at(25, 19)), at(26, 18));
});

test('a field for date and time holds local time to the minute, and nothing becomes no time', () => {
  assert.equal(fieldOf(at(25, 9)), '2026-11-25T09:00');
  assert.equal(isoOf('2026-11-25T09:00'), new Date(at(25, 9)).toISOString());
  assert.equal(isoOf(''), null);
  assert.equal(isoOf('tomorrow'), null);
});
