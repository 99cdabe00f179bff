import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSuspicious, reveal } from './reveal.ts';

test('ordinary text of any language is shown as it is', () => {
  const texts = ['Pay 1,240.00 EUR', 'Größe, naïve, Ærø', 'Привет, Anna', '你好', 'مرحبا', 'שלום', 'नमस्ते', 'line\nline\ttab', 'e\u0301'];
  for (const text of texts) assert.deepEqual(reveal(text), [{ kind: 'plain', text }], text);
});

test('emoji with joiners, skin tones and variation selectors are not marked', () => {
  for (const text of ['👩‍💻', '👍🏽', '❤️', '🏳️‍🌈', '👨‍👩‍👧']) assert.equal(isSuspicious(text), false, text);
});

test('hidden and direction characters are named and counted', () => {
  assert.deepEqual(reveal('in\u202Efdp.exe'), [
    { kind: 'plain', text: 'in' },
    { kind: 'hidden', name: 'U+202E', count: 1 },
    { kind: 'plain', text: 'fdp.exe' },
  ]);
  assert.deepEqual(reveal(`a${'\u200B'.repeat(500)}`), [
    { kind: 'plain', text: 'a' },
    { kind: 'hidden', name: 'U+200B', count: 500 },
  ]);
  for (const letter of ['\u0000', '\u00AD', '\u200D', '\u2066', '\uFEFF', '\u{E0041}', '\uD800', '\uDFFF', '\u3164', '\u007F']) {
    assert.equal(isSuspicious(`a${letter}b`), true, letter.codePointAt(0)?.toString(16));
  }
});

test('letters of another alphabet inside a Latin word are marked, whole words of it are not', () => {
  assert.deepEqual(reveal('p\u0430ypal'), [
    { kind: 'plain', text: 'p' },
    { kind: 'lookalike', text: '\u0430' },
    { kind: 'plain', text: 'ypal' },
  ]);
  assert.equal(isSuspicious('\u0440\u0430\u0443 pal'), false);
  assert.equal(isSuspicious('Ωmega'), true);
});

test('towers of marks are cut', () => {
  const [plain, hidden] = reveal(`Z${'\u0335'.repeat(200)}`);
  assert.equal(plain?.kind, 'plain');
  assert.deepEqual(hidden, { kind: 'hidden', name: 'U+0335', count: 196 });
});

test('nothing of the text is lost except what is named', () => {
  const text = 'a\u202Eb\u0430c\n👩‍💻\u200B';
  const back = reveal(text)
    .map((segment) =>
      segment.kind === 'hidden' ? String.fromCodePoint(Number.parseInt(segment.name.slice(2), 16)).repeat(segment.count) : segment.text,
    )
    .join('');
  assert.equal(back, text);
});
