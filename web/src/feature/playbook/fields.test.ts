import assert from 'node:assert/strict';
import { test } from 'node:test';
import { argumentOf, argumentText, readFields, withConditions, withMember } from './fields.ts';

test('an argument that is shown and typed again is the same, whatever it is', () => {
  for (const value of [
    '$event.sender',
    'Re: ${event.subject}',
    '42',
    'true',
    '',
    '[a',
    '"x',
    42,
    -1.5,
    true,
    null,
    ['$event.sender', 'a@b.example'],
    { a: 1 },
  ])
    assert.deepEqual(argumentOf(argumentText(value)), value, JSON.stringify(value));
});

test('whatever stands in a front matter is shown without a fault', () => {
  for (const fields of [{}, { when: 'x', steps: 'y', extract: [1] }, { when: { match: [] }, steps: [null, 'a'] }])
    assert.equal(readFields(fields).title, '');
  const read = readFields({ when: { source: 'mail', match: { sender: 'a@b.example', subject: { regex: '(?i)x' } } }, enabled: false });
  assert.deepEqual(read.conditions, [
    { field: 'sender', how: 'equals', value: 'a@b.example' },
    { field: 'subject', how: 'regex', value: '(?i)x' },
  ]);
  assert.equal(read.enabled, false);
});

test('what is changed keeps its place, and what is emptied goes', () => {
  const fields = { title: 'A', when: { source: 'mail', match: { subject: 'x' } }, steps: [] };
  assert.deepEqual(Object.keys(withMember(fields, 'when', {})), ['title', 'when', 'steps']);
  assert.deepEqual(Object.keys(withMember(fields, 'title', '')), ['when', 'steps']);
  assert.deepEqual(withConditions(fields, [{ field: 'sender', how: 'regex', value: 'y' }]).when, {
    source: 'mail',
    match: { sender: { regex: 'y' } },
  });
});
