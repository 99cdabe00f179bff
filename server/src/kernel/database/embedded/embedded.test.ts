import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger } from '#kernel';
import { withOwner } from '../owner.ts';
import { prepareDatabase, prepareOwner } from '../prepare.ts';
import { findBinaries } from './binaries.ts';
import { type Embedded, startEmbedded } from './embedded.ts';
import { findPostmaster } from './postmaster.ts';

const isRoot = process.getuid?.() === 0;
const log = createLogger({ level: 'silent' });
const script = join(import.meta.dirname, '../../../../test/embedded-process.ts');

/** Everything below is in one folder that everybody may pass through, as below a usual home. */
const root = await mkdtemp(join(tmpdir(), 'factotum-embedded-'));
await chmod(root, 0o755);
const children = new Set<ChildProcessByStdio<Writable, Readable, null>>();
const clusters = new Set<string>();
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const cluster of clusters) await killServer(cluster);
  await rm(root, { recursive: true });
});

interface Started {
  readonly superuserUrl: string;
  readonly adopted: boolean;
  readonly location: string;
  readonly passwordsFile: string;
  readonly progress: readonly string[];
}

/** Another process that starts the data folder's server. */
async function startElsewhere(options: object, user: { uid?: number; gid?: number } = {}) {
  const child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'], ...user });
  children.add(child);
  const lines = child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false });
  // What the script writes, in one piece as it is shorter than a pipe's page.
  const started = JSON.parse((await lines.next()).value ?? '{}') as Started;
  clusters.add(join(started.location, 'cluster'));
  const end = async (how: 'stop' | 'kill') => {
    if (how === 'stop') child.stdin.write('stop\n');
    else child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    children.delete(child);
  };
  return { ...started, end };
}

async function killServer(cluster: string): Promise<number | undefined> {
  const running = await findPostmaster(cluster);
  if (running !== undefined) process.kill(running.pid, 'SIGKILL');
  return running?.pid;
}

async function until<R>(what: string, look: () => Promise<R | undefined>): Promise<R> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const seen = await look().catch(() => undefined);
    if (seen !== undefined) return seen;
    await sleep(20);
  }
  throw new Error(`not within a minute: ${what}`);
}

const write = (url: string, id: number) =>
  withOwner(url, (client) => client.query(`create table if not exists kept (id integer primary key); insert into kept values (${id})`));
const kept = (url: string) =>
  withOwner(url, async (client) => (await client.query<{ id: number }>('select id from kept order by id')).rows.map((row) => row.id));

test('the life of a server: made, killed, adopted, shared, its password lost, stopped', async (t) => {
  const dataFolder = join(root, 'life');
  const cluster = join(dataFolder, 'postgres', 'cluster');
  let current = await startElsewhere({ dataFolder });

  await t.test('a new data folder gets a server that only its user can reach, with fsync and checksums', async () => {
    assert.equal(current.adopted, false);
    assert.equal(current.location, join(dataFolder, 'postgres'));
    assert.match(current.progress.join(), /^Creating the database/);
    assert.equal((await stat(current.passwordsFile)).mode & 0o777, 0o600);
    assert.equal((await stat(current.location)).mode & 0o777, 0o700);
    const answer = await withOwner(current.superuserUrl, (client) =>
      client.query(`select current_setting('fsync') || current_setting('data_checksums') || current_setting('synchronous_commit') as durable,
        current_setting('listen_addresses') as addresses, lower('Ä') as lower`),
    );
    assert.deepEqual(answer.rows, [{ durable: 'ononon', addresses: '', lower: 'ä' }]);
    const wrong = current.superuserUrl.replace(/:[^:@]+@/, ':wrong@');
    await assert.rejects(
      withOwner(wrong, async () => undefined),
      { code: 'database.unavailable' },
    );
    await write(current.superuserUrl, 1);
  });

  await t.test('kill -9 of the server: it is back at the same address with every row', async () => {
    const killed = await killServer(cluster);
    await until('another server', async () => ((await findPostmaster(cluster))?.pid === killed ? undefined : kept(current.superuserUrl)));
    await write(current.superuserUrl, 2);
    assert.deepEqual(await kept(current.superuserUrl), [1, 2]);
  });

  await t.test('kill -9 of the server and its process: the next start recovers', async () => {
    await current.end('kill');
    await killServer(cluster);
    current = await startElsewhere({ dataFolder });
    assert.equal(current.adopted, false);
    assert.deepEqual(await kept(current.superuserUrl), [1, 2]);
  });

  await t.test('kill -9 of the process alone: the next adopts the running server and owns it', async () => {
    const before = { pid: (await findPostmaster(cluster))?.pid, url: current.superuserUrl };
    await current.end('kill');
    current = await startElsewhere({ dataFolder });
    assert.equal(current.adopted, true);
    assert.deepEqual({ pid: (await findPostmaster(cluster))?.pid, url: current.superuserUrl }, before);
    await current.end('stop');
    assert.equal(await findPostmaster(cluster), undefined);
  });

  await t.test('of two that start at once one starts the server and the other uses it, without stopping it', async () => {
    const two = await Promise.all([startElsewhere({ dataFolder }), startElsewhere({ dataFolder })]);
    assert.deepEqual(two.map((one) => one.adopted).sort(), [false, true]);
    const [user, owner] = two.sort((a, b) => Number(b.adopted) - Number(a.adopted));
    await user?.end('stop');
    assert.deepEqual(await kept(owner?.superuserUrl ?? ''), [1, 2]);
    await owner?.end('stop');
    assert.equal(await findPostmaster(cluster), undefined);
  });

  await t.test(
    'a left-over file that names a living stranger does not keep the server from starting',
    { skip: process.platform !== 'linux' },
    async () => {
      const before = await startElsewhere({ dataFolder });
      const left = await readFile(join(cluster, 'postmaster.pid'), 'utf8');
      await before.end('stop');
      // The stranger belongs to the database's user: a living process of another user does not worry PostgreSQL.
      const { uid, gid } = await stat(cluster);
      const stranger = spawn('/bin/sleep', ['60'], { uid, gid, stdio: 'ignore' });
      await writeFile(join(cluster, 'postmaster.pid'), left.replace(/^\d+/, String(stranger.pid)));
      const next = await startElsewhere({ dataFolder });
      assert.deepEqual(await kept(next.superuserUrl), [1, 2]);
      stranger.kill();
      await next.end('stop');
    },
  );

  await t.test('a lost password is made anew, beside a running server as well', async () => {
    const before = await startElsewhere({ dataFolder });
    await before.end('kill');
    await rm(before.passwordsFile);
    const next = await startElsewhere({ dataFolder });
    assert.match(next.progress.join(), /password is not in/);
    assert.deepEqual(await kept(next.superuserUrl), [1, 2]);
    await next.end('stop');
  });

  await t.test('the roles are made once and keep their passwords; stopping in this process ends the server', async () => {
    const embedded = await startEmbedded({ dataFolder, log });
    const prepare = async () => {
      const ownerUrl = await prepareOwner(embedded.superuserUrl, { passwordsFile: embedded.passwordsFile, database: 'factotum' });
      return prepareDatabase(ownerUrl, { passwordsFile: embedded.passwordsFile });
    };
    assert.deepEqual(await prepare(), await prepare());
    await embedded.stop();
    assert.equal(await findPostmaster(cluster), undefined);
  });
});

