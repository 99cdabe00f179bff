import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RRuleTemporal } from 'rrule-temporal';
import { expand, spanOf } from './expand.ts';
import { readCalendar } from './read.ts';
import { remindersFrom } from './reminder.ts';
import { ianaZone, utc, zoneOf } from './zone.ts';

const dayMs = 86_400_000;
const zone = (name: string) => ianaZone(name) ?? assert.fail(name);
const berlin = zone('Europe/Berlin');

const calendar = (...lines: string[]) => ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN', ...lines, 'END:VCALENDAR'].join('\r\n');
const event = (...lines: string[]) => calendar('BEGIN:VEVENT', 'UID:one@x', 'DTSTAMP:20260101T000000Z', ...lines, 'END:VEVENT');
const series = (text: string) => readCalendar(text).series[0] ?? assert.fail('no appointment');
const starts = (text: string, from: string, until: string, here = berlin) =>
  expand(series(text), { fromMs: Date.parse(from), untilMs: Date.parse(until), here }).occurrences.map(({ startMs }) =>
    new Date(startMs).toISOString().slice(0, 16),
  );

test('a series stays at its time of the day over a change of the clock', () => {
  for (const [tzid, from, until, expected] of [
    ['Europe/Berlin', '2026-03-28', '2026-03-31', ['2026-03-28T08:00', '2026-03-29T07:00', '2026-03-30T07:00']],
    ['Europe/Berlin', '2026-10-24', '2026-10-27', ['2026-10-24T07:00', '2026-10-25T08:00', '2026-10-26T08:00']],
    ['America/New_York', '2026-03-07', '2026-03-10', ['2026-03-07T14:00', '2026-03-08T13:00', '2026-03-09T13:00']],
    ['America/New_York', '2026-10-31', '2026-11-03', ['2026-10-31T13:00', '2026-11-01T14:00', '2026-11-02T14:00']],
  ] as const)
    assert.deepEqual(starts(event(`DTSTART;TZID=${tzid}:20260101T090000`, 'RRULE:FREQ=DAILY'), from, until), expected);
});

test('a time that the clock skips moves forward, and one that comes twice is the first', () => {
  const at = (text: string) => new Date(berlin.instantOf(Date.parse(`${text}Z`))).toISOString();
  assert.equal(at('2026-03-29T02:30:00'), '2026-03-29T01:30:00.000Z');
  assert.equal(at('2026-10-25T02:30:00'), '2026-10-25T00:30:00.000Z');
  assert.equal(new Date(zone('America/New_York').instantOf(Date.parse('2026-11-01T01:30:00Z'))).toISOString(), '2026-11-01T05:30:00.000Z');
});

test('a zone that a calendar describes itself is the zone of that name, at every hour of ten years', () => {
  const text = calendar(
    'BEGIN:VTIMEZONE',
    'TZID:Office',
    'BEGIN:DAYLIGHT',
    'DTSTART:19810329T020000',
    'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU',
    'TZOFFSETFROM:+0100',
    'TZOFFSETTO:+0200',
    'END:DAYLIGHT',
    'BEGIN:STANDARD',
    'DTSTART:19961027T030000',
    'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU',
    'TZOFFSETFROM:+0200',
    'TZOFFSETTO:+0100',
    'END:STANDARD',
    'END:VTIMEZONE',
  );
  const office = zoneOf('Office', readCalendar(text).component.getFirstSubcomponent('vtimezone'));
  assert.ok(office !== null);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 * 366 * 24 }), (hours) => {
      const instantMs = Date.UTC(2020, 0, 1) + hours * 3_600_000;
      assert.equal(office.localOf(instantMs), berlin.localOf(instantMs));
      assert.equal(office.instantOf(instantMs), berlin.instantOf(instantMs));
    }),
    { numRuns: 500 },
  );
});

test('zones are known by the names that programs give them', () => {
  for (const [name, expected] of [
    ['W. Europe Standard Time', 'Europe/Berlin'],
    ['Eastern Standard Time', 'America/New_York'],
    ['/freeassociation.sourceforge.net/Europe/Vienna', 'Europe/Vienna'],
    ['/mozilla.org/20070129_1/America/Argentina/Ushuaia', 'America/Argentina/Ushuaia'],
    ['"Europe/Berlin"', 'Europe/Berlin'],
    ['UTC', 'UTC'],
  ] as const)
    assert.equal(zoneOf(name, null)?.name, expected, name);
  for (const name of ['Nowhere/Land', '+01:00', 'Customized Time Zone', '__proto__', '']) assert.equal(zoneOf(name, null), null, name);
});

