import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addKept, addSpans, emptyHistogram, keptOf, rankOf } from './histogram.ts';
import { placeOf, placesMax, roundSpan, spanAt } from './span.ts';

test('each rounded span has its own place, in their order, up to the longest time between two dates', () => {
  for (let place = 1; place < placesMax; place += 1) {
    const span = spanAt(place);
    assert.ok(span > spanAt(place - 1), `${span} at ${place}`);
    assert.deepEqual([roundSpan(span), placeOf(span)], [span, place]);
  }
  assert.ok(placeOf(roundSpan(2 * 8.64e15)) < placesMax);
});

test('what is kept of many is all of them, and what is taken off is gone', () => {
  const [one, other] = [emptyHistogram(), emptyHistogram()];
  for (const span of [7, 7, 120, 86_000_000]) addSpans(one, span, 1);
  addSpans(other, 7, 100_000);
  addSpans(other, 500, 3);
  addSpans(other, 500, -3);
  assert.equal(keptOf(other).length, 6);
  const all = emptyHistogram();
  addKept(all, Buffer.concat([keptOf(one), keptOf(other)]));
  assert.deepEqual([all[placeOf(7)], all[placeOf(120)], all[placeOf(86_000_000)], all[placeOf(500)]], [100_002, 1, 1, 0]);
});

test('percentiles are by nearest rank, and there are none of nothing', () => {
  assert.equal(rankOf(emptyHistogram(), 50), null);
  const twenty = emptyHistogram();
  for (let ms = 1; ms <= 20; ms += 1) addSpans(twenty, ms, 1);
  assert.deepEqual([rankOf(twenty, 50), rankOf(twenty, 95)], [10, 19]);
  addSpans(twenty, 90, 1);
  assert.deepEqual([rankOf(twenty, 50), rankOf(twenty, 95)], [11, 20]);
});
