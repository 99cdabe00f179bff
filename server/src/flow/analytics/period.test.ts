import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addDays, bucketsOf, coverOf, type Days, daysBefore } from './period.ts';

/** Every day that a cover is about, in order. */
function daysOf({ months, days }: ReturnType<typeof coverOf>): string[] {
  const within = ({ from, to }: Days): string[] => (from > to ? [] : [from, ...within({ from: addDays(from, 1), to })]);
  const whole = (month: string) => within({ from: month, to: addDays(month, 40) }).filter((day) => day.startsWith(month.slice(0, 7)));
  return [...months.flatMap(whole), ...days.flatMap(within)].sort();
}

test('a period is covered by whole months and what is left at its ends, each day once', () => {
  assert.deepEqual(coverOf([{ from: '2027-01-15', to: '2027-04-10' }]), {
    months: ['2027-02-01', '2027-03-01'],
    days: [
      { from: '2027-01-15', to: '2027-01-31' },
      { from: '2027-04-01', to: '2027-04-10' },
    ],
  });
  assert.deepEqual(coverOf([{ from: '2028-02-01', to: '2028-02-29' }]), { months: ['2028-02-01'], days: [] });
  assert.deepEqual(coverOf([{ from: '2028-02-01', to: '2028-02-28' }]), { months: [], days: [{ from: '2028-02-01', to: '2028-02-28' }] });
  assert.deepEqual(coverOf([{ from: '2026-12-02', to: '2026-12-02' }]), { months: [], days: [{ from: '2026-12-02', to: '2026-12-02' }] });
});

test('stretches are covered each for itself: a month that two of them share is read by its days, in one go', () => {
  const year = { from: '2026-11-24', to: '2027-11-23' };
  for (const size of ['day', 'week', 'month'] as const) {
    const cover = coverOf([daysBefore(year), ...bucketsOf(year, size)]);
    assert.deepEqual(daysOf(cover), daysOf({ months: [], days: [{ from: '2025-11-24', to: '2027-11-23' }] }), size);
    assert.equal(cover.months.length, size === 'month' ? 22 : 11, size);
    assert.ok(cover.days.length <= 3, size);
  }
});
