import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noteFields, readFrontMatter, writeFields } from './front-matter.ts';

test('the fields of a note are what stands between its two lines, whatever the line ends', () => {
  const fields = { name: 'Northwind', iban: 'NL91ABNA0417164300', amount: 12.5, tags: ['a', 'b'] };
  for (const end of ['\n', '\r\n'])
    for (const mark of ['', '\uFEFF']) {
      const note = `${mark}---\nname: Northwind\niban: NL91ABNA0417164300\namount: 12.5\ntags: [a, b]\n---\n\nname: not this\n`;
      assert.deepEqual(noteFields(note.replaceAll('\n', end)), fields);
    }
  assert.deepEqual(noteFields('---\nname: last line\n---'), { name: 'last line' });
});

test('a note without front matter, or with something else there, has no fields', () => {
  for (const note of [
    '',
    'text',
    'text\n---\na: 1\n---\n',
    '---\na: 1\n',
    '--- x\na: 1\n---\n',
    '---\n- a list\n---\n',
    '---\njust text\n---\n',
  ])
    assert.deepEqual(noteFields(note), {}, JSON.stringify(note));
});

test('front matter that is broken, doubled, marked, too deep or too long is named and never read', () => {
  const faulty: [string, RegExp][] = [
    ['a: [1', /not valid YAML/],
    ['a: 1\na: 2', /not valid YAML/],
    ['a: &x 1\nb: *x', /anchor/],
    ['a: !shell rm', /tag/],
    [`a: ${'['.repeat(30)}${']'.repeat(30)}`, /deeper than 20/],
    [`a: ${'- '.repeat(5_000)}x`, /deeper than 20|not valid YAML/],
    [`a: ${'x'.repeat(70_000)}`, /longer than/],
  ];
  for (const [yaml, fault] of faulty) {
    const head = readFrontMatter(`---\n${yaml}\n---\n`);
    assert.ok('faults' in head, yaml.slice(0, 40));
    assert.match(head.faults.join(), fault);
    assert.deepEqual(noteFields(`---\n${yaml}\n---\n`), {});
  }
});

test('a long note with a short head has its fields', () => {
  assert.deepEqual(noteFields(`---\na: 1\n---\n${'text\n'.repeat(100_000)}`), { a: 1 });
});

test('no text whatever makes it throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      noteFields(text);
      noteFields(`---\n${text}\n---\n`);
    }),
    { numRuns: 100 },
  );
});

test('a note without front matter gets it in front of all that it says, rules between its paragraphs too', () => {
  const text = '# Title\n\nfirst\n\n---\nsecond\n---\nthird\n';
  assert.equal(writeFields(text, { a: 1 }), `---\na: 1\n---\n${text}`);
  assert.equal(writeFields(writeFields(text, { a: 1 }), { b: 2 }), `---\nb: 2\n---\n${text}`);
});
