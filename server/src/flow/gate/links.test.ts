import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workedMs } from '../../../test/worked.ts';
import { findLinks } from './links.ts';

test("whatever a reader's program may follow or fetch is a link", () => {
  const links: readonly (readonly [string, string])[] = [
    ['see https://evil.example/a?b=c now', 'https://evil.example/a?b=c'],
    ['(HTTP://evil.example)', 'HTTP://evil.example'],
    ['go to www.evil.example', 'www.evil.example'],
    ['go to evil.example/login.', 'evil.example/login.'],
    ['evil.example', 'evil.example'],
    ['Evil.Example', 'Evil.Example'],
    ['[click](evil)', 'evil'],
    ['![](//evil.example/x.png)', '//evil.example/x.png'],
    ['<img src="//evil.example/x.png">', '//evil.example/x.png'],
    ["<a href='javascript:alert(1)'>", 'javascript:alert(1'],
    ['mailto:eve@evil.example', 'mailto:eve@evil.example'],
    ['ｅｖｉｌ．ｅｘａｍｐｌｅ', 'evil.example'],
    ['evil。example', 'evil.example'],
    ['ev\u200bil.exam\u00adple', 'evil.example'],
    ['bücher.example', 'bücher.example'],
    ['xn--bcher-kva.xn--p1ai', 'xn--bcher-kva.xn--p1ai'],
    ['Click...evil.example', 'evil.example'],
    ['write to bob@example.com or evil.example', 'evil.example'],
    ['x_evil.example', 'evil.example'],
    ['see\nevil.example\nnow', 'evil.example'],
    ['evil.example?x.pdf', 'evil.example?x.pdf'],
  ];
  for (const [text, link] of links)
    assert.ok(
      findLinks(text).some((found) => found === link),
      `${text} -> ${findLinks(text).join(' | ')}`,
    );
});

test('plain words, amounts, times, addresses and file names are not', () => {
  for (const text of [
    'Dear Bob, thank you for invoice 12.',
    '1.240,00 EUR',
    'at 14.30',
    'e.g. this, i.e. that',
    'bob@mail.example.com',
    'invoice.pdf and list.xlsx',
    'U.S.A.',
    'end.\nNext line',
    '3.5 kg',
    'a: b',
  ])
    assert.deepEqual(findLinks(text), [], text);
});

test('a text of any shape is looked through in time', () => {
  const started = workedMs();
  for (const text of [
    'a.'.repeat(100_000),
    'a'.repeat(200_000),
    'a-'.repeat(100_000),
    'http://'.repeat(30_000),
    '[]('.repeat(60_000),
    '@'.repeat(200_000),
    'a@'.repeat(100_000),
    'xn--'.repeat(50_000),
  ])
    findLinks(text);
  assert.ok(workedMs() - started < 5_000);
  assert.deepEqual(findLinks('a '.repeat(150_000)), ['(the text is too long to look through)']);
});
