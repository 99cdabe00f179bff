import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { looksLikeReference, parseReference, parseTemplate, referenceText, valueAt } from './reference.ts';

test('a reference is a head and a path of names and indexes, and writes itself back', () => {
  assert.deepEqual(parseReference('$event.from.address'), { head: 'event', path: ['from', 'address'] });
  assert.deepEqual(parseReference('$s1.notes[0].path'), { head: 's1', path: ['notes', 0, 'path'] });
  for (const text of ['$event', '$extract.date', '$event.attachments[12].name', '$a_1[0][1]'])
    assert.equal(referenceText(parseReference(text)!), text);
});

test('what is not a reference is refused, and so is every name that all objects inherit', () => {
  const refused = [
    '',
    '$',
    'event.x',
    '$Event.x',
    '$event.',
    '$event..x',
    '$event[x]',
    '$event[-1]',
    '$event.x y',
    '$event.x\n',
    ' $event.x',
    '$5',
    `$event.${'x'.repeat(300)}`,
  ];
  for (const text of [...refused, '$event.__proto__', '$event.constructor.name', '$event.a.prototype'])
    assert.equal(parseReference(text), null, text);
});

test('money in a text is not taken for a reference, a misspelt reference is', () => {
  for (const text of ['$5 off', '$USD', 'costs $event', '$', '$event and more']) assert.equal(looksLikeReference(text), false, text);
  for (const text of ['$event.subject', '$evnt.', '$event.a b'.replace(' ', '-')]) assert.equal(looksLikeReference(text), true, text);
});

test('a template is read into literals and references, with $${ for the characters themselves', () => {
  assert.deepEqual(parseTemplate('Re: ${event.subject}!'), {
    parts: [{ literal: 'Re: ' }, { reference: { head: 'event', path: ['subject'] } }, { literal: '!' }],
  });
  assert.deepEqual(parseTemplate('$${event.subject} costs $5'), { parts: [{ literal: '${event.subject} costs $5' }] });
  for (const broken of ['${', '${event.subject', '${}', '${$event.x}', '${event.__proto__}', '${1+1}', '${event.x} ${'])
    assert.ok('fault' in parseTemplate(broken), broken);
  assert.ok('fault' in parseTemplate('${event.x}'.repeat(70)));
});

test('a path only follows what a value itself holds', () => {
  assert.equal(valueAt({ a: [{ b: 7 }] }, ['a', 0, 'b']), 7);
  for (const path of [['toString'], ['a', 'length'], ['a', '0'], [0], ['a', 0, 'b', 'c'], ['a', 5]])
    assert.equal(valueAt({ a: [{ b: 7 }] }, path), undefined, path.join('.'));
  assert.equal(valueAt('text', ['length']), undefined);
});

test('reading never throws, whatever the text', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('$', '{', '}', '.', '[', ']', '0', 'a', 'event') })),
      (text) => {
        parseReference(text);
        parseTemplate(text);
        return true;
      },
    ),
  );
});
