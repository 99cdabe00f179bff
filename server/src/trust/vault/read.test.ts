import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isFactotumError } from '#kernel';
import { testDatabase } from '../../../test/database.ts';
import { tenantFactory } from '../../../test/tenant.ts';
import { writeNote } from './change.ts';
import { listNotes } from './read.ts';

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
after(async () => {
  await tenants.close();
  await close();
});
const member = { author: 'user:usr_1', trusted: true, at: new Date('2026-03-01T10:00:00.000Z') } as const;

test('a list is complete and in order, page by page, over more notes than one batch', async () => {
  const { keys, run } = await tenants.build();
  // Written in an order that is neither that of the ids nor that of the paths.
  const paths = Array.from({ length: 1_050 }, (_, index) => `Notes/${String((index * 7919) % 1_050).padStart(4, '0')}.md`);
  await run(async (tx) => {
    for (const path of paths) await writeNote(tx, keys, { ...member, path, content: '' });
  });
  const seen: string[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = await run((tx) => listNotes(tx, keys, 'Notes/', { after, limit: 400 }));
    seen.push(...page.map(({ path }) => path));
    after = page.length === 400 ? page.at(-1)?.path : undefined;
  }
  assert.deepEqual(seen, [...paths].sort());
  assert.equal((await run((tx) => listNotes(tx, keys))).length, 1_000);
});

test('a folder lists what is in and below it, and nothing that merely starts alike', async () => {
  const { keys, run } = await tenants.build();
  for (const path of ['Playbooks/b.md', 'Playbooks/a/c.md', 'Playbooks2/x.md', 'Playbooks.md', 'Drafts/Playbooks/y.md'])
    await run((tx) => writeNote(tx, keys, { ...member, path, content: path }));
  const pathsIn = (folder: string) => run((tx) => listNotes(tx, keys, folder)).then((notes) => notes.map(({ path }) => path));
  assert.deepEqual(await pathsIn('Playbooks/'), ['Playbooks/a/c.md', 'Playbooks/b.md']);
  assert.deepEqual(await pathsIn('Playbooks'), ['Playbooks/a/c.md', 'Playbooks/b.md']);
  assert.deepEqual(await pathsIn('Nothing'), []);
  assert.equal((await pathsIn('')).length, 5);
  await assert.rejects(pathsIn('../Playbooks'), (error) => isFactotumError(error, 'vault.path_invalid'));
});
