import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDay, formatRelative } from './format.ts';

process.env.TZ = 'Europe/Berlin';

const relative = (at: string, now: string): string => formatRelative(at, Date.parse(now));

test('what is called tomorrow or yesterday is the next or the last day of the calendar, however many hours away', () => {
  // Tuesday, 08:00.
  const now = '2026-11-24T08:00:00+01:00';
  assert.equal(relative('2026-11-25T08:00:00+01:00', now), 'tomorrow');
  assert.equal(relative('2026-11-26T07:00:00+01:00', now), 'in 2 days');
  assert.equal(relative('2026-11-23T08:00:00+01:00', now), 'yesterday');
  assert.equal(relative('2026-11-22T11:00:00+01:00', now), '2 days ago');
  assert.equal(relative('2026-11-23T23:00:00+01:00', now), '9 hours ago');
  assert.equal(relative('2026-11-24T07:59:30+01:00', now), 'now');
});

test('days have names on both sides of a change of the clocks', () => {
  // The day before had 23 hours.
  const spring = Date.parse('2026-03-30T00:30:00+02:00');
  assert.equal(formatDay('2026-03-29T12:00:00+02:00', spring), 'Yesterday');
  assert.equal(formatDay('2026-03-28T23:45:00+01:00', spring), 'Saturday 28 March');
  // This one has 25.
  const autumn = Date.parse('2026-10-25T23:30:00+01:00');
  assert.equal(formatDay('2026-10-25T00:10:00+02:00', autumn), 'Today');
  assert.equal(formatDay('2026-10-24T12:00:00+02:00', autumn), 'Yesterday');
});
