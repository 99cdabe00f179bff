import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { broughtBack } from './compose.ts';
import { expand } from './expand.ts';
import { movedSeries } from './move-series.ts';
import { readCalendar } from './read.ts';
import { ianaZone } from './zone.ts';

const berlin = ianaZone('Europe/Berlin') ?? assert.fail();
const now = new Date('2026-01-15T10:00:00Z');
const which = (occurrence: string | null = null) => ({ occurrence, here: berlin, now });

const events = (...parts: string[][]) =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//test//EN',
    ...parts.flatMap((lines) => ['BEGIN:VEVENT', 'UID:s@x', 'DTSTAMP:20260101T000000Z', 'SEQUENCE:4', ...lines, 'END:VEVENT']),
    'END:VCALENDAR',
  ].join('\r\n');
const timed = (start: string, ...lines: string[]) => [
  `DTSTART;TZID=Europe/Berlin:${start}`,
  `DTEND;TZID=Europe/Berlin:${start.slice(0, 9)}110000`,
  ...lines,
];
const move = (text: string, start: number | string, occurrence: string | null = null, durationMs: number | null = null) =>
  movedSeries(text, which(occurrence), { start, durationMs });
const series = (text: string) => readCalendar(text).series[0] ?? assert.fail('no appointment');
const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Berlin', dateStyle: 'short', timeStyle: 'short' });
/** What clocks in Berlin show, of all times of a year. */
const times = (text: string, until = '2027-01-01') =>
  expand(series(text), { fromMs: Date.parse('2025-12-01'), untilMs: Date.parse(until), here: berlin }).occurrences.map((one) => ({
    at: clock.format(one.startMs),
    minutes: (one.endMs - one.startMs) / 60_000,
    status: one.appointment.status,
    title: one.appointment.title,
  }));

test('every time moves by as much on the clocks of the series, over both changes of the clock, and the rule turns with the day', () => {
  const text = events(timed('20260106T100000', 'RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;UNTIL=20261215T090000Z'));
  const [before, after] = [times(text), times(move(text, Date.parse('2026-01-07T14:30:00+01:00')))];
  assert.ok(before.length > 45);
  const later = (at: string) =>
    new Date(Date.parse(`${at.replace(' ', 'T')}Z`) + 28.5 * 3_600_000).toISOString().slice(0, 16).replace('T', ' ');
  assert.deepEqual(
    after.map(({ at }) => at),
    before.map(({ at }) => later(at)),
  );
  assert.ok(after.every(({ minutes }) => minutes === 60));
});

test('the time that is named says by how much, whichever side of a change of the clock it is on', () => {
  const text = events(timed('20260106T100000', 'RRULE:FREQ=DAILY;COUNT=200'));
  const after = times(move(text, Date.parse('2026-07-02T09:00:00+02:00'), '2026-07-02T08:00:00.000Z', 90 * 60_000));
  assert.equal(after.length, 200);
  assert.deepEqual(new Set(after.map(({ at, minutes }) => `${at.slice(11)} ${minutes}`)), new Set(['09:00 90']));
  assert.throws(() => move(text, Date.parse('2026-07-02T09:00:00+02:00'), '2026-07-02T08:30:00.000Z'), { code: 'agenda.conflict' });
});

test('what is left out, called off or only worded otherwise moves along; what somebody has put elsewhere stays there', () => {
  const text = events(
    timed(
      '20260302T100000',
      'SUMMARY:All',
      'RRULE:FREQ=DAILY;COUNT=6',
      'EXDATE:20260303T090000Z',
      'RDATE;TZID=Europe/Berlin:20260320T100000',
    ),
    timed('20260304T100000', 'RECURRENCE-ID;TZID=Europe/Berlin:20260304T100000', 'SUMMARY:Other words'),
    timed('20260330T100000', 'RECURRENCE-ID:20260305T090000Z', 'SUMMARY:Put elsewhere'),
    timed('20260306T100000', 'RECURRENCE-ID;TZID=Europe/Berlin:20260306T100000', 'SUMMARY:All', 'STATUS:CANCELLED'),
  );
  const after = move(text, Date.parse('2026-03-03T15:00:00+01:00'));
  assert.deepEqual(
    times(after).map(({ at, title, status }) => `${at} ${title} ${status}`),
    [
      '2026-03-03 15:00 All CONFIRMED',
      '2026-03-05 15:00 Other words CONFIRMED',
      '2026-03-07 15:00 All CANCELLED',
      '2026-03-08 15:00 All CONFIRMED',
      '2026-03-21 15:00 All CONFIRMED',
      '2026-03-30 10:00 Put elsewhere CONFIRMED',
    ],
  );
  assert.deepEqual(
    [...after.matchAll(/^SEQUENCE:(\d+)/gm)].map(([, n]) => n),
    ['5', '5', '5', '5'],
  );
  const back = broughtBack(text, after, now);
  assert.deepEqual(times(back), times(text));
  assert.deepEqual(
    [...back.matchAll(/^SEQUENCE:(\d+)/gm)].map(([, n]) => n),
    ['6', '6', '6', '6'],
  );
});

