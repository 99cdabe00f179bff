import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCalendarDay, formatMoney } from './amount.ts';

test('an amount has the digits of its currency', () => {
  assert.match(formatMoney(-124_000, 'EUR'), /1,240\.00/);
  assert.match(formatMoney(1_240, 'JPY'), /1,240$/);
  assert.match(formatMoney(1_240, 'KWD'), /1\.240/);
});

test('a day is the same day in every time zone', () => {
  assert.match(formatCalendarDay('2026-03-01'), /\b1\b.*2026|Mar 1, 2026/);
});
