import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Action, plan } from './plan.ts';
import { type BaseFile, type LocalFile, type RemoteFile, treeOf } from './tree.ts';

const touchOf = (inode: string) => ({ size: 1, mtime: '1', ctime: '1', inode, birth: '1' });
const local = (path: string, hash: string, inode = `${path}${hash}`): LocalFile => ({ path, name: path, hash, touch: touchOf(inode) });
const remote = (path: string, hash: string, more: Partial<RemoteFile> = {}): RemoteFile => {
  return { path, kind: 'note', id: `id of ${path}`, etag: `etag of ${hash}`, hash, size: 1, ...more };
};
const base = (path: string, hash: string, more: Partial<BaseFile> = {}): BaseFile => {
  return { ...remote(path, hash), name: path, touch: touchOf(`${path}${hash}`), ...more };
};
const kindsOf = (actions: readonly Action[]) => actions.map(({ kind }) => kind);
const planOf = (bases: BaseFile[], locals: LocalFile[], remotes: RemoteFile[], blocked: string[] = []) =>
  plan({ base: treeOf(bases), local: treeOf(locals), remote: treeOf(remotes), isBlocked: (name) => blocked.includes(name) });

/** What both had, what is here, what is in the vault (null: nothing), and what that asks for. */
const table: readonly (readonly [base: string | null, here: string | null, there: string | null, action: Action['kind'] | null])[] = [
  [null, 'a', null, 'upload'],
  [null, null, 'a', 'download'],
  [null, 'a', 'a', 'adopt'],
  [null, 'a', 'b', 'conflict'],
  ['a', 'a', 'a', null],
  ['a', 'b', 'a', 'upload'],
  ['a', 'a', 'b', 'download'],
  ['a', 'b', 'b', 'adopt'],
  ['a', 'b', 'c', 'merge'],
  ['a', null, 'a', 'delete-remote'],
  ['a', null, 'b', 'download'],
  ['a', 'a', null, 'delete-local'],
  ['a', 'b', null, 'upload'],
  ['a', null, null, 'forget'],
];
/** The same of a note that is drawn from rows. */
const drawnTable: typeof table = [
  [null, null, 'a', 'download'],
  [null, 'a', 'a', 'adopt'],
  [null, 'b', 'a', 'conflict'],
  [null, 'a', null, 'leave'],
  ['a', 'a', 'a', null],
  ['a', 'a', 'b', 'download'],
  ['a', 'b', 'a', 'conflict'],
  ['a', 'b', 'c', 'conflict'],
  ['a', null, 'a', 'download'],
  ['a', 'a', null, 'delete-local'],
  ['a', 'b', null, 'conflict'],
  ['a', null, null, 'forget'],
];

for (const [kind, path, rows] of [
  ['note', 'Notes/x.md', table],
  ['generated', 'Done/2026-11/x.md', drawnTable],
] as const)
  for (const [was, here, there, action] of rows)
    test(`${kind}: had ${was}, here ${here}, there ${there}: ${action ?? 'nothing'}`, () => {
      const actions = planOf(
        was === null ? [] : [base(path, was, { kind })],
        here === null ? [] : [local(path, here)],
        there === null ? [] : [remote(path, there, { kind })],
      );
      assert.deepEqual(kindsOf(actions), action === null ? [] : [action]);
    });

test('what cannot be read is not taken for deleted', () => {
  assert.deepEqual(planOf([base('a.md', 'a')], [], [remote('a.md', 'a')], ['a.md']), []);
});

test('a move is known by the inode though the text changed too, and by the text though the inode did', () => {
  for (const file of [local('b.md', 'new', 'a.mda'), local('b.md', 'a', 'another')])
    assert.deepEqual(kindsOf(planOf([base('a.md', 'a')], [file], [remote('a.md', 'a')])), ['move-remote']);
  assert.deepEqual(kindsOf(planOf([base('a.md', 'a')], [local('b.md', 'b')], [remote('a.md', 'a')])).sort(), ['delete-remote', 'upload']);
});

test('nothing is moved away from somebody’s change, nor onto it', () => {
  const moved = local('b.md', 'a', 'a.mda');
  assert.deepEqual(kindsOf(planOf([base('a.md', 'a')], [moved], [remote('a.md', 'changed')])), ['download', 'upload']);
  assert.deepEqual(kindsOf(planOf([base('a.md', 'a')], [moved], [remote('a.md', 'a'), remote('b.md', 'b')])), [
    'delete-remote',
    'conflict',
  ]);
});

test('only the unchanged note of a pending approval, under its own name, decides', () => {
  const was = base('Pending_Approval/Pay apr_0123456789abcdef01234567.md', 'a', { kind: 'generated' });
  const there = remote(was.path, 'a', { kind: 'generated' });
  const at = (path: string, hash = 'a') => kindsOf(planOf([was], [local(path, hash, `${was.path}a`)], [there]));
  assert.deepEqual(at('Approved/Pay apr_0123456789abcdef01234567.md'), ['decide']);
  assert.deepEqual(at('Rejected/Pay apr_0123456789abcdef01234567.md'), ['decide']);
  assert.deepEqual(at('Approved/Pay apr_0123456789abcdef01234567.md', 'altered'), ['conflict', 'download']);
  assert.deepEqual(at('Approved/Other.md'), ['leave', 'download']);
  assert.deepEqual(at('Done/Pay apr_0123456789abcdef01234567.md'), ['conflict', 'download']);
  const [, taken] = planOf([was], [local('Notes/Pay.md', 'a', `${was.path}a`)], [there]).reverse();
  assert.deepEqual(taken?.kind === 'upload' && taken.trusted, false, 'nobody vouches for what was drawn, wherever it is put');
});

test('another spelling is a move of the same note', () => {
  const was = base('note.md', 'a');
  assert.deepEqual(kindsOf(planOf([was], [local('Note.md', 'a')], [remote('note.md', 'a', { id: was.id })])), ['move-remote']);
  assert.deepEqual(kindsOf(planOf([was], [local('note.md', 'a')], [remote('Note.md', 'a', { id: was.id })])), ['move-local']);
});