test('a path that is too long for a socket and has spaces and letters of all kinds is no obstacle', async () => {
  const dataFolder = join(root, `größe ${'x'.repeat(90)}`);
  const embedded = await startEmbedded({ dataFolder, log });
  clusters.add(join(embedded.location, 'cluster'));
  await write(embedded.superuserUrl, 1);
  assert.deepEqual(await kept(embedded.superuserUrl), [1]);
  await embedded.stop();
});

test('a server that cannot start says why, in its own words', async () => {
  const dataFolder = join(root, 'broken');
  await assert.rejects(startEmbedded({ dataFolder, log, parameters: { shared_buffers: 'a lot' } }), {
    code: 'database.unavailable',
    message: /invalid value for parameter "shared_buffers"/,
  });
  const embedded = await startEmbedded({ dataFolder, log });
  await embedded.stop();
});

test('a port is opened on loopback only when asked for', async () => {
  const start = async (attempts: number): Promise<{ port: number; embedded: Embedded }> => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const address = probe.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await new Promise((resolve) => probe.close(resolve));
    return startEmbedded({ dataFolder: join(root, 'broken'), log, port }).then(
      (embedded) => ({ port, embedded }),
      // Somebody else may have been given it meanwhile.
      (error: unknown) => (attempts > 1 && /Address already in use/.test(String(error)) ? start(attempts - 1) : Promise.reject(error)),
    );
  };
  const { port, embedded } = await start(5);
  const byPort = new URL(embedded.superuserUrl);
  byPort.search = '';
  byPort.hostname = '127.0.0.1';
  assert.equal(
    await withOwner(byPort.href, async (client) => (await client.query('select inet_server_port() as port')).rows[0].port),
    port,
  );
  await embedded.stop();
});

test('an ordinary user runs its own server as itself', { skip: !isRoot && 'every other test here does' }, async () => {
  const user = { uid: 65_534, gid: 65_534 };
  const home = join(root, 'home');
  await mkdir(home, { mode: 0o700 });
  await chown(home, user.uid, user.gid);
  const started = await startElsewhere({ dataFolder: join(home, 'data') }, user);
  assert.equal((await stat(join(started.location, 'cluster'))).uid, user.uid);
  await write(started.superuserUrl, 1);
  await started.end('stop');
});

test('as root below a home that nobody may enter, data and binaries move to where the server can', {
  skip: !isRoot && 'needs root',
}, async () => {
  const home = join(root, 'closed');
  const relocateTo = join(root, 'var');
  const binaries = join(home, 'native');
  const dataFolder = join(home, 'data');
  await mkdir(home, { mode: 0o700 });
  await cp(await findBinaries(), binaries, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') });
  await writeFile(join(home, 'package.json'), '{"version":"1.2.3"}');

  const first = await startElsewhere({ dataFolder, relocateTo, binaries });
  assert.ok(first.location.startsWith(relocateTo));
  assert.equal((await readFile(join(dataFolder, 'postgres.location'), 'utf8')).trim(), first.location);
  assert.match(first.progress.join('\n'), /its data is kept in .*\n.*using a copy below/);
  await write(first.superuserUrl, 1);
  await first.end('kill');
  const again = await startElsewhere({ dataFolder, relocateTo, binaries });
  assert.deepEqual({ adopted: again.adopted, location: again.location }, { adopted: true, location: first.location });
  assert.deepEqual(await kept(again.superuserUrl), [1]);
  assert.deepEqual(again.progress, [], 'what was moved for good is told once');
  await again.end('stop');

  const copy = join(home, 'copy of data');
  await cp(dataFolder, copy, { recursive: true });
  await assert.rejects(startEmbedded({ dataFolder: copy, relocateTo, binaries, log }), { code: 'config.invalid', message: /is that of/ });
});
