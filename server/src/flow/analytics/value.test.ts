import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketsOf, daysBefore, isDayText } from './period.ts';
import { roundSpan } from './span.ts';
import { worthOf } from './value.ts';

const assumptions = {
  currency: 'EUR',
  wageMinor: 3_600,
  usdRateMicros: 900_000,
  minutesPerTask: 10,
  minutesByPlaybook: { Invoices: 15 },
  secondsPerAnswer: 60,
  survey: true,
};

test('hours saved are those of people less those of answering, and cost is that of models and answers at the stated wage', () => {
  const completedBy = new Map([
    ['Invoices', 4],
    ['', 2],
  ]);
  // 4 x 15 min + 2 x 10 min = 80 min; 3 answers = 3 min. A minute at 36 EUR an hour is 0.60 EUR; 1 USD is 0.90 EUR.
  assert.deepEqual(worthOf({ completedBy, answers: 3, modelMicros: 2_000_000 }, assumptions), {
    savedSeconds: 77 * 60,
    humanMicros: 48_000_000,
    costMicros: 1_800_000 + 1_800_000,
    costPerTaskMicros: 600_000,
    humanPerTaskMicros: 8_000_000,
    costShare: 3.6 / 48,
  });
});

test('a dollar is a dollar, a yen has no cents, and of nothing there is no cost a task', () => {
  const completedBy = new Map([['', 1]]);
  const inYen = { ...assumptions, currency: 'JPY', wageMinor: 3_000, usdRateMicros: 150_000_000, minutesPerTask: 60 };
  assert.deepEqual(worthOf({ completedBy, answers: 0, modelMicros: 1_000_000 }, inYen).humanMicros, 3_000_000_000);
  assert.deepEqual(worthOf({ completedBy, answers: 0, modelMicros: 7 }, { ...assumptions, currency: 'USD' }).costMicros, 7);
  const nothing = worthOf({ completedBy: new Map(), answers: 2, modelMicros: 0 }, assumptions);
  assert.deepEqual(
    [nothing.savedSeconds, nothing.costPerTaskMicros, nothing.humanPerTaskMicros, nothing.costShare],
    [-120, null, null, null],
  );
});

test('what is more than any number of millionths stays exact', () => {
  const { humanMicros } = worthOf(
    { completedBy: new Map([['', 1_000_000]]), answers: 0, modelMicros: 0 },
    { ...assumptions, wageMinor: 3_333 },
  );
  assert.equal(humanMicros, 5_555_000_000_000);
});

test('a rounded span is within one percent, and no longer span is rounded to a shorter one', () => {
  let before = -1;
  for (let ms = 0; ms < 20_000; ms += 1) {
    const rounded = roundSpan(ms);
    assert.ok(Math.abs(rounded - ms) <= ms / 100 && rounded >= before, `${ms} became ${rounded}`);
    before = rounded;
  }
  for (const ms of [86_400_000, 123_456_789, 9_999_999_999]) assert.ok(Math.abs(roundSpan(ms) - ms) <= ms / 100);
});

test('weeks begin on Monday, months have their own days, and the first and last are cut off by the period', () => {
  assert.deepEqual(bucketsOf({ from: '2026-10-24', to: '2026-11-02' }, 'week'), [
    { start: '2026-10-19', from: '2026-10-24', to: '2026-10-25', days: 2 },
    { start: '2026-10-26', from: '2026-10-26', to: '2026-11-01', days: 7 },
    { start: '2026-11-02', from: '2026-11-02', to: '2026-11-02', days: 1 },
  ]);
  assert.deepEqual(
    bucketsOf({ from: '2028-01-31', to: '2028-03-01' }, 'month').map(({ days }) => days),
    [1, 29, 1],
  );
  assert.deepEqual(daysBefore({ from: '2026-03-01', to: '2026-03-31' }), { from: '2026-01-29', to: '2026-02-28' });
  assert.deepEqual([isDayText('2026-02-29'), isDayText('2028-02-29'), isDayText('2026-2-1')], [false, true, false]);
  assert.throws(() => bucketsOf({ from: '2024-01-01', to: '2026-01-01' }, 'day'), { code: 'request.invalid' });
});
