import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CompiledQuery, sql } from 'kysely';
import { z } from 'zod';
import { type ErrorCode, type Id, isFactotumError, newId } from '#kernel';
import type { Tx } from '#kernel/database';
import { testDatabase } from '../../../test/database.ts';
import { tamper } from '../../../test/tamper.ts';
import { type TestTenant, tenantFactory } from '../../../test/tenant.ts';
import { type Change, deleteNote, moveNote, restoreVersion, writeNote } from './change.ts';
import { noteBytesMax } from './note.ts';
import { listNotes, noteHistory, readNote } from './read.ts';

const { database, ownerUrl, close } = await testDatabase();
const tenants = await tenantFactory(database);
after(async () => {
  await tenants.close();
  await close();
});

const at = new Date('2026-03-01T10:00:00.000Z');
const member = { author: 'user:usr_1', trusted: true, at } as const;
const tool = { author: 'connector:vault', trusted: false, at } as const;
const is = (code: ErrorCode) => (error: unknown) => isFactotumError(error, code);

/** The vault's functions, each as one unit of work. */
function vaultOf({ keys, run }: TestTenant) {
  return {
    write: (path: string, content: string | Uint8Array, change: Partial<Change> & { ifNoneMatch?: '*' } = {}) =>
      run((tx) => writeNote(tx, keys, { ...member, ...change, path, content })),
    move: (from: string, to: string, change: Partial<Change> = {}) => run((tx) => moveNote(tx, keys, { ...member, ...change, from, to })),
    delete: (path: string, change: Partial<Change> = {}) => run((tx) => deleteNote(tx, keys, { ...member, ...change, path })),
    restore: (noteId: Id<'note'>, version: number, change: Partial<Change> = {}) =>
      run((tx) => restoreVersion(tx, keys, { ...member, ...change, noteId, version })),
    read: (path: string) => run((tx) => readNote(tx, keys, path)),
    list: () => run((tx) => listNotes(tx, keys)).then((notes) => notes.map(({ path }) => path)),
    history: (noteId: Id<'note'>) => run((tx) => noteHistory(tx, keys, noteId)),
  };
}
const build = async () => vaultOf(await tenants.build());

test('a note is read as it was written, with who wrote it and whether to trust it', async () => {
  const vault = await build();
  const written = await vault.write('Notes/Zoe\u0308.md', '# Grüße\n🧾\r\n');
  const note = await vault.read('Notes/Zoë.md');
  assert.ok(note);
  const { content, bytes, ...rest } = note;
  assert.equal(content, '# Grüße\n🧾\r\n');
  assert.deepEqual({ ...rest, changed: true }, written);
  assert.deepEqual(rest, {
    ...rest,
    path: 'Notes/Zoë.md',
    version: 1,
    change: 'written',
    trusted: true,
    author: 'user:usr_1',
    updatedAt: at,
    sizeBytes: bytes.length,
  });
  assert.equal(await vault.read('Notes/Zoe.md'), null);
});

test('a note may hold any bytes, none, and up to five megabytes', async () => {
  const vault = await build();
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
  await vault.write('image.png', bytes);
  assert.deepEqual((await vault.read('image.png'))?.bytes, bytes);
  await vault.write('empty.md', '');
  assert.equal((await vault.read('empty.md'))?.content, '');
  await vault.write('large.bin', Buffer.alloc(noteBytesMax, 7));
  assert.equal((await vault.read('large.bin'))?.sizeBytes, noteBytesMax);
  await assert.rejects(vault.write('larger.bin', Buffer.alloc(noteBytesMax + 1)), is('request.too_large'));
  await assert.rejects(vault.write('half.md', 'a\ud800'), is('request.invalid'));
});

test('every write is a version with its own etag, and every version can be had back', async () => {
  const vault = await build();
  const first = await vault.write('a.md', 'one');
  const second = await vault.write('a.md', 'two');
  const third = await vault.write('a.md', 'one');
  assert.deepEqual(
    [first, second, third].map(({ version }) => version),
    [1, 2, 3],
  );
  assert.equal(new Set([first.etag, second.etag, third.etag]).size, 3);
  assert.deepEqual(
    (await vault.history(first.noteId)).map(({ version, etag }) => [version, etag]),
    [
      [3, third.etag],
      [2, second.etag],
      [1, first.etag],
    ],
  );
  await assert.rejects(vault.restore(first.noteId, 4), is('vault.not_found'));
  await vault.restore(first.noteId, 2);
  assert.equal((await vault.read('a.md'))?.content, 'two');
});

