import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stretchesOf, withoutSigns } from './excerpt.ts';

const drawn = (text: string, marks: [number, number][]) =>
  stretchesOf(text, marks)
    .map(({ text: part, isFound }) => (isFound ? `[${part}]` : part))
    .join('');

test('what was found is marked as whole words, once, and nothing is lost', () => {
  assert.equal(drawn('the oven is hot', [[4, 8]]), 'the [oven] is hot');
  assert.equal(drawn('the ovens are hot', [[4, 8]]), 'the [ovens] are hot');
  assert.equal(
    drawn('oven ovens', [
      [5, 9],
      [0, 4],
      [5, 10],
    ]),
    '[oven] [ovens]',
  );
  assert.equal(drawn('nothing', []), 'nothing');
  assert.equal(drawn('', [[0, 3]]), '');
});

test('marks that point nowhere change no text', () => {
  for (const mark of [
    [-5, 2],
    [3, 900],
    [900, 901],
    [2, 1],
  ] as [number, number][])
    assert.equal(drawn('ab cd', [mark]).replace(/[[\]]/g, ''), 'ab cd');
});

test('a word of two alphabets is not cut in two', () => {
  assert.equal(drawn('p\u0430ypal', [[0, 1]]), '[p\u0430ypal]');
});

test('an excerpt is read without the signs of Markdown, and what was found stays marked', () => {
  const read = (text: string, found: string) => {
    const from = text.indexOf(found);
    const plain = withoutSigns(text, [[from, from + found.length]]);
    return drawn(plain.text, [...plain.marks] as [number, number][]); // The same pairs, only not to be changed.
  };
  assert.equal(read('# Ovens - [ ] ask **the oven** maker', 'oven'), 'Ovens ask the [oven] maker');
  assert.equal(read('See [[Contacts/Oven|the oven]] and [prices](https://x.example/oven)', 'prices'), 'See the oven and [prices]');
  assert.equal(read('as `code` and _so_ __forth__', 'forth'), 'as code and so [forth]');
  assert.equal(read('found in ](https://x.example/oven) cut', 'oven'), 'found in  cut');
});

test('what only looks like a sign stays', () => {
  for (const text of ['0 7 * * 1', 'task.*, approval.*', 'snake_case_name', 'a - b', 'C# 12', '[1] of [2]', '5 ~ 6'])
    assert.equal(withoutSigns(text, []).text, text);
});
