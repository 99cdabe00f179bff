import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgendaEntry } from '../../api/agenda.ts';
import { addDays, dayAt, entriesByDay, mondayOf, readAgendaSearch, startOf } from './week.ts';

const entry = (id: string, start: string, end: string): AgendaEntry => ({
  ...{ id, start, end, occurrence: null, calendar: { id: 'cal', name: 'Work' }, title: id, place: '', allDay: start.length === 10 },
  ...{ attendees: [], status: 'confirmed', invitation: null, heldUntil: null, conflicts: [] },
});
/** By the clock of whoever runs this. */
const at = (day: string, hours: number): string => new Date(startOf(day) + hours * 3_600_000).toISOString();

test('a week begins on Monday, and any day of it in the address means the week', () => {
  assert.deepEqual(['2026-11-22', '2026-11-23', '2026-11-29'].map(mondayOf), ['2026-11-16', '2026-11-23', '2026-11-23']);
  assert.deepEqual(readAgendaSearch({ week: '2026-03-01', minutes: 60, weeks: 2 }), { week: '2026-02-23', minutes: 60, weeks: 2 });
  for (const week of ['2026-13-01', '0001-01-01', '2026-1-1', 7, null, '<script>']) assert.deepEqual(readAgendaSearch({ week }), {});
  assert.deepEqual(readAgendaSearch({ minutes: 7, weeks: 1_000 }), {});
});

test('days follow each other through changes of the clocks, and each begins on its own day', () => {
  const days = Array.from({ length: 400 }, (_, n) => addDays('2026-01-01', n));
  assert.deepEqual(days.map(startOf).map(dayAt), days);
  assert.equal(new Set(days).size, 400);
});

test('whole days come first, what lasts longer is on each of its days, and nothing is on a day that it only touches', () => {
  const days = ['2026-11-23', '2026-11-24', '2026-11-25'];
  const shown = entriesByDay(
    [
      entry('late', at('2026-11-23', 15), at('2026-11-23', 16)),
      entry('night', at('2026-11-23', 22), at('2026-11-25', 0)),
      entry('trip', '2026-11-22', '2026-11-25'),
      entry('moment', at('2026-11-25', 0), at('2026-11-25', 0)),
    ],
    days,
  ).map(({ entries }) => entries.map((one) => [one.entry.id, one.fromMs !== null, one.untilMs !== null]));
  assert.deepEqual(shown, [
    [
      ['trip', false, false],
      ['late', true, true],
      ['night', true, false],
    ],
    [
      ['trip', false, false],
      ['night', false, true],
    ],
    [['moment', true, true]],
  ]);
});
