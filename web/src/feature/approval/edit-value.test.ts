import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../api/types.ts';
import { readInput, writeInput } from './edit-value.ts';

test('an argument that nobody edits comes back the same', () => {
  const values: Json[] = [
    'text',
    '',
    'two\nlines',
    124_000,
    -0.5,
    true,
    false,
    null,
    ['a@b.example', 'c@d.example'],
    [],
    [1, 2],
    { a: [null] },
  ];
  for (const value of values) assert.deepEqual(readInput(writeInput(value), value), value, JSON.stringify(value));
});

test('an argument keeps its type: a number stays a number, a list a list', () => {
  assert.equal(readInput('99', 1), 99);
  assert.equal(readInput('99', '1'), '99');
  assert.deepEqual(readInput('a@b.example\n\n c@d.example ', ['x@y.example']), ['a@b.example', 'c@d.example']);
});

test('what is no value of its type is refused, not sent', () => {
  for (const [input, was] of [
    ['', 1],
    ['1,240', 1],
    ['NaN', 1],
    ['{', { a: 1 }],
    ['Infinity', 1],
  ] as const) {
    assert.equal(readInput(input, was), undefined, input);
  }
});