test('a described zone that would never be counted out is counted no further', () => {
  const text = calendar(
    'BEGIN:VTIMEZONE',
    'TZID:Evil',
    'BEGIN:STANDARD',
    'DTSTART:16010101T000000',
    'RRULE:FREQ=SECONDLY',
    'TZOFFSETFROM:+0100',
    'TZOFFSETTO:+0200',
    'END:STANDARD',
    'END:VTIMEZONE',
    'BEGIN:VEVENT',
    'UID:evil@x',
    'DTSTART;TZID=Evil:20260101T090000',
    'RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30',
    'END:VEVENT',
  );
  const { occurrences, complete } = expand(series(text), { fromMs: Date.UTC(2026, 0, 1), untilMs: Date.UTC(2027, 0, 1), here: utc });
  assert.deepEqual([occurrences.length, complete], [1, true], 'the start alone');
});

test('exceptions leave out, add and replace single times', () => {
  const text = calendar(
    ...['BEGIN:VEVENT', 'UID:s@x', 'DTSTART;TZID=Europe/Berlin:20261020T090000', 'DTEND;TZID=Europe/Berlin:20261020T100000'],
    ...[
      'RRULE:FREQ=WEEKLY;COUNT=5',
      'EXDATE;TZID=Europe/Berlin:20261027T090000',
      'RDATE;TZID=Europe/Berlin:20261029T120000',
      'SUMMARY:Usual',
      'END:VEVENT',
    ],
    ...[
      'BEGIN:VEVENT',
      'UID:s@x',
      'RECURRENCE-ID;TZID=Europe/Berlin:20261103T090000',
      'DTSTART;TZID=Europe/Berlin:20261104T150000',
      'SUMMARY:Moved',
      'END:VEVENT',
    ],
    ...['BEGIN:VEVENT', 'UID:s@x', 'RECURRENCE-ID:20261110T080000Z', 'DTSTART:20261110T080000Z', 'STATUS:CANCELLED', 'END:VEVENT'],
  );
  const found = expand(series(text), { fromMs: Date.UTC(2026, 9, 1), untilMs: Date.UTC(2026, 11, 1), here: utc }).occurrences;
  assert.deepEqual(
    found.map(({ startMs, appointment: { title, status } }) => [new Date(startMs).toISOString().slice(0, 13), title, status]),
    [
      ['2026-10-20T07', 'Usual', 'CONFIRMED'],
      ['2026-10-29T11', 'Usual', 'CONFIRMED'],
      ['2026-11-04T14', 'Moved', 'CONFIRMED'],
      ['2026-11-10T08', '', 'CANCELLED'],
      ['2026-11-17T08', 'Usual', 'CONFIRMED'],
    ],
  );
});

test('whole days and times without a zone are those of the reader', () => {
  const allDay = event('DTSTART;VALUE=DATE:20260329', 'DTEND;VALUE=DATE:20260330');
  const [day] = expand(series(allDay), { fromMs: Date.UTC(2026, 2, 1), untilMs: Date.UTC(2026, 3, 1), here: berlin }).occurrences;
  assert.deepEqual([day?.allDay, (day?.endMs ?? 0) - (day?.startMs ?? 0)], [true, 23 * 3_600_000], 'the day of the change has 23 hours');
  const floating = event('DTSTART:20260701T090000', 'DURATION:PT1H');
  assert.deepEqual(starts(floating, '2026-07-01', '2026-07-02'), ['2026-07-01T07:00']);
  assert.deepEqual(starts(floating, '2026-07-01', '2026-07-02', zone('America/New_York')), ['2026-07-01T13:00']);
});

