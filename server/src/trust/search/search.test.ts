import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { FactotumError } from '#kernel';
import { deleteNote, moveNote, writeNote } from '#trust/vault';
import { until } from '../../../test/audit.ts';
import { testDatabase } from '../../../test/database.ts';
import { type TestTenant, tenantFactory } from '../../../test/tenant.ts';
import { createIndexWorker } from './index-worker.ts';
import { createNoteIndex } from './note-index.ts';
import { readQuery } from './query.ts';
import { createVaultSearch } from './search.ts';

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
after(async () => {
  await tenants.close();
  await close();
});

const at = new Date('2026-03-01T10:00:00.000Z');
const member = { author: 'user:usr_1', trusted: true, at } as const;
const searchWith = (options: Partial<Parameters<typeof createVaultSearch>[0]>) =>
  createVaultSearch({ app: database.app, keysOf: tenants.keyring.of, adopt: async () => undefined, ...options });
const searchOf = (bytesMax?: number) => searchWith(bytesMax === undefined ? {} : { bytesMax });
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

test('a vault that was searched while it was empty is counted as what it has become', async () => {
  const tenant = await tenants.build();
  const search = searchOf();
  assert.deepEqual(await find(search, tenant, 'heron'), []);
  assert.equal(search.bytes(), 1);
  await write(tenant, 'a.md', 'heron');
  assert.deepEqual(await find(search, tenant, 'heron'), ['a.md']);
  assert.ok(search.bytes() > 1_000, `${search.bytes()}`);
  assert.deepEqual(await find(search, tenant, 'heron'), ['a.md'], 'its index has not been dropped');
});

const distinctWords = (count: number) => Array.from({ length: count }, (_, n) => `w${n.toString(36)}`).join(' ');

test('words that occur once are counted at what they take, not as so many characters', async () => {
  const index = createNoteIndex();
  await index.put({ noteId: 'n1', path: 'a.md', content: distinctWords(20_000) }, async () => undefined);
  // Measured: 500 to 700 bytes each.
  assert.ok(index.bytes() > 20_000 * 500 && index.bytes() < 20_000 * 800, `${index.bytes()}`);
});

test('a vault whose index would take more than its share is refused, and others are searched', async () => {
  const [large, usual] = [await tenants.build(), await tenants.build()];
  const search = searchWith({ vaultBytesMax: 1_000_000 });
  await write(large, 'a.md', distinctWords(20_000));
  await write(usual, 'a.md', 'heron');
  await assert.rejects(find(search, large, 'w1'), { code: 'vault.too_large' });
  assert.equal(search.bytes(), 0);
  assert.deepEqual(await find(search, usual, 'heron'), ['a.md']);
  await write(large, 'a.md', 'heron');
  assert.deepEqual(await find(search, large, 'heron'), ['a.md']);
  await write(large, 'b.md', distinctWords(20_000));
  await assert.rejects(find(search, large, 'heron'), { code: 'vault.too_large' }, 'also one that grew while it was held');
});

test('one index is made at a time, and the others wait for their turn', async () => {
  const several = await Promise.all([1, 2, 3, 4].map(() => tenants.build()));
  for (const tenant of several) await write(tenant, 'a.md', 'heron');
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
  let begun = 0;
  const search = searchWith({
    adopt: () => {
      begun += 1;
      return mayGoOn;
    },
  });
  const found = Promise.all(several.map((tenant) => find(search, tenant, 'heron')));
  await until(() => begun >= 1);
  await write(several[0] as TestTenant, 'b.md', 'x');
  assert.equal(begun, 1);
  goOn();
  assert.deepEqual((await found).flat(), ['a.md', 'a.md', 'a.md', 'a.md']);
});

