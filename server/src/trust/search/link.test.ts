import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findLinks, linkName, type Places, resolveLink } from './link.ts';

const placesOf = (...paths: string[]): Places => ({
  at: (path) => paths.find((one) => one.toLowerCase() === path.toLowerCase()),
  named: (name) => paths.filter((path) => linkName(path) === name),
});

test('links are found as they are written, once each, and neither in code nor to the outside', () => {
  const text = [
    '[[Clients/Northwind|our client]] and [[Northwind#Terms]] and ![[photo.jpg]] and [[Northwind]]',
    '[terms](../Legal/Our%20terms.md "see") [same](<with space.md>) [web](https://a.example/x) [mail](mailto:a@b.example) [top](#top) [//](//x.example)',
    '`[[Code]]`',
    '```\n[[Fence]]\n```',
    '````md\n```\n[[Fence in a fence]]\n```\n````',
    '~~~\n[[Fence]]\n```\n[[Other signs]]\n~~~',
    'between [[Fences]] and ```[[Code]]```',
    '[bad](%E0%A4%A)',
  ].join('\n');
  assert.deepEqual(findLinks(text), [
    { target: 'Clients/Northwind', kind: 'wiki' },
    { target: 'Northwind', kind: 'wiki' },
    { target: 'photo.jpg', kind: 'wiki' },
    { target: 'Fences', kind: 'wiki' },
    { target: '../Legal/Our terms.md', kind: 'relative' },
    { target: 'with space.md', kind: 'relative' },
  ]);
});

test('a link means what stands where it says, else what is called so, nearest first', () => {
  const places = placesOf('Northwind.md', 'Clients/Northwind.md', 'Legal/Our terms.md', 'Clients/Contoso/Notes.md', 'photo.jpg');
  const wiki = (target: string, from: string) => resolveLink({ target, kind: 'wiki' }, from, places);
  const relative = (target: string, from: string) => resolveLink({ target, kind: 'relative' }, from, places);
  assert.equal(wiki('Northwind', 'Clients/Index.md'), 'Clients/Northwind.md');
  assert.equal(wiki('northwind', 'Legal/Our terms.md'), 'Northwind.md');
  assert.equal(wiki('Notes', 'Index.md'), 'Clients/Contoso/Notes.md');
  assert.equal(wiki('Clients/Northwind', 'Legal/Our terms.md'), 'Clients/Northwind.md');
  assert.equal(wiki('photo.jpg', 'Index.md'), 'photo.jpg');
  assert.equal(wiki('Clients/Absent', 'Index.md'), null);
  assert.equal(relative('../Legal/Our terms.md', 'Clients/Northwind.md'), 'Legal/Our terms.md');
  assert.equal(relative('Notes.md', 'Index.md'), null);
  assert.equal(relative('/Northwind.md', 'Clients/Contoso/Notes.md'), 'Northwind.md');
  assert.equal(relative('../../../etc/passwd', 'Clients/Northwind.md'), null);
});

test('a text that is made to hurt is looked through in linear time', () => {
  for (const text of [
    '[['.repeat(500_000),
    ']('.repeat(500_000),
    `${'`'.repeat(999_999)}`,
    `](${'a'.repeat(900_000)}`,
    '```\n'.repeat(100_000),
    '```x\n'.repeat(200_000),
    `${'`a'.repeat(200_000)}`,
    '   ```'.repeat(150_000),
  ]) {
    const started = process.cpuUsage().user;
    findLinks(text);
    assert.ok(process.cpuUsage().user - started < 5_000_000, `${text.slice(0, 4)} took ${process.cpuUsage().user - started} µs`);
  }
});
