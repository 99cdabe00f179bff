import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registerSecret } from '#kernel/redact';
import { createLastWords } from './last-words.ts';

test('a line that is being said is not shown before its end: half of a secret is not known as one', () => {
  const words = createLastWords(['canary-of-two-halves']);
  words.hear(Buffer.from('begun\nthe token is canary-of-'));
  assert.deepEqual(words.lines(), ['begun']);
  words.hear(Buffer.from('two-halves'));
  assert.deepEqual(words.lines(), ['begun']);
  words.end();
  assert.deepEqual([words.lines(), words.count], [['begun', 'the token is [secret]'], 2]);
});

test('a secret that was given to a program is known however many others have been named since', () => {
  const words = createLastWords(['canary-from-long-ago']);
  for (let at = 0; at < 2_500; at += 1) registerSecret(`something-newer-${at}`, 'tenant');
  words.hear(Buffer.from('canary-from-long-ago\n'));
  assert.deepEqual(words.lines(), ['[secret]']);
});
