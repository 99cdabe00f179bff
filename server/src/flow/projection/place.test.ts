import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newId } from '#kernel';
import { normalisePath } from '#trust/vault';
import { approvalPath, idInPath, isGeneratedPath, plainWords, taskPath } from './place.ts';

const createdAt = new Date('2026-03-05T10:00:00Z');
const hostile = [
  '../../etc/passwd',
  'a/b\\c:d*e?f"g<h>i|j#k^l[m]n{o}p$q%r`s',
  '%2e%2e%2f',
  'CON',
  'con.foo',
  'nul.txt',
  '.hidden',
  '...',
  ' \t\r\n ',
  '',
  'a\0b\u202Ec\u200Bd\uFEFFe\u2028f\ufffeg\ud800h',
  '字'.repeat(500),
  '😀'.repeat(500),
  `${'x'.repeat(149)}. `,
  'e\u0301'.repeat(300),
  '\u{e0041}\u{1fffe}',
];

/** What holds for every title: the path is one that the vault takes as it is, leads back to the id, and lies in our folders. */
function assertPlace(title: string): void {
  const taskId = newId('task');
  const approvalId = newId('approval');
  for (const state of ['received', 'planning', 'waiting', 'running', 'done', 'failed', 'cancelled'] as const) {
    const path = taskPath({ taskId, state, createdAt }, title);
    assert.equal(normalisePath(path), path, JSON.stringify(title));
    assert.deepEqual(idInPath(path), { kind: 'task', id: taskId });
    assert.ok(isGeneratedPath(path));
  }
  for (const state of ['waiting', 'approved', 'rejected'] as const) {
    const path = approvalPath({ approvalId, state }, title) ?? assert.fail();
    assert.equal(normalisePath(path), path, JSON.stringify(title));
    assert.deepEqual(idInPath(path), { kind: 'approval', id: approvalId });
  }
}

test('whatever a stranger calls a mail, its note has a path that every file system and the vault itself take', () => {
  for (const title of hostile) assertPlace(title);
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), assertPlace), { numRuns: 200 });
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), assertPlace), { numRuns: 100 });
});

test('the words before the id can be read', () => {
  assert.equal(plainWords('Re: Invoice 2026/17 [urgent]'), 'Re Invoice 2026 17 urgent');
  assert.equal(plainWords('Grüße aus Zürich'), 'Grüße aus Zürich');
  const taskId = newId('task');
  assert.equal(taskPath({ taskId, state: 'done', createdAt }, 'Lunch?'), `Done/2026-03/Lunch ${taskId}.md`);
  assert.equal(taskPath({ taskId, state: 'failed', createdAt }, '!!!'), `Needs_Action/${taskId}.md`);
});

test('an approval that is history has no note of its own', () => {
  for (const state of ['expired', 'superseded', 'cancelled'] as const)
    assert.equal(approvalPath({ approvalId: newId('approval'), state }, 'x'), null);
});

test('only an id of ours at the end of a name is one', () => {
  const id = newId('task');
  for (const path of [`x ${id}.txt`, `x${id}.md`, `x ${id}.md.md`, `${id}`, 'tsk_1.md', `x usr_${id.slice(4)}.md`, `${id}.md/x`])
    assert.equal(idInPath(path), null, path);
});

test('generated places are so in any case, and nothing beside them is', () => {
  for (const path of [
    'Done',
    'Done/x.md',
    'done/X.md',
    'DONE/2026-03/x',
    'Dashboard.md',
    'dashboard.MD',
    'Needs_Action/a',
    'need\u017f_action/a',
    'Pending_Approval/x',
  ])
    assert.equal(isGeneratedPath(path), true, path);
  for (const path of ['Done.md', 'Donex/a', 'Notes/Done/x.md', 'Dashboard.md/x', 'My Dashboard.md', 'Plans/x.md', 'Logs/x.md', ''])
    assert.equal(isGeneratedPath(path), false, path);
});