test('writing what is there already changes nothing, unless a member thereby vouches for it', async () => {
  const vault = await build();
  const byTool = await vault.write('a.md', 'same', tool);
  assert.deepEqual(await vault.write('a.md', 'same', tool), { ...byTool, changed: false });
  const byMember = await vault.write('a.md', 'same');
  assert.deepEqual([byMember.changed, byMember.version, byMember.trusted], [true, 2, true]);
  assert.deepEqual(await vault.write('a.md', 'same', tool), { ...byMember, changed: false });
});

test('a write under a condition happens only if the condition holds', async () => {
  const vault = await build();
  await assert.rejects(vault.write('a.md', 'x', { ifMatch: '*' }), is('vault.changed'));
  await assert.rejects(vault.write('a.md', 'x', { ifMatch: 'anything' }), is('vault.changed'));
  const first = await vault.write('a.md', 'one', { ifNoneMatch: '*' });
  await assert.rejects(vault.write('a.md', 'two', { ifNoneMatch: '*' }), is('vault.exists'));
  await vault.write('a.md', 'two', { ifMatch: first.etag });
  for (const change of [
    () => vault.write('a.md', 'three', { ifMatch: first.etag }),
    () => vault.move('a.md', 'b.md', { ifMatch: first.etag }),
    () => vault.delete('a.md', { ifMatch: first.etag }),
  ])
    await assert.rejects(change(), is('vault.changed'));
  assert.equal((await vault.write('a.md', 'three', { ifMatch: '*' })).version, 3);
});

