import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, test } from 'node:test';
import { deleteNote, moveNote, writeNote } from '#trust/vault';
import { testDatabase } from '../../../test/database.ts';
import { type TestTenant, tenantFactory } from '../../../test/tenant.ts';
import { createNoteIndex } from './note-index.ts';
import { createVaultSearch } from './search.ts';

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
after(async () => {
  await tenants.close();
  await close();
});

const at = new Date('2026-03-01T10:00:00.000Z');
const member = { author: 'user:usr_1', trusted: true, at } as const;
const searchOf = (bytesMax?: number) =>
  createVaultSearch({
    app: database.app,
    keysOf: tenants.keyring.of,
    adopt: async () => undefined,
    ...(bytesMax === undefined ? {} : { bytesMax }),
  });
const write = (tenant: TestTenant, path: string, content: string) =>
  tenant.run((tx) => writeNote(tx, tenant.keys, { ...member, path, content }));

async function find(search: ReturnType<typeof searchOf>, tenant: TestTenant, text: string, limit = 20): Promise<string[]> {
  return (await search.search(tenant.tenantId, { text, limit, at })).notes.map(({ path }) => path);
}

test('notes are found by words, beginnings, slips, accents, phrases, folders and titles', async () => {
  const tenant = await tenants.build();
  const search = searchOf();
  await write(tenant, 'Clients/Müller.md', '# Bäckerei Müller\n\nThe oven is repaired in October, says the electrician.');
  await write(tenant, 'Clients/Smith.md', 'October is busy. The repaired oven stands in the cellar.');
  await write(tenant, 'Goals.md', '---\nkind: goals\n---\nRevenue of the bakery in autumn.');
  assert.deepEqual(await find(search, tenant, 'revenue'), ['Goals.md']);
  assert.deepEqual(await find(search, tenant, 'reven'), ['Goals.md']);
  assert.deepEqual(await find(search, tenant, 'electrcian'), ['Clients/Müller.md']);
  assert.deepEqual(await find(search, tenant, 'BACKEREI'), ['Clients/Müller.md']);
  assert.deepEqual((await find(search, tenant, 'oven october')).sort(), ['Clients/Müller.md', 'Clients/Smith.md']);
  assert.deepEqual(await find(search, tenant, '"repaired oven"'), ['Clients/Smith.md']);
  assert.deepEqual(await find(search, tenant, 'title:müller oven'), ['Clients/Müller.md']);
  assert.deepEqual(await find(search, tenant, 'october folder:goals'), []);
  assert.deepEqual((await find(search, tenant, 'folder:clients')).length, 2);
  assert.deepEqual(await find(search, tenant, 'oven nowhere'), []);
  assert.deepEqual(await find(search, tenant, '((("'), []);
});

test('a snippet is plain text around what was found, and says where that stands', async () => {
  const tenant = await tenants.build();
  const search = searchOf();
  await write(tenant, 'a.md', `---\nx: 1\n---\n${'before '.repeat(60)}<b>Größe</b> of it ${'after '.repeat(60)}`);
  const { notes } = await search.search(tenant.tenantId, { text: 'große', limit: 5, at });
  const { text, marks } = notes[0]!.snippet;
  assert.ok(text.length < 260 && !text.includes('x: 1') && text.includes('<b>Größe</b>'));
  assert.deepEqual(
    marks.map(([from, to]) => text.slice(from, to)),
    ['Größe'],
  );
});

test('a search sees what was written, moved and deleted before it', async () => {
  const tenant = await tenants.build();
  const search = searchOf();
  assert.deepEqual(await find(search, tenant, 'zebra'), []);
  await write(tenant, 'a.md', 'zebra');
  assert.deepEqual(await find(search, tenant, 'zebra'), ['a.md']);
  await tenant.run((tx) => moveNote(tx, tenant.keys, { ...member, from: 'a.md', to: 'b/c.md' }));
  assert.deepEqual(await find(search, tenant, 'zebra'), ['b/c.md']);
  await write(tenant, 'b/c.md', 'lion');
  assert.deepEqual([await find(search, tenant, 'zebra'), await find(search, tenant, 'lion')], [[], ['b/c.md']]);
  await tenant.run((tx) => deleteNote(tx, tenant.keys, { ...member, path: 'b/c.md' }));
  assert.deepEqual(await find(search, tenant, 'lion'), []);
});

test('one tenant finds nothing of another, pages do not overlap, and what is forgotten is made anew', async () => {
  const [one, other] = [await tenants.build(), await tenants.build()];
  const search = searchOf();
  for (let n = 0; n < 7; n += 1) await write(one, `n${n}.md`, `walrus ${n}`);
  assert.deepEqual(await find(search, other, 'walrus'), []);
  const pages = [];
  for (const offset of [0, 3, 6]) pages.push(await search.search(one.tenantId, { text: 'walrus', offset, limit: 3, at }));
  assert.deepEqual(
    pages.map(({ hasMore, notes }) => [notes.length, hasMore]),
    [
      [3, true],
      [3, true],
      [1, false],
    ],
  );
  assert.equal(new Set(pages.flatMap(({ notes }) => notes.map(({ path }) => path))).size, 7);
  assert.ok(search.bytes() > 0);
  search.forget(one.tenantId);
  search.forget();
  assert.equal(search.bytes(), 0);
  assert.equal((await find(search, one, 'walrus')).length, 7);
});

test('indexes give way to each other, and a search works all the same', async () => {
  const search = searchOf(5_000);
  const several = [await tenants.build(), await tenants.build()];
  for (const tenant of several) await write(tenant, 'a.md', `heron ${'x '.repeat(300)}`);
  for (const tenant of [...several, ...several]) assert.deepEqual(await find(search, tenant, 'heron'), ['a.md']);
  assert.ok(search.bytes() <= 5_000);
});

test('a long note is indexed in slices', async (t) => {
  const index = createNoteIndex();
  const words = Array.from({ length: 40_000 }, (_, n) => `word${(n * 7_919) % 40_000}`).join(' ');
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await index.put({ noteId: 'n1', path: 'long.md', content: words });
  delay.disable();
  assert.ok(index.find('word31234', { onlyTitle: false }).has('n1'));
  // What the machine did meanwhile is in it as well, so this is told and not asserted.
  t.diagnostic(`longest turn while indexing ${words.length} characters: ${(delay.max / 1e6).toFixed(0)} ms`);
});
