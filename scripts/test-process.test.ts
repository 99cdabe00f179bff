import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

test('every verdict of a file arrives, also where they are told faster than read', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-test-process-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'many.test.mjs');
  const report = join(folder, 'report.tap');
  const tests = 400;
  // 400 names of 2,000 characters: several times what a pipe holds.
  await writeFile(
    file,
    `import { test } from 'node:test';\nfor (let i = 0; i < ${tests}; i += 1) test(String(i).padEnd(2000, '.'), () => {});\n`,
  );
  const preload = pathToFileURL(join(import.meta.dirname, 'test-process.ts')).href;
  // With the mark of the outer run node would take this run for a part of it.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const options = ['--test', '--test-force-exit', '--test-reporter=tap', `--test-reporter-destination=${report}`];
  await promisify(execFile)(process.execPath, ['--import', preload, ...options, file], { env });
  assert.match(await readFile(report, 'utf8'), new RegExp(`^# pass ${tests}$`, 'm'));
});