test('of two who write on the same etag at once, one is told that the note has changed', async () => {
  const vault = await build();
  const { etag } = await vault.write('a.md', 'start');
  const tries = await Promise.allSettled(['left', 'right'].map((text) => vault.write('a.md', text, { ifMatch: etag })));
  assert.deepEqual(tries.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.ok(tries.every((one) => one.status === 'fulfilled' || is('vault.changed')(one.reason)));
});

test('eight who create the same note at once make one note with all their versions', async () => {
  const vault = await build();
  const written = await Promise.all(Array.from({ length: 8 }, (_, index) => vault.write('new.md', `by ${index}`)));
  assert.equal(new Set(written.map(({ noteId }) => noteId)).size, 1);
  assert.deepEqual(written.map(({ version }) => version).sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(await vault.list(), ['new.md']);
});

test('a path that differs from a note in case or normalisation only is refused, and names that note', async () => {
  const vault = await build();
  await vault.write('Notes/Plan.md', 'x');
  await vault.write('other.md', 'y');
  const names = (error: unknown) => isFactotumError(error, 'vault.exists') && error.details?.path === 'Notes/Plan.md';
  await assert.rejects(vault.write('notes/PLAN.md', 'z'), names);
  await assert.rejects(vault.move('other.md', 'NOTES/plan.md'), is('vault.exists'));
  assert.equal(await vault.read('notes/plan.md'), null);
  await assert.rejects(vault.delete('notes/plan.md'), is('vault.not_found'));
  // Except to change the note's own case.
  assert.equal((await vault.move('Notes/Plan.md', 'notes/plan.md')).path, 'notes/plan.md');
  assert.equal((await vault.read('notes/plan.md'))?.content, 'x');
});

test('a moved note keeps its id, text and history, and leaves its old path free', async () => {
  const vault = await build();
  const written = await vault.write('Inbox/a.md', 'text');
  const moved = await vault.move('Inbox/a.md', 'Done/2026-03/a.md', { ifMatch: written.etag });
  assert.deepEqual([moved.noteId, moved.version, moved.trusted, moved.change], [written.noteId, 2, true, 'moved']);
  assert.equal((await vault.read('Done/2026-03/a.md'))?.content, 'text');
  assert.deepEqual(
    (await vault.history(written.noteId)).map(({ path }) => path),
    ['Done/2026-03/a.md', 'Inbox/a.md'],
  );
  const another = await vault.write('Inbox/a.md', 'another');
  assert.notEqual(another.noteId, written.noteId);
  await assert.rejects(vault.move('Inbox/a.md', 'Done/2026-03/a.md'), is('vault.exists'));
  await assert.rejects(vault.move('Inbox/a.md', 'Inbox/a.md'), is('vault.exists'));
  await assert.rejects(vault.move('Inbox/gone.md', 'x.md'), is('vault.not_found'));
});

test('of several that move to one path at once, one arrives and the others stay where they were', async () => {
  const vault = await build();
  for (const name of ['a', 'b', 'c', 'd']) await vault.write(`${name}.md`, name);
  const tries = await Promise.allSettled(['a', 'b', 'c', 'd'].map((name) => vault.move(`${name}.md`, 'target.md')));
  assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.ok(tries.every((one) => one.status === 'fulfilled' || is('vault.exists')(one.reason)));
  assert.equal((await vault.list()).length, 4);
});

test('a deleted note is gone from its path and list, and comes back with any of its versions', async () => {
  const vault = await build();
  const { noteId } = await vault.write('a.md', 'one');
  await vault.write('a.md', 'two');
  const deleted = await vault.delete('a.md');
  assert.deepEqual([deleted.version, deleted.change, deleted.sizeBytes], [3, 'deleted', 0]);
  assert.equal(await vault.read('a.md'), null);
  assert.deepEqual(await vault.list(), []);
  await assert.rejects(vault.delete('a.md'), is('vault.not_found'));
  await assert.rejects(vault.restore(noteId, 3), is('vault.not_found'));
  await assert.rejects(vault.restore(noteId, 9), is('vault.not_found'));
  await assert.rejects(vault.restore(newId('note'), 1), is('vault.not_found'));
  assert.equal((await vault.restore(noteId, 1, { ifMatch: deleted.etag })).version, 4);
  assert.equal((await vault.read('a.md'))?.content, 'one');
});

test('a note cannot be restored over another that has taken its path', async () => {
  const vault = await build();
  const { noteId } = await vault.write('a.md', 'old');
  await vault.delete('a.md');
  await vault.write('A.md', 'new');
  await assert.rejects(vault.restore(noteId, 1), is('vault.exists'));
  await vault.move('A.md', 'b.md');
  await vault.restore(noteId, 1);
  assert.deepEqual(await vault.list(), ['a.md', 'b.md']);
});

test('whoever is no member can change nothing where it is decided what is done', async () => {
  const vault = await build();
  await vault.write('Playbooks/Pay invoices.md', 'rules');
  await vault.write('Company_Handbook.md', 'tone');
  const { noteId } = await vault.write('Playbooks/Other.md', 'x');
  await vault.move('Playbooks/Other.md', 'Drafts/Other.md');
  await vault.write('Drafts/mine.md', 'x', tool);
  const tries = [
    () => vault.write('playbooks/Evil.md', 'x', tool),
    () => vault.write('Company_Handbook.md', 'x', tool),
    () => vault.write('Pending_Approval/a.md', 'x', tool),
    () => vault.move('Drafts/mine.md', 'Approved/mine.md', tool),
    () => vault.move('Playbooks/Pay invoices.md', 'Drafts/x.md', tool),
    () => vault.delete('Playbooks/Pay invoices.md', tool),
    () => vault.restore(noteId, 1, tool),
  ];
  for (const attempt of tries) await assert.rejects(attempt(), is('vault.protected'));
  assert.equal((await vault.read('Company_Handbook.md'))?.trusted, true);
});

test("a tool's touch takes a member's trust away, and a member's move does not give it to a tool's text", async () => {
  const vault = await build();
  await vault.write('Contacts.md', 'by a member');
  assert.equal((await vault.move('Contacts.md', 'Contacts2.md', tool)).trusted, false);
  assert.equal((await vault.move('Contacts2.md', 'Contacts.md')).trusted, false);
  const { noteId } = await vault.write('Contacts.md', 'checked by a member');
  await vault.write('Contacts.md', 'by a tool', tool);
  assert.equal((await vault.read('Contacts.md'))?.trusted, false);
  // Restoring what a tool wrote does not vouch for it; restoring a member's text does.
  assert.equal((await vault.restore(noteId, 2)).trusted, false);
  assert.equal((await vault.restore(noteId, 4)).trusted, true);
  // A tool that brings back an old text of a member's makes a choice of its own, so nobody vouches for that.
  await vault.write('Contacts.md', 'newer, by a member');
  assert.equal((await vault.restore(noteId, 4, tool)).trusted, false);
});

test("one tenant's unit of work finds none of another's notes, whoever's keys it holds", async () => {
  const [ours, theirs] = [await tenants.build(), await tenants.build()];
  const { noteId } = await vaultOf(theirs).write('secret.md', 'theirs');
  const looks = (tx: Tx) =>
    Promise.all(
      [ours.keys, theirs.keys].flatMap((keys) => [
        readNote(tx, keys, 'secret.md'),
        listNotes(tx, keys).then(([note = null]) => note),
        noteHistory(tx, keys, noteId).then(([version = null]) => version),
      ]),
    );
  assert.ok((await ours.run(looks)).every((found) => found === null));
  await assert.rejects(
    ours.run((tx) => writeNote(tx, theirs.keys, { ...member, path: 'planted.md', content: 'x' })),
    /row-level security/,
  );
  await assert.rejects(
    ours.run((tx) => restoreVersion(tx, theirs.keys, { ...member, noteId, version: 1 })),
    is('vault.not_found'),
  );
  assert.deepEqual(await vaultOf(theirs).list(), ['secret.md']);
});

test('rows that were exchanged in the database do not open', async () => {
  const tenant = await tenants.build();
  const vault = vaultOf(tenant);
  const one = await vault.write('one.md', 'first');
  const other = await vault.write('other.md', 'second');
  const exchange = 'update app.note_version set body = (select body from app.note_version where note_id = $2) where note_id = $1';
  // The application itself is not let: it exchanges a seal for a newer one and nothing else.
  await assert.rejects(
    tenant.run((tx) => tx.executeQuery(CompiledQuery.raw(exchange, [one.noteId, other.noteId]))),
    /exchanged by a rotation/,
  );
  await tamper(ownerUrl, 'note_version', exchange, [one.noteId, other.noteId]);
  await assert.rejects(vault.read('one.md'), is('seal.broken'));
  await assert.rejects(vault.move('one.md', 'two.md'), is('seal.broken'));
  await vault.write('one.md', 'mended');
  assert.equal((await vault.read('one.md'))?.content, 'mended');
});

test('every change leaves one audit entry in its own transaction, with id and version and nothing of the content', async () => {
  const tenant = await tenants.build();
  const vault = vaultOf(tenant);
  const taskId = newId('task');
  const { noteId } = await vault.write('Secret/plans.md', 'secret text', { ...tool, taskId });
  await vault.move('Secret/plans.md', 'Secret/moved.md');
  await vault.delete('Secret/moved.md');
  await vault.restore(noteId, 1);
  await vault.write('Secret/plans.md', 'secret text');
  await vault.write('Secret/plans.md', 'secret text');
  await assert.rejects(vault.write('Secret/plans.md', 'x', { ifNoneMatch: '*' }));
  const lost = tenant.run(async (tx) => {
    await writeNote(tx, tenant.keys, { ...member, path: 'lost.md', content: 'x' });
    throw new Error('rolled back');
  });
  await assert.rejects(lost, /rolled back/);

  const pending = await sql<{
    entries: string[];
  }>`select entries from audit_pending where tenant_id = ${tenant.tenantId} order by id`.execute(database.sequencer.db);
  const bodies = pending.rows.flatMap(({ entries }) => entries);
  const facts = bodies.map(
    (body) => z.object({ unmapped: z.object({ factotum: z.record(z.string(), z.unknown()) }) }).parse(JSON.parse(body)).unmapped.factotum,
  );
  assert.deepEqual(facts, [
    { kind: 'note.written', object: noteId, task: taskId, detail: { version: 1 } },
    { kind: 'note.moved', object: noteId, detail: { version: 2 } },
    { kind: 'note.deleted', object: noteId, detail: { version: 3 } },
    { kind: 'note.written', object: noteId, detail: { version: 4, restored: 1 } },
    { kind: 'note.written', object: noteId, detail: { version: 5 } },
  ]);
  assert.ok(!/secret/i.test(bodies.join()));
});
