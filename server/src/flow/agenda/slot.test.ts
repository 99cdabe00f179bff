import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { common, conflicts, merged, without } from './busy.ts';
import { findSlots } from './slot.ts';
import { ianaZone, utc } from './zone.ts';

const zone = (name: string) => ianaZone(name) ?? assert.fail(name);
const office = { days: [1, 2, 3, 4, 5], from: '09:00', to: '17:00' };
const hourMs = 3_600_000;
const shown = (slots: readonly { startMs: number }[]) => slots.map(({ startMs }) => new Date(startMs).toISOString());

test('a slot lies within the working hours of people in different zones, on both sides of a clock change', () => {
  const participants = [
    { zone: zone('Europe/Berlin'), hours: office, busy: [] },
    { zone: zone('America/New_York'), hours: office, busy: [] },
  ];
  const query = { durationMs: hourMs, participants, stepMs: hourMs / 4, most: 2 };
  const day = (text: string) => findSlots({ ...query, fromMs: Date.parse(`${text}T00:00:00Z`), untilMs: Date.parse(`${text}T23:59:00Z`) });
  // 15:00 to 17:00 in Berlin is 9:00 to 11:00 in New York, save in the weeks when only one of them has changed its clocks.
  assert.deepEqual(shown(day('2026-03-06')), ['2026-03-06T14:00:00.000Z', '2026-03-06T15:00:00.000Z']);
  assert.deepEqual(shown(day('2026-03-09')), ['2026-03-09T13:00:00.000Z', '2026-03-09T14:00:00.000Z']);
  assert.deepEqual(shown(day('2026-03-30')), ['2026-03-30T13:00:00.000Z', '2026-03-30T14:00:00.000Z']);
  assert.deepEqual(shown(day('2026-10-26')), ['2026-10-26T13:00:00.000Z', '2026-10-26T14:00:00.000Z']);
  assert.deepEqual(day('2026-03-07'), [], 'nobody works on a Saturday');
});

test('working time on the day of a clock change is what clocks show', () => {
  const always = { days: [7], from: '01:00', to: '04:00' };
  const slots = (text: string) =>
    findSlots({
      ...{ durationMs: hourMs, stepMs: hourMs, most: 10, participants: [{ zone: zone('Europe/Berlin'), hours: always, busy: [] }] },
      ...{ fromMs: Date.parse(`${text}T00:00:00+01:00`), untilMs: Date.parse(`${text}T23:00:00+01:00`) },
    }).length;
  assert.deepEqual([slots('2026-03-29'), slots('2026-10-25'), slots('2026-11-01')], [2, 4, 3]);
});

const intervals = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 40 }))
    .map(([startMs, length]) => ({ startMs, endMs: startMs + length })),
  { maxLength: 12 },
);
const covers = (list: readonly { startMs: number; endMs: number }[], at: number) =>
  list.some(({ startMs, endMs }) => startMs <= at && at < endMs);

test('what is free is what nobody has taken, moment by moment', () => {
  fc.assert(
    fc.property(intervals, intervals, (whole, taken) => {
      const left = without(merged(whole), taken);
      const both = common(merged(whole), merged(taken));
      for (let at = 0; at <= 250; at += 1) {
        assert.equal(covers(left, at), covers(whole, at) && !covers(taken, at));
        assert.equal(covers(both, at), covers(whole, at) && covers(taken, at));
      }
    }),
  );
});

test('a slot is free for everybody, on the step, and none overlaps another', () => {
  fc.assert(
    fc.property(intervals, intervals, fc.integer({ min: 1, max: 30 }), (one, other, durationMs) => {
      const participants = [one, other].map((busy) => ({ zone: utc, hours: null, busy }));
      const slots = findSlots({ fromMs: 0, untilMs: 300, durationMs, participants, stepMs: 5, most: 100 });
      for (const [place, { startMs, endMs }] of slots.entries()) {
        assert.equal(startMs % 5, 0);
        assert.ok(endMs <= (slots[place + 1]?.startMs ?? 300));
        for (let at = startMs; at < endMs; at += 1) assert.ok(!covers(one, at) && !covers(other, at));
      }
    }),
  );
});

test('who overlaps whom is found for all of them', () => {
  fc.assert(
    fc.property(intervals, (times) => {
      const found = conflicts(times);
      for (const [at, one] of times.entries())
        for (const [other, two] of times.entries())
          if (at !== other) assert.equal(found.get(at)?.includes(other) ?? false, one.startMs < two.endMs && two.startMs < one.endMs);
    }),
  );
});