test('series in zones give what another implementation gives', () => {
  const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata'];
  const rules = [
    'FREQ=DAILY',
    'FREQ=DAILY;INTERVAL=3',
    'FREQ=WEEKLY;BYDAY=MO,SU',
    'FREQ=MONTHLY;BYDAY=-1SU',
    'FREQ=MONTHLY;BYMONTHDAY=31',
    'FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU',
  ];
  fc.assert(
    // From five in the morning on: what clocks skip at night the two put at different ends of the gap.
    fc.property(
      fc.constantFrom(...zones),
      fc.constantFrom(...rules),
      fc.integer({ min: 5, max: 23 }),
      fc.integer({ min: 0, max: 700 }),
      (tzid, rule, hour, later) => {
        const start = `20251231T${String(hour).padStart(2, '0')}1500`;
        const from = new Date(Date.UTC(2026, 0, 2) + later * dayMs);
        const until = new Date(from.getTime() + 200 * dayMs);
        const other = new RRuleTemporal({ rruleString: `DTSTART;TZID=${tzid}:${start}\nRRULE:${rule}` });
        const expected = other
          .between(from, until, true)
          .map(({ epochMilliseconds }) => new Date(epochMilliseconds).toISOString().slice(0, 16));
        const found = starts(event(`DTSTART;TZID=${tzid}:${start}`, `RRULE:${rule}`), from.toISOString(), until.toISOString());
        assert.deepEqual(found, expected, `${tzid} ${rule}`);
      },
    ),
    { numRuns: 60 },
  );
});

test('the days that are kept cover every time, and no end is no end', () => {
  for (const rule of ['FREQ=DAILY;COUNT=30', 'FREQ=MONTHLY;UNTIL=20270101T000000Z', 'FREQ=WEEKLY;COUNT=3']) {
    const one = series(
      event('DTSTART;TZID=Pacific/Auckland:20260101T010000', 'DTEND;TZID=Pacific/Auckland:20260101T230000', `RRULE:${rule}`),
    );
    const { first, last } = spanOf(one);
    for (const { startMs, endMs } of expand(one, { fromMs: 0, untilMs: Date.UTC(2030, 0, 1), here: utc }).occurrences)
      assert.ok(new Date(startMs).toISOString() >= first && last !== null && new Date(endMs).toISOString().slice(0, 10) <= last, rule);
  }
  assert.equal(spanOf(series(event('DTSTART:20260101T090000Z', 'RRULE:FREQ=DAILY'))).last, null);
});

test('a reminder is counted from the instant of its appointment, also over a change of the clock', () => {
  const text = event(
    ...['DTSTART;TZID=Europe/Berlin:20261024T090000', 'RRULE:FREQ=DAILY;COUNT=2'],
    ...['BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER:-P1D', 'END:VALARM', 'BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER:-PT15M', 'END:VALARM'],
  );
  assert.deepEqual(
    remindersFrom(series(text), Date.UTC(2026, 9, 1), berlin).map(({ atMs }) => new Date(atMs).toISOString().slice(0, 16)),
    ['2026-10-23T07:00', '2026-10-24T06:45', '2026-10-24T08:00', '2026-10-25T07:45'],
  );
});

test('an appointment of many rules that never come is counted no further than one', () => {
  const rule = 'RRULE:FREQ=MONTHLY;COUNT=2;BYMONTH=2;BYMONTHDAY=30';
  const many = series(event('DTSTART:19700101T090000Z', ...Array.from({ length: 20 }, () => rule)));
  const begun = performance.now();
  assert.equal(spanOf(many).last, null);
  assert.equal(expand(many, { fromMs: Date.UTC(9000, 0, 1), untilMs: Date.UTC(9001, 0, 1), here: berlin }).complete, false);
  // Each rule by itself, and once for each other, these are half a minute.
  assert.ok(performance.now() - begun < 3_000);
});

test('a described zone of thousands of rules costs no more than a few', () => {
  const days = Array.from({ length: 300 }, (_, at) => `${53 - (at % 3)}${['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'][at % 7]}`).join(',');
  const rule = `RRULE:FREQ=YEARLY;COUNT=2;BYMONTH=2;BYDAY=${days}`;
  const offsets = ['TZOFFSETFROM:+0100', 'TZOFFSETTO:+0200'];
  const observance = ['BEGIN:STANDARD', 'DTSTART:10010101T000000', ...Array.from({ length: 400 }, () => rule), ...offsets, 'END:STANDARD'];
  const zoned = ['BEGIN:VEVENT', 'UID:evil@x', 'DTSTART;TZID=Evil:20260101T090000', 'END:VEVENT'];
  const text = calendar('BEGIN:VTIMEZONE', 'TZID:Evil', ...observance, 'END:VTIMEZONE', ...zoned);
  const begun = performance.now();
  assert.equal(expand(series(text), { fromMs: Date.UTC(2026, 0, 1), untilMs: Date.UTC(2027, 0, 1), here: utc }).occurrences.length, 1);
  // Each counted to its bound these are half a minute, for every month that is asked for.
  assert.ok(performance.now() - begun < 5_000);
});
