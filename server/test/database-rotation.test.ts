import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createLogger, readConfig } from '#kernel';
import { readPasswords } from '#kernel/database';
import { createLoginRotation } from '#ops/logins';
import { type CommandDeps, runCommand } from '#surface/cli';
import { createJobRunner } from '#trust/job';
import { operatorParts } from '../src/operator.ts';
import { eventually, openPlatform, testPlatform } from './platform.ts';

// An installation with an embedded database of its own: passwords belong to the whole server.
const dataFolder = await mkdtemp(join(tmpdir(), 'factotum-database-rotation-'));
await chmod(dataFolder, 0o711);
after(() => rm(dataFolder, { recursive: true, force: true }));
const given = ['APP', 'ENGINE', 'SEQUENCER', 'AUTH'].map((role) => [`FACTOTUM_DATABASE_${role}_URL`, ''] as const);
const environment = { FACTOTUM_DATA: dataFolder, ...Object.fromEntries(given) };
const platform = await testPlatform({ environment });
const passwordsFile = join(dataFolder, 'run', 'passwords.json');
const operator = operatorParts(platform, { address: () => null, publicUrl: () => 'http://127.0.0.1', onTenant: async () => undefined });

async function run(...argv: string[]) {
  let [out, err] = ['', ''];
  const deps = {
    configure: () => readConfig({ ...platform.environment, FACTOTUM_LOG_LEVEL: 'silent' }),
    openAlone: async () => ({
      fetch: () => Promise.reject(new Error('no route of the API is asked')),
      operator,
      close: async () => undefined,
    }),
    environment: {},
    terminal: {
      out: (text: string) => {
        out += text;
      },
      err: (text: string) => {
        err += text;
      },
      input: async () => Buffer.alloc(0),
    },
    // What the other commands need is not asked for here.
  } as unknown as CommandDeps;
  return { exit: await runCommand([...argv, '--data', join(dataFolder, 'command')], deps), out, err };
}

test('passwords are rotated again and again while a worker runs tasks, and no task fails', async () => {
  const tenantId = await platform.buildTenant();
  await platform.startWorker();
  const sent: string[] = [];
  for (let round = 0; round < 5; round++) {
    const [tasks] = await Promise.all([
      Promise.all(Array.from({ length: 4 }, () => platform.send(tenantId, { subject: 'nothing to do' }))),
      platform.loginRotation.rotate(),
      // Every pool has to make new connections, in the midst of it.
      ...[platform.database.app, platform.database.engine, platform.database.auth, platform.database.sequencer].map(async ({ pool }) => {
        const clients = await Promise.all([pool.connect(), pool.connect()]);
        for (const client of clients) client.release(true);
      }),
    ]);
    sent.push(...tasks);
  }
  for (const taskId of sent) {
    const { task } = await platform.until(tenantId, taskId, 'waiting', 'done', 'failed');
    assert.notEqual(task.state, 'failed');
  }
});

test('the command rotates through whoever runs, and shows no password', async () => {
  const { current: old } = await readPasswords(passwordsFile);
  const { exit, out, err } = await run('db', 'rotate', '--json');
  assert.equal(exit, 0, err);
  assert.deepEqual((JSON.parse(out) as { rotated: string[] }).rotated.length, 6);
  const { current } = await readPasswords(passwordsFile);
  for (const [login, password] of Object.entries(current)) {
    assert.notEqual(password, old[login], login);
    assert.ok(!`${out}${err}`.includes(password));
  }
  assert.equal((await stat(passwordsFile)).mode & 0o777, 0o600);
});

test('another process of the same data folder works before a rotation and after it', async () => {
  const other = await openPlatform({
    config: readConfig(platform.environment),
    log: createLogger({ level: 'silent' }),
    onProgress: () => undefined,
    publicOrigins: () => ['http://127.0.0.1:4310'],
    onWork: () => undefined,
  });
  try {
    await other.identity.listTenants();
    await platform.loginRotation.rotate();
    const client = await other.database.auth.pool.connect();
    client.release(true);
    await other.database.auth.pool.query('select 1');
    // The owner's login, of backups and migrations.
    const { pendingMigrations } = operatorParts(other, { address: () => null, publicUrl: () => '', onTenant: async () => undefined });
    assert.deepEqual(await pendingMigrations(), []);
    await other.loginRotation.rotate();
    assert.deepEqual(await pendingMigrations(), []);
    const again = await platform.database.app.pool.connect();
    again.release(true);
    await platform.database.app.pool.query('select 1');
  } finally {
    await other.close();
  }
});

test('what is thirty days old is ordered once, done by a job, and then is not due', async () => {
  const { database, keyring, installation, clock, log } = platform;
  const { look, jobs } = platform.loginRotation;
  assert.equal(await look(), false, 'they were made a moment ago');
  const content: Record<string, unknown> = JSON.parse(await readFile(passwordsFile, 'utf8'));
  const madeAt = new Date(Date.now() - 31 * 86_400_000).toISOString();
  await writeFile(passwordsFile, JSON.stringify({ ...content, madeAt }));
  assert.deepEqual([await look(), await look()], [true, false]);
  const { current: old } = await readPasswords(passwordsFile);
  const runner = createJobRunner({ engine: database.engine, keyring, installation, clock, log, handlers: jobs });
  runner.start();
  await eventually(
    async () => {
      const { current } = await readPasswords(passwordsFile);
      return Object.keys(current).every((login) => current[login] !== old[login]) ? true : undefined;
    },
    () => 'the job did not rotate',
    30_000,
  );
  await runner.stop();
  assert.equal(await look(), false);
});

test('a process with logins that it was given refuses, and says whose work it is', async () => {
  const { engine } = platform.database;
  const { installation, clock, log } = platform;
  const rotation = createLoginRotation({ passwords: null, engine, installation, clock, log });
  await assert.rejects(rotation.rotate(), { code: 'request.invalid', message: /docs\/operations\.md/ });
  assert.deepEqual([rotation.jobs, await rotation.madeAt(), await rotation.look()], [[], null, false]);
});
