import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busy } from '../../../test/fixture/busy.ts';
import { demo } from '../../../test/fixture/demo.ts';
import { attentionId, attentionOf, groupByDay, isOpen } from './attention.ts';

const everything = () => {
  const [a, b] = [demo(), busy()];
  return attentionOf(
    [...a.approvals, ...b.approvals],
    [...a.tasks, ...b.tasks].filter((task) => task.state === 'waiting' || task.state === 'failed'),
  );
};

test('approvals, questions, unknown outcomes and failures need a person; a task that waits for an approval is not listed twice', () => {
  const kinds = everything().map((row) => row.kind);
  assert.deepEqual(kinds.toSorted(), ['approval', 'approval', 'approval', 'approval', 'failed', 'question', 'unknown']);
  assert.equal(new Set(everything().map(attentionId)).size, kinds.length);
});

test('days come newest first, and inside a day what is riskiest', () => {
  const noon = '2026-11-22T12:00:00.000Z';
  const days = groupByDay(
    everything().map((row) => (row.kind === 'approval' ? { ...row, approval: { ...row.approval, createdAt: noon } } : row)),
    Date.now(),
  );
  assert.ok(days.every((day, i) => i === 0 || (day.at ?? '') < (days[i - 1]?.at ?? '')));
  const first = days
    .flatMap((day) => day.rows.filter((row) => row.kind === 'approval'))
    .map((row) => row.kind === 'approval' && row.approval.risk);
  assert.deepEqual(first, ['high', 'medium', 'low', 'low']);
});

test('what expires within the hour stands before everything, however old and harmless it is', () => {
  const nowMs = Date.now();
  const [low] = busy().approvals;
  assert.ok(low);
  const soon = { ...low, createdAt: '2020-01-01T00:00:00.000Z', expiresAt: new Date(nowMs + 59 * 60_000).toISOString() };
  const [first, second] = groupByDay([...everything(), { kind: 'approval', approval: soon }], nowMs);
  assert.equal(first?.at, null);
  assert.deepEqual(first?.rows, [{ kind: 'approval', approval: soon }]);
  assert.notEqual(second?.at, null);
});

test('what was decided is not counted any more', () => {
  const rows = attentionOf(
    demo().approvals.map((approval) => ({ ...approval, state: 'approved' })),
    [],
  );
  assert.equal(rows.filter(isOpen).length, 0);
});