test('an index that was being made when the thread ended is not kept', async () => {
  const tenant = await tenants.build();
  let lose: () => void = () => undefined;
  let asked = 0;
  const search = searchWith({
    startWorker: (onLost) => {
      const worker = createIndexWorker(onLost);
      lose = () => {
        worker.rest();
        onLost();
      };
      return worker;
    },
    keysOf: (tenantId) => {
      asked += 1;
      // The index is begun, and nobody waits for the thread.
      if (asked === 1) lose();
      return tenants.keyring.of(tenantId);
    },
  });
  await assert.rejects(find(search, tenant, 'puffin'), { code: 'server.busy' });
  assert.equal(search.bytes(), 0);
  assert.deepEqual(await find(search, tenant, 'puffin'), []);
});

test('a long note is indexed in slices, so that others are heard meanwhile', async () => {
  const index = createNoteIndex();
  const words = Array.from({ length: 40_000 }, (_, n) => `word${(n * 7_919) % 40_000}`).join(' ');
  let turns = 0;
  await index.put({ noteId: 'n1', path: 'long.md', content: words }, async () => {
    turns += 1;
  });
  assert.ok(turns >= words.length / 5_000, `${turns} turns`);
  assert.ok(index.find('word31234', { onlyTitle: false }).has('n1'));
});

test('searches of several tenants at once, with room for one index, all find their own', async () => {
  const search = searchOf(5_000);
  const several = await Promise.all([1, 2, 3].map(() => tenants.build()));
  for (const [n, tenant] of several.entries()) await write(tenant, `bird ${n}.md`, `heron ${'x '.repeat(300)}`);
  const asked = Array.from({ length: 12 }, (_, n) => n % 3);
  const found = await Promise.all(asked.map((n) => find(search, several[n] as TestTenant, 'heron')));
  assert.deepEqual(
    found,
    asked.map((n) => [`bird ${n}.md`]),
  );
});

test('what is forgotten while it is made is not kept, and keys that may not be used end the search', async () => {
  const tenant = await tenants.build();
  for (let n = 0; n < 3; n += 1) await write(tenant, `n${n}.md`, 'puffin');
  let mayUse = true;
  let asked = 0;
  const search = createVaultSearch({
    app: database.app,
    adopt: async () => undefined,
    keysOf: async (tenantId) => {
      asked += 1;
      if (!mayUse) throw new FactotumError('key.unavailable', 'not now');
      return tenants.keyring.of(tenantId);
    },
  });
  const first = find(search, tenant, 'puffin');
  await until(() => asked > 0);
  search.forget(tenant.tenantId);
  assert.equal((await first).length, 3);
  assert.equal(search.bytes(), 0);
  assert.equal((await find(search, tenant, 'puffin')).length, 3);
  mayUse = false;
  await assert.rejects(find(search, tenant, 'puffin'), { code: 'key.unavailable' });
  assert.equal(search.bytes(), 0);
});

test('a thread that runs out of memory is told as busy, and the next question finds another', async () => {
  let lost = 0;
  const worker = createIndexWorker(() => {
    lost += 1;
  }, 16);
  await worker.ask('open', { index: 1, bytesMax: Number.POSITIVE_INFINITY });
  const note = (n: number) => ({
    noteId: `n${n}`,
    path: `${n}.md`,
    content: Array.from({ length: 50_000 }, (_, m) => `w${n}x${m}`).join(' '),
  });
  const fill = async () => {
    for (let n = 0; n < 100; n += 1) await worker.ask('apply', { index: 1, removed: [], written: [note(n)] });
  };
  await assert.rejects(fill, { code: 'server.busy' });
  assert.equal(lost, 1);
  await assert.rejects(worker.ask('rank', { index: 1, query: readQuery('w1x1'), from: 0, count: 1 }), { code: 'server.busy' });
  await worker.ask('open', { index: 2, bytesMax: 1_000_000 });
  await worker.ask('apply', { index: 2, removed: [], written: [{ noteId: 'n', path: 'n.md', content: 'x' }] });
  assert.equal((await worker.ask('rank', { index: 2, query: readQuery('x'), from: 0, count: 1 })).length, 1);
  worker.rest();
});
