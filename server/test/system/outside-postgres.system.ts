import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, glob, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..', '..');
const startTimeoutMs = 30_000;
const suiteTimeoutMs = 900_000;

test("the database suites pass on the distribution's PostgreSQL as they do on the embedded one", { timeout: suiteTimeoutMs }, async (t) => {
  const url = await startPostgres(t);
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

/** Starts a new server of the newest installed major version on a free loopback port. @returns the URL of its superuser. */
async function startPostgres(t: TestContext): Promise<string> {
  const binaries = await newestBinaries();
  const folder = await mkdtemp(join(tmpdir(), 'factotum-outside-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const login = unprivileged();
  await chown(folder, login.uid, login.gid);

  const password = randomBytes(18).toString('base64url');
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  await chown(passwordFile, login.uid, login.gid);
  const data = join(folder, 'data');
  await run(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'outside', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8'],
    login,
  );

  const port = await freePort();
  const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: folder, max_connections: 200 };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(join(binaries, 'postgres'), ['-D', data, ...args], { ...login, stdio: 'ignore' });
  t.after(async () => {
    if (server.exitCode !== null) return;
    server.kill('SIGINT'); // the fast shutdown
    await once(server, 'exit');
  });
  const url = `postgres://outside:${password}@127.0.0.1:${port}/postgres`;
  await untilReady(url);
  return url;
}

async function newestBinaries(): Promise<string> {
  const found = await Array.fromAsync(glob('/usr/lib/postgresql/*/bin/postgres'));
  const majorOf = (path: string) => Number(path.split('/')[4]);
  const newest = found.sort((a, b) => majorOf(a) - majorOf(b)).at(-1);
  assert.ok(newest, 'no PostgreSQL below /usr/lib/postgresql');
  return dirname(newest);
}

/** PostgreSQL refuses to run as root; then it runs as the user its package made. */
function unprivileged(): { uid: number; gid: number; cwd: string } {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const idOfPackage = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  // Its working folder as well: the checkout may be closed to that user.
  return uid === 0 ? { uid: idOfPackage('-u'), gid: idOfPackage('-g'), cwd: tmpdir() } : { uid, gid, cwd: tmpdir() };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  server.close();
  return address.port;
}

async function untilReady(url: string): Promise<void> {
  for (const deadline = Date.now() + startTimeoutMs; ; ) {
    try {
      await version(url);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function version(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ version: string }>('select version()');
    return rows[0]?.version.split(' ').slice(0, 2).join(' ') ?? '';
  } finally {
    await client.end();
  }
}
