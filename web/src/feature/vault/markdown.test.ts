import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInline, parseNote } from './markdown.ts';

test('front matter, headings, lists, tables, quotes and code are told apart', () => {
  const { properties, blocks } = parseNote(
    '---\nstatus: open\n---\n# Title\n\ntext\nmore\n\n- [x] done\n- [ ] open\n  1. deep\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> said\n\n```js\n# no heading\n```\n\n---\n',
  );
  assert.deepEqual(properties, [['status', 'open']]);
  assert.deepEqual(
    blocks.map((block) => block.kind),
    ['heading', 'paragraph', 'list', 'table', 'quote', 'code', 'rule'],
  );
  assert.deepEqual(blocks[3], { kind: 'table', head: ['a', 'b'], rows: [['1', '2']] });
  assert.deepEqual(blocks[5], { kind: 'code', text: '# no heading' });
});

test('links and images become words: nothing has an address that could be opened', () => {
  assert.deepEqual(
    parseInline('see [us](https://evil.example) ![p](https://t.example/p.png) [[Done/x tsk_1|Contacts]] ![[a.png]] **b** `c` *d* 2*3*4'),
    [
      { kind: 'text', text: 'see ' },
      { kind: 'link', text: 'us', target: 'https://evil.example' },
      { kind: 'text', text: ' ' },
      { kind: 'image', text: 'p' },
      { kind: 'text', text: ' ' },
      { kind: 'note', text: 'Contacts', target: 'Done/x tsk_1' },
      { kind: 'text', text: ' ' },
      { kind: 'image', text: 'a.png' },
      { kind: 'text', text: ' ' },
      { kind: 'bold', text: 'b' },
      { kind: 'text', text: ' ' },
      { kind: 'code', text: 'c' },
      { kind: 'text', text: ' ' },
      { kind: 'emphasis', text: 'd' },
      { kind: 'text', text: ' 2*3*4' },
    ],
  );
});

test('unfinished or hostile Markdown ends and keeps its text', () => {
  for (const source of [
    '---\nnever closed',
    '```\nnever closed',
    '|',
    '|---|',
    '-',
    '#',
    '>'.repeat(5000),
    '[]('.repeat(50_000),
    '['.repeat(100_000),
    `a|b\n${' '.repeat(100_000)}x`,
    '\n'.repeat(200_000).concat('x'),
    '- '.repeat(9000),
    `${'*'.repeat(50_000)}x`,
  ]) {
    const startedAt = process.cpuUsage().user;
    const { blocks, properties } = parseNote(source);
    for (const block of blocks) if ('text' in block) parseInline(block.text);
    assert.ok(blocks.length + properties.length > 0, source.slice(0, 20));
    assert.ok(process.cpuUsage().user - startedAt < 5_000_000, source.slice(0, 20));
  }
});
