import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startPostgres, version } from './postgres-server.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..', '..');
const suiteTimeoutMs = 900_000;

test("the database suites pass on the distribution's PostgreSQL as they do on the embedded one", { timeout: suiteTimeoutMs }, async (t) => {
  const { url } = await startPostgres(t);
  // The runner marks its children; without the mark a run inside a run reports for itself.
  const env: NodeJS.ProcessEnv = { ...process.env, FACTOTUM_TEST_DATABASE_URL: url };
  delete env.NODE_TEST_CONTEXT;
  const suites = ['server/src/trust/', 'server/src/engine/', 'server/src/flow/'];
  const { stdout } = await run(process.execPath, [join(root, 'scripts', 'test.ts'), ...suites], {
    env,
    timeout: suiteTimeoutMs,
    maxBuffer: 2 ** 26,
  }).catch((failure: Error & { stdout: string }) => assert.fail(`${failure.stdout.slice(-20_000)}\n${failure.message}`));
  const passed = Number(/^ℹ pass (\d+)$/m.exec(stdout)?.[1]);
  assert.ok(passed > 0, `no test ran:\n${stdout}`);
  t.diagnostic(`${passed} tests passed on ${await version(url)}`);
});
