import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workedMs } from '../../../test/worked.ts';
import { findDates, findDatetimes } from './date.ts';

const berlin = { timeZone: 'Europe/Berlin', locale: 'de-DE' };

test('days are read in every usual form', () => {
  const forms = [
    '2026-12-21',
    '2026/12/21',
    '21.12.2026',
    '21.12.26',
    '21. 12. 2026',
    '21/12/2026',
    '12/21/2026',
    '21-12-2026',
    '21 December 2026',
    '21st December 2026',
  ];
  const words = [
    'December 21, 2026',
    'Dec 21 2026',
    '21-Dec-2026',
    '21. Dezember 2026',
    '21 décembre 2026',
    '21 de diciembre de 2026',
    '21 dicembre 2026',
    'Mon, 21 Dec 2026',
  ];
  for (const form of [...forms, ...words]) assert.deepEqual(findDates(`due ${form}, please`, berlin), ['2026-12-21'], form);
});

test('03/04 is the day first, unless the tenant writes the month first', () => {
  assert.deepEqual(findDates('03/04/2026', berlin), ['2026-04-03']);
  assert.deepEqual(findDates('03/04/2026', { ...berlin, locale: 'en-US' }), ['2026-03-04']);
  assert.deepEqual(findDates('03.04.2026', { ...berlin, locale: 'en-US' }), ['2026-04-03']);
});

test('days that do not exist, and numbers that only look like days, are left out', () => {
  for (const text of [
    '31.02.2026',
    '31 February 2026',
    '2026-13-01',
    '192.168.10.12',
    '1.2.3.4',
    'version 1.12.2026.4',
    '0021-12-2026',
    '21 December',
    '',
  ])
    assert.deepEqual(findDates(text, berlin), [], text);
});

const times: Readonly<Record<string, string>> = {
  '21 December 2026 at 14:30': '2026-12-21T13:30:00Z',
  '21.12.2026, 14:30 Uhr': '2026-12-21T13:30:00Z',
  '21. Dezember 2026 um 14:30': '2026-12-21T13:30:00Z',
  '21 December 2026, 2:30 pm': '2026-12-21T13:30:00Z',
  'at 2pm on 21 December 2026': '2026-12-21T13:00:00Z',
  '14:30 on Monday, 21 December 2026': '2026-12-21T13:30:00Z',
  'le 21 décembre 2026 à 9h05': '2026-12-21T08:05:00Z',
  '21 December 2026, 12:15 am': '2026-12-20T23:15:00Z',
  '2026-12-21T14:30:00Z': '2026-12-21T14:30:00Z',
  '2026-12-21 14:30 +05:30': '2026-12-21T09:00:00Z',
  'Mon, 21 Dec 2026 14:30:00 +0000': '2026-12-21T14:30:00Z',
  '21.12.2026 14.30 Uhr': '2026-12-21T13:30:00Z',
  '21 July 2026 at 14:30': '2026-07-21T12:30:00Z',
};

test("times without a zone are the tenant's, in summer and in winter", () => {
  for (const [text, instant] of Object.entries(times)) assert.deepEqual(findDatetimes(text, berlin), [instant], text);
});

test('an hour that the clock change skips moves forward, one that it repeats is the first', () => {
  assert.deepEqual(findDatetimes('29 March 2026 at 02:30', berlin), ['2026-03-29T01:30:00Z']);
  assert.deepEqual(findDatetimes('25 October 2026 at 02:30', berlin), ['2026-10-25T00:30:00Z']);
});

test('a time of day that does not exist, or none, is no time', () => {
  for (const text of [
    'EUR 5.00, due 21.12.2026',
    '21.12.2026 5.00 EUR',
    '21 December 2026',
    '21 December 2026 at 25:00',
    '21 December 2026 at 13:00 pm',
    '21 December 2026. 10 people come',
    '10 21 December 2026',
  ])
    assert.deepEqual(findDatetimes(text, berlin), [], text);
});

test('an instant near midnight belongs to the day it has where the tenant is', () => {
  assert.deepEqual(findDates('2026-12-21T23:30:00Z', berlin), ['2026-12-22']);
  assert.deepEqual(findDates('2026-12-21T23:30:00Z', { ...berlin, timeZone: 'America/New_York' }), ['2026-12-21']);
});

test('the longest hostile text takes milliseconds', () => {
  for (const piece of ['1', '1.', 'a', 'may 1 ', '12 may ', '1-1-', '21.12.2026 ', '2026-01-01T']) {
    const text = piece.repeat(65_536 / piece.length);
    const started = workedMs();
    findDatetimes(text, berlin);
    assert.ok(workedMs() - started < 1_500, `${piece} took ${workedMs() - started} ms`);
  }
});
