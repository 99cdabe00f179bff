import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';

/** A repository with a lock file of one package, a dashboard of one page, and in place of npm and vite two scripts that note each call. */
async function buildClone(t: TestContext) {
  const root = await mkdtemp(join(tmpdir(), 'factotum-bootstrap-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  await cp(import.meta.dirname, join(root, 'scripts'), { recursive: true });
  const lock = {
    packages: { '': {}, 'node_modules/vite': { version: '1.0.0', integrity: 'x' }, web: { devDependencies: { vite: '1.0.0' } } },
  };
  await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock));
  await mkdir(join(root, 'web', 'src'), { recursive: true });
  await writeFile(join(root, 'web', 'index.html'), '<p>one</p>');
  await mkdir(join(root, 'docs'));
  await mkdir(join(root, 'bin'));
  await writeFile(join(root, 'bin', 'npm'), fakeNpm);
  await chmod(join(root, 'bin', 'npm'), 0o755);
  return root;
}

const fakeNpm = `#!/bin/sh
echo start >> npm.calls
mkdir npm.running || echo overlap >> npm.calls
trap 'rmdir npm.running' EXIT
if [ -f npm.fails ]; then echo "npm: no network"; exit 7; fi
while [ -f npm.waits ]; do sleep 0.05; done
rm -rf node_modules
mkdir -p node_modules/node/bin node_modules/vite/bin
echo 'echo "$*" >> "$PWD/../vite.calls"; mkdir -p dist' > node_modules/vite/bin/vite.js
echo '{}' > node_modules/vite/package.json
printf '#!/bin/sh\\nexec sh "$@"\\n' > node_modules/node/bin/node
chmod +x node_modules/node/bin/node
sleep 0.2
cp package-lock.json node_modules/.package-lock.json
echo end >> npm.calls
`;

type Ended = { code: number | null; stdout: string; stderr: string };

function start(root: string, ...args: string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: [join(root, 'bin'), process.env.PATH].join(delimiter) };
  delete env.npm_execpath; // when npm runs the tests: the fake on PATH is meant
  const child = spawn(process.execPath, [join(root, 'scripts', 'bootstrap.cjs'), ...args], { env });
  const ended = new Promise<Ended>((resolve) => {
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

const bootstrap = (root: string, ...args: string[]) => start(root, ...args).ended;

async function count(root: string, file: string, word: string): Promise<number> {
  const text = await readFile(join(root, file), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line === word).length;
}

async function until(isTrue: () => Promise<boolean>) {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    if (await isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail('the condition did not come true within a minute');
}

/** A lock left behind by `holder`, whose last sign of life was `ageMs` ago. */
async function leaveLock(root: string, holder: { host: string; processes: number[] }, ageMs: number) {
  const owner = join(root, '.bootstrap-lock', 'owner.json');
  await mkdir(join(root, '.bootstrap-lock'));
  await writeFile(owner, JSON.stringify({ identity: 'left behind', ...holder }));
  const then = new Date(Date.now() - ageMs);
  await utimes(owner, then, then);
}

/** The number of a process that has ended. */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['--version']);
  await new Promise((resolve) => child.on('close', resolve));
  assert.ok(child.pid);
  return child.pid;
}

test('a fresh clone is installed and built once, and the next start does and says nothing', async (t) => {
  const root = await buildClone(t);
  const first = await bootstrap(root, '--web');
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /Installing dependencies \.\.\.\n.*Building the dashboard/s);
  const second = await bootstrap(root, '--web');
  assert.deepEqual(second, { code: 0, stdout: '', stderr: '' });
  assert.equal(await count(root, 'npm.calls', 'end'), 1);
  assert.equal(await count(root, 'vite.calls', 'build'), 1);
  assert.equal(await count(root, 'vite.calls', 'build --mode de'), 1);
});

test('with --quiet nothing reaches stdout, even while installing', async (t) => {
  const root = await buildClone(t);
  const { code, stdout, stderr } = await bootstrap(root, '--quiet');
  assert.deepEqual({ code, stdout }, { code: 0, stdout: '' });
  assert.match(stderr, /Installing dependencies/);
});

test('an install that was cut short, or that belongs to another lock file, is done again', async (t) => {
  const root = await buildClone(t);
  await mkdir(join(root, 'node_modules', 'vite'), { recursive: true });
  await bootstrap(root);
  assert.equal(await count(root, 'npm.calls', 'end'), 1, 'node_modules without the marker of npm');
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  lock.packages['node_modules/vite'].version = '1.0.1';
  await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock));
  await bootstrap(root);
  assert.equal(await count(root, 'npm.calls', 'end'), 2, 'another version');
  await rm(join(root, 'node_modules', 'node'), { recursive: true });
  await bootstrap(root);
  assert.equal(await count(root, 'npm.calls', 'end'), 3, 'Node itself is missing');
});

