import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stretchesOf } from './excerpt.ts';

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
