import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { isFactotumError } from '#kernel';
import { testDatabase } from '../../../test/database.ts';
import { type TestTenant, tenantFactory } from '../../../test/tenant.ts';
import { deleteNote, moveNote, writeNote } from './change.ts';
import { type DrawnNote, type JournalPlace, listChanges, recordDrawn, sha256Of, type VaultChange } from './journal.ts';
import { forgetDeletions } from './journal-store.ts';
import { foldPath } from './path.ts';
import { eachNote } from './read.ts';

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
after(async () => {
  await tenants.close();
  await close();
});

const at = new Date('2026-03-01T10:00:00.000Z');
const member = { author: 'user:usr_1', trusted: true, at } as const;

/** A copy of the vault as somebody who follows the changes has it: by folded path, its spelling and content's hash. */
type Copy = Map<string, { path: string; sha256: string | null }>;

function replay(copy: Copy, changes: readonly VaultChange[]): void {
  for (const { path, deleted, sha256 } of changes) {
    if (deleted) copy.delete(foldPath(path));
    else copy.set(foldPath(path), { path, sha256 });
  }
}

/** Follows the changes to their end, a few at a time. */
async function follow(tenant: TestTenant, copy: Copy, from: JournalPlace | null): Promise<JournalPlace> {
  for (let place = from; ; ) {
    const { changes, next, hasMore } = await tenant.run((tx) => listChanges(tx, tenant.keys, place, 3));
    replay(copy, changes);
    place = next;
    if (!hasMore) return next;
  }
}

async function treeOf(tenant: TestTenant, drawn: readonly DrawnNote[]): Promise<Copy> {
  const { tenantId, keys } = tenant;
  const tree: Copy = new Map(drawn.map(({ path, content }) => [foldPath(path), { path, sha256: sha256Of(Buffer.from(content)) }]));
  await tenant.run(async (tx) => {
    for await (const { path, bytes } of eachNote(tx, {
      tenantId,
      keysOf: async () => keys,
      onBroken: () => assert.fail('a note is broken'),
    }))
      tree.set(foldPath(path), { path, sha256: sha256Of(bytes) });
  });
  return tree;
}

const sorted = (copy: Copy) => [...copy.values()].sort((one, other) => (one.path < other.path ? -1 : 1));

const path = fc.constantFrom('a.md', 'A.md', 'b.md', 'c/d.md', 'C/d.md', 'e.md');
const step = fc.oneof(
  fc.record({ does: fc.constant('write' as const), path, content: fc.string({ maxLength: 5 }) }),
  fc.record({ does: fc.constant('move' as const), path, to: path }),
  fc.record({ does: fc.constant('delete' as const), path }),
  fc.record({ does: fc.constant('draw' as const), path: fc.constantFrom('Done/x.md', 'Done/y.md'), content: fc.string({ maxLength: 3 }) }),
  fc.record({ does: fc.constant('follow' as const) }),
);

test('whoever replays the changes from any place has the tree as it is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const tenant = await tenants.build();
      let drawn: readonly DrawnNote[] = [];
      const followers: { copy: Copy; place: JournalPlace | null }[] = [{ copy: new Map(), place: null }];
      for (const one of steps) {
        const work = tenant
          .run(async (tx) => {
            if (one.does === 'write') await writeNote(tx, tenant.keys, { ...member, path: one.path, content: one.content });
            else if (one.does === 'move') await moveNote(tx, tenant.keys, { ...member, from: one.path, to: one.to });
            else if (one.does === 'delete') await deleteNote(tx, tenant.keys, { ...member, path: one.path });
            else if (one.does === 'draw') {
              drawn = [{ path: one.path, objectId: 'tsk_1', etag: one.content, content: one.content }];
              await recordDrawn(tx, tenant.keys, at, async () => drawn);
            } else {
              const copy: Copy = new Map();
              followers.push({ copy, place: await follow(tenant, copy, null) });
            }
          })
          .catch((error: unknown) => assert.ok(isFactotumError(error), String(error)));
        await work;
      }
      const tree = sorted(await treeOf(tenant, drawn));
      for (const { copy, place } of followers) {
        await follow(tenant, copy, place);
        assert.deepEqual(sorted(copy), tree);
      }
    }),
    { numRuns: 25 },
  );
});

test('a move says where it came from, and the id stays', async () => {
  const tenant = await tenants.build();
  const { noteId } = await tenant.run((tx) => writeNote(tx, tenant.keys, { ...member, path: 'a.md', content: 'x' }));
  const copy: Copy = new Map();
  const place = await follow(tenant, copy, null);
  await tenant.run((tx) => moveNote(tx, tenant.keys, { ...member, from: 'a.md', to: 'b.md' }));
  const { changes } = await tenant.run((tx) => listChanges(tx, tenant.keys, place, 10));
  assert.deepEqual(
    changes.map(({ path, objectId, deleted, movedFrom }) => ({ path, objectId, deleted, movedFrom })),
    [
      { path: 'a.md', objectId: noteId, deleted: true, movedFrom: null },
      { path: 'b.md', objectId: noteId, deleted: false, movedFrom: 'a.md' },
    ],
  );
});

test('a place from before forgotten deletions is refused, and who begins anew misses nothing', async () => {
  const tenant = await tenants.build();
  const write = (path: string) => tenant.run((tx) => writeNote(tx, tenant.keys, { ...member, path, content: path }));
  await write('a.md');
  const early = await follow(tenant, new Map(), null);
  await write('b.md');
  await tenant.run((tx) => deleteNote(tx, tenant.keys, { ...member, path: 'a.md' }));
  await tenant.run((tx) => forgetDeletions(tx, tenant.tenantId, new Date(at.getTime() + 1)));
  await assert.rejects(
    tenant.run((tx) => listChanges(tx, tenant.keys, early, 10)),
    (error) => isFactotumError(error, 'request.cursor_invalid'),
  );
  const copy: Copy = new Map();
  const place = await follow(tenant, copy, null);
  assert.deepEqual(
    sorted(copy).map(({ path }) => path),
    ['b.md'],
  );
  await write('c.md');
  assert.equal((await tenant.run((tx) => listChanges(tx, tenant.keys, place, 10))).changes.length, 1);
});

test('changes of many at once are seen by who follows them, each and in order', async () => {
  const tenant = await tenants.build();
  const copy: Copy = new Map();
  const writes = Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      tenant.run((tx) => writeNote(tx, tenant.keys, { ...member, path: `n${index}.md`, content: 'x' })),
    ),
  );
  let place: JournalPlace | null = null;
  for (let look = 0; look < 10; look += 1) place = await follow(tenant, copy, place);
  await writes;
  await follow(tenant, copy, place);
  assert.equal(copy.size, 20);
});
