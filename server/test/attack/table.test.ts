import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'node:test';

const page = join(import.meta.dirname, '..', '..', '..', 'docs', 'identity', 'attacks.md');

test('every test that the table of attacks names is there', async () => {
  const text = await readFile(page, 'utf8');
  const named = [...text.matchAll(/\[([^\]]+)\]\(([^)]+)\): (.*?)(?=<br>| \|$)/gm)].map(([, label, link = '', name = '']) => ({
    label,
    link,
    name,
  }));
  assert.ok(named.length > 150, `${named.length} tests are named`);
  const lost: string[] = [];
  for (const { label, link, name } of named) {
    assert.equal(label, basename(link));
    const source = await readFile(join(page, '..', link), 'utf8').catch(() => '');
    // What stands for each of several tests is left out.
    if (!name.split('…').every((part) => source.includes(part))) lost.push(`${link}: ${name}`);
  }
  assert.deepEqual(lost, []);
});

test('no attack of the table is without a test', async () => {
  const rows = (await readFile(page, 'utf8')).split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| attack'));
  assert.deepEqual(
    rows.filter((line) => !line.includes('](../../')),
    [],
  );
});
