import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldQuiet } from './fold.ts';

const entries = (...kinds: string[]) => kinds.map((kind, seq) => ({ kind, seq }));

test('only neighbouring quiet entries are gathered, and none is lost or moved', () => {
  const given = entries('task.created', 'access.read', 'access.read', 'note.read', 'approval.decided', 'access.read', 'task.finished');
  const folded = foldQuiet(given);
  assert.deepEqual(
    folded.map((item) => (Array.isArray(item) ? item.length : item.kind)),
    ['task.created', 3, 'approval.decided', 'access.read', 'task.finished'],
  );
  assert.deepEqual(folded.flat(), given);
  assert.deepEqual(foldQuiet([]), []);
});