test('from where somebody has put all later times elsewhere a series is not moved, and one whose later times are only worded otherwise is', () => {
  const later = (start: string) =>
    events(
      timed('20260302T100000', 'RRULE:FREQ=DAILY;COUNT=6'),
      timed(start, 'RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260304T100000', 'SUMMARY:From here on'),
    );
  const to = Date.parse('2026-03-02T09:00:00+01:00');
  assert.throws(() => move(later('20260304T103000'), to), { code: 'agenda.conflict', message: /all later ones/ });
  assert.match(move(later('20260304T100000'), to), /RECURRENCE-ID;TZID=Europe\/Berlin;RANGE=THISANDFUTURE:20260304T090000/);
});

test('an alarm at an instant moves along on the clocks of the series, and stays where its time stays', () => {
  const alarm = (at: string) => ['BEGIN:VALARM', 'ACTION:DISPLAY', `TRIGGER;VALUE=DATE-TIME:${at}`, 'END:VALARM'];
  const text = events(
    timed('20260323T100000', 'RRULE:FREQ=WEEKLY;COUNT=4', ...alarm('20260323T083000Z')),
    timed('20260330T100000', 'RECURRENCE-ID;TZID=Europe/Berlin:20260330T100000', ...alarm('20260330T073000Z')),
    timed('20260407T100000', 'RECURRENCE-ID;TZID=Europe/Berlin:20260406T100000', ...alarm('20260407T073000Z')),
  );
  const after = move(text, Date.parse('2026-03-30T12:00:00+02:00'));
  assert.deepEqual(
    [...after.matchAll(/^TRIGGER;VALUE=DATE-TIME:(\w+)/gm)].map(([, at]) => at),
    ['20260330T093000Z', '20260406T093000Z', '20260407T073000Z'],
  );
});

test('whole days move by days, and days of a month within the month', () => {
  const text = events([
    'DTSTART;VALUE=DATE:20260310',
    'DURATION:P2D',
    'RRULE:FREQ=MONTHLY;BYMONTHDAY=10;UNTIL=20260610',
    'EXDATE;VALUE=DATE:20260410',
  ]);
  const after = move(text, '2026-05-12', '2026-05-10');
  assert.deepEqual(
    times(after).map(({ at }) => at.slice(0, 10)),
    ['2026-03-12', '2026-05-12', '2026-06-12'],
  );
  assert.match(after, /DURATION:P2D/);
  assert.throws(() => move(text, Date.parse('2026-03-12T10:00:00Z')), { code: 'agenda.conflict' });
});

test('a rule that names days which cannot move by as much is refused in words, and moves within the day', () => {
  for (const rule of [
    'FREQ=MONTHLY;BYDAY=1FR',
    'FREQ=MONTHLY;BYMONTHDAY=-1',
    'FREQ=DAILY;BYHOUR=10',
    'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
  ]) {
    const text = events(timed('20260102T100000', `RRULE:${rule}`));
    assert.throws(() => move(text, Date.parse('2026-01-05T11:00:00+01:00')), { code: 'agenda.conflict' }, rule);
    if (!rule.includes('BYHOUR'))
      assert.deepEqual(
        new Set(times(move(text, Date.parse('2026-01-02T12:00:00+01:00'))).map(({ at }) => at.slice(11))),
        new Set(['12:00']),
        rule,
      );
  }
  assert.throws(() => move(events(timed('20260102T100000')), Date.parse('2026-01-05T11:00:00Z')), { code: 'agenda.conflict' });
});

test('whatever the weekly rule, moved and moved back it is as it was', () => {
  const days = fc.uniqueArray(fc.constantFrom('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'), { minLength: 1, maxLength: 7 });
  fc.assert(
    fc.property(
      days,
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('MO', 'SU', 'WE'),
      fc.integer({ min: -9 * 96, max: 9 * 96 }),
      (byDay, interval, wkst, steps) => {
        const text = events(
          timed('20260106T100000', `RRULE:FREQ=WEEKLY;INTERVAL=${interval};WKST=${wkst};BYDAY=${byDay.join(',')};COUNT=30`),
        );
        const toMs = berlin.instantOf(Date.UTC(2026, 0, 6, 10) + steps * 900_000);
        const there = move(text, toMs);
        assert.equal(times(there, '2030-01-01').length, times(text, '2030-01-01').length);
        assert.deepEqual(times(move(there, Date.parse('2026-01-06T10:00:00+01:00')), '2030-01-01'), times(text, '2030-01-01'));
      },
    ),
    { numRuns: 60 },
  );
});