test('an optional package of another platform may be missing', async (t) => {
  const root = await buildClone(t);
  await bootstrap(root);
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  lock.packages['node_modules/other-platform'] = { version: '1.0.0', optional: true };
  await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock));
  await bootstrap(root);
  assert.equal(await count(root, 'npm.calls', 'end'), 1);
});

test('the dashboard is built again when a source, its manifest or a package it uses changed, and only then', async (t) => {
  const root = await buildClone(t);
  const builds = async () => {
    const { code, stderr } = await bootstrap(root, '--web');
    assert.equal(code, 0, stderr);
    return count(root, 'vite.calls', 'build');
  };
  assert.equal(await builds(), 1);
  await writeFile(join(root, 'web', 'src', 'inbox.ts'), 'export const a = 1;');
  assert.equal(await builds(), 2);
  await writeFile(join(root, 'web', 'src', 'inbox.test.ts'), 'a test is not part of it');
  await writeFile(join(root, 'README.md'), 'nor is this');
  assert.equal(await builds(), 2);
  await writeFile(join(root, 'docs', 'guide.md'), 'The dashboard shows it.');
  assert.equal(await builds(), 3);
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  lock.packages['node_modules/server-only'] = { version: '1.0.0', optional: true };
  await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock));
  assert.equal(await builds(), 3);
  lock.packages['node_modules/vite'].version = '2.0.0';
  await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock));
  assert.equal(await builds(), 4);
});

test('a failed install shows what npm said, fails the start, and leaves no lock', async (t) => {
  const root = await buildClone(t);
  await writeFile(join(root, 'npm.fails'), '');
  const failed = await bootstrap(root);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /npm: no network.*failed with exit code 7/s);
  await rm(join(root, 'npm.fails'));
  assert.equal((await bootstrap(root)).code, 0);
});

test('two starts at once install once, one after the other', async (t) => {
  const root = await buildClone(t);
  const ended = await Promise.all([bootstrap(root, '--web'), bootstrap(root, '--web'), bootstrap(root, '--web')]);
  assert.deepEqual(
    ended.map(({ code }) => code),
    [0, 0, 0],
    ended.map(({ stderr }) => stderr).join(),
  );
  assert.equal(await count(root, 'npm.calls', 'end'), 1);
  assert.equal(await count(root, 'npm.calls', 'overlap'), 0);
  assert.equal(await count(root, 'vite.calls', 'build'), 1);
});

test('the lock of a start that died is taken over, by exactly one of those who wait', async (t) => {
  const root = await buildClone(t);
  await leaveLock(root, { host: hostname(), processes: [await deadProcess()] }, 11_000);
  const ended = await Promise.all([bootstrap(root), bootstrap(root), bootstrap(root)]);
  assert.deepEqual(
    ended.map(({ code }) => code),
    [0, 0, 0],
  );
  assert.equal(await count(root, 'npm.calls', 'end'), 1);
});

test('the lock of another machine counts as dead once it is silent; whatever the process numbers here', async (t) => {
  const root = await buildClone(t);
  await leaveLock(root, { host: 'another.example', processes: [process.pid] }, 11_000);
  assert.equal((await bootstrap(root)).code, 0);
});

test('while the npm of a killed start still runs, nobody else installs', async (t) => {
  const root = await buildClone(t);
  const orphan = spawn('sleep', ['600']);
  t.after(() => orphan.kill());
  assert.ok(orphan.pid);
  await leaveLock(root, { host: hostname(), processes: [await deadProcess(), orphan.pid] }, 11_000);
  const waiting = start(root);
  await new Promise((resolve) => waiting.child.stdout?.once('data', resolve));
  assert.equal(await count(root, 'npm.calls', 'start'), 0);
  orphan.kill();
  assert.equal((await waiting.ended).code, 0);
  assert.equal(await count(root, 'npm.calls', 'end'), 1);
});

test('a start that is told to stop ends npm, releases the lock and fails', async (t) => {
  const root = await buildClone(t);
  await writeFile(join(root, 'npm.waits'), '');
  const stopped = start(root);
  await until(async () => (await count(root, 'npm.calls', 'start')) === 1);
  stopped.child.kill('SIGTERM');
  const { code, stderr } = await stopped.ended;
  assert.equal(code, 1);
  assert.match(stderr, /ended by SIGTERM/);
  await rm(join(root, 'npm.waits'));
  assert.equal((await bootstrap(root)).code, 0);
});

test('a Node that is too old is named, with the way out', async (t) => {
  const root = await buildClone(t);
  const pretend = "Object.defineProperty(process, 'versions', { value: { node: '18.19.1' } }); require('./scripts/bootstrap.cjs')";
  const { status, stderr } = spawnSync(process.execPath, ['-e', pretend], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /needs Node 20 or later .* this is Node 18\.19\.1/);
});
