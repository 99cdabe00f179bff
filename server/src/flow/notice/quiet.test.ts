import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextDigest, quietUntil } from './quiet.ts';

const zone = 'Europe/Berlin';
const nights = { on: true, from: '22:00', to: '07:00', weekends: false };
const until = (now: string, quiet: Parameters<typeof quietUntil>[1] = nights) =>
  quietUntil(new Date(now), quiet, zone)?.toISOString() ?? null;

test('a night is quiet from its first instant up to its last, on the clocks of the person', () => {
  assert.equal(until('2026-01-12T20:59:59.999Z'), null);
  assert.equal(until('2026-01-12T21:00:00.000Z'), '2026-01-13T06:00:00.000Z');
  assert.equal(until('2026-01-13T05:59:59.999Z'), '2026-01-13T06:00:00.000Z');
  assert.equal(until('2026-01-13T06:00:00.000Z'), null);
  assert.equal(until('2026-01-13T02:00:00.000Z', { ...nights, on: false }), null);
});

test('the nights in which clocks change are an hour shorter and longer, and end when clocks say so', () => {
  // Summer time begins on 29 March 2026 at 01:00 UTC and ends on 25 October 2026 at 01:00 UTC.
  assert.equal(until('2026-03-28T21:30:00.000Z'), '2026-03-29T05:00:00.000Z');
  assert.equal(until('2026-10-24T20:30:00.000Z'), '2026-10-25T06:00:00.000Z');
});

test('an end that clocks skip comes when they have, and one that they show twice is the first', () => {
  const early = { ...nights, to: '02:30' };
  assert.equal(until('2026-03-29T00:30:00.000Z', early), '2026-03-29T01:30:00.000Z');
  assert.equal(until('2026-10-25T00:15:00.000Z', early), '2026-10-25T00:30:00.000Z');
  // The same wall time an hour later: it has been 02:30 already.
  assert.equal(until('2026-10-25T01:15:00.000Z', early), null);
});

test('quiet that begins in the hour that comes twice has no gap', () => {
  const late = { ...nights, from: '02:15', to: '06:00' };
  for (const now of ['2026-10-25T00:15:00Z', '2026-10-25T01:05:00Z', '2026-10-25T04:59:00Z'])
    assert.equal(until(now, late), '2026-10-25T05:00:00.000Z', now);
});

test('a weekend that touches its nights is one quiet time', () => {
  const all = { ...nights, weekends: true };
  assert.equal(until('2026-01-16T21:00:00.000Z', all), '2026-01-19T06:00:00.000Z');
  assert.equal(until('2026-01-17T12:00:00.000Z', all), '2026-01-19T06:00:00.000Z');
  assert.equal(until('2026-01-17T12:00:00.000Z', { ...all, on: false }), '2026-01-18T23:00:00.000Z');
});

test('hours within one day are quiet by day', () => {
  const noon = { ...nights, from: '12:00', to: '13:00' };
  assert.equal(until('2026-01-12T11:30:00.000Z', noon), '2026-01-12T12:00:00.000Z');
  assert.equal(until('2026-01-12T22:30:00.000Z', noon), null);
});

test('a digest comes each day or on one weekday at its time, also across a clock change', () => {
  const next = (after: string, weekday: number | null = null, at = '08:00') =>
    nextDigest(new Date(after), { at, weekday }, zone).toISOString();
  assert.equal(next('2026-01-12T06:59:59.000Z'), '2026-01-12T07:00:00.000Z');
  assert.equal(next('2026-01-12T07:00:00.000Z'), '2026-01-13T07:00:00.000Z');
  assert.equal(next('2026-03-28T12:00:00.000Z'), '2026-03-29T06:00:00.000Z');
  assert.equal(next('2026-03-28T12:00:00.000Z', null, '02:30'), '2026-03-29T01:30:00.000Z');
  assert.equal(next('2026-01-12T07:00:00.000Z', 1), '2026-01-19T07:00:00.000Z');
  assert.equal(next('2026-01-12T07:00:00.000Z', 0), '2026-01-18T07:00:00.000Z');
});
