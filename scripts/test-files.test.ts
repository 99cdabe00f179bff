import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findTests } from './test-files.ts';

async function buildTree(t: TestContext, ...files: string[]) {
  const root = await mkdtemp(join(tmpdir(), 'factotum-tests-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  for (const file of files) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), '');
  }
  return root;
}

test('every test of ours is found, and none of a dependency', async (t) => {
  const root = await buildTree(
    t,
    'server/src/flow/task/find.test.ts',
    'server/src/flow/task/find.ts',
    'server/node_modules/other/a.test.ts',
    'packages/tlog/src/tree.test.ts',
    'web/dist/left.test.ts',
    'e2e/inbox.e2e.ts',
    'e2e/mail.e2e.system.ts',
    'server/test/system/outside.system.ts',
  );
  assert.deepEqual(await findTests(root, 'everyday'), [
    'e2e/inbox.e2e.ts',
    'packages/tlog/src/tree.test.ts',
    'server/src/flow/task/find.test.ts',
  ]);
  assert.deepEqual(await findTests(root, 'system'), ['e2e/mail.e2e.system.ts', 'server/test/system/outside.system.ts']);
});

test('parts of paths narrow the run', async (t) => {
  const root = await buildTree(t, 'server/src/flow/task/find.test.ts', 'server/src/flow/plan/plan.test.ts', 'scripts/a.test.ts');
  assert.deepEqual(await findTests(root, 'everyday', ['./server/src/flow/plan', 'scripts']), [
    'scripts/a.test.ts',
    'server/src/flow/plan/plan.test.ts',
  ]);
  assert.deepEqual(await findTests(root, 'everyday', ['nowhere']), []);
});
