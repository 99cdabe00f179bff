import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isIdentical } from './diff.ts';

const event = (...lines: string[]) => ['BEGIN:VEVENT', 'UID:a@x', 'DTSTART:20260302T090000Z', ...lines, 'END:VEVENT'];
const alarm = (trigger: string) => ['BEGIN:VALARM', 'ACTION:DISPLAY', `TRIGGER:${trigger}`, 'END:VALARM'];
const calendar = (...events: string[][]) => ['BEGIN:VCALENDAR', 'VERSION:2.0', ...events.flat(), 'END:VCALENDAR'].join('\r\n');
const ordered = calendar(
  event(
    'DTSTAMP:20260101T000000Z',
    'RRULE:FREQ=DAILY;COUNT=3',
    'ATTENDEE;CN=Bob;RSVP=TRUE:mailto:bob@x',
    ...alarm('-PT5M'),
    ...alarm('-PT1H'),
  ),
  event('RECURRENCE-ID:20260303T090000Z', 'SUMMARY:Other'),
);

test('the order of lines, parts and parameters and the time of writing make no difference', () => {
  const other = calendar(
    event('SUMMARY:Other', 'RECURRENCE-ID:20260303T090000Z', 'LAST-MODIFIED:20260102T000000Z'),
    event(...alarm('-PT1H'), ...alarm('-PT5M'), 'ATTENDEE;RSVP=TRUE;CN=Bob:mail', ' to:bob@x', 'RRULE:COUNT=3;FREQ=DAILY'),
  );
  assert.equal(isIdentical(ordered, other), true);
});

test('every word makes a difference, also one that nobody shows, and where it stands', () => {
  const words = 'word '.repeat(250);
  for (const [was, is] of [
    ['SUMMARY:Other', 'SUMMARY:Other\r\nCONFERENCE;VALUE=URI:https://meet.example.org/1'],
    ['SUMMARY:Other', 'SUMMARY:Other\r\nCATEGORIES:Red'],
    ['CN=Bob', 'CN=Robert'],
    ['TRIGGER:-PT5M', 'TRIGGER:-PT6M'],
  ] as const)
    assert.equal(isIdentical(ordered, ordered.replace(was, is)), false, is);
  assert.equal(isIdentical(calendar(event(`DESCRIPTION:${words}`)), calendar(event(`DESCRIPTION:${words}more`))), false);
  const swapped = (first: string, second: string) =>
    calendar(event('RECURRENCE-ID:20260303T090000Z', first), event('RECURRENCE-ID:20260304T090000Z', second));
  assert.equal(isIdentical(swapped('SUMMARY:A', 'SUMMARY:B'), swapped('SUMMARY:B', 'SUMMARY:A')), false);
});
