import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { z } from 'zod';
import { createLogger, FactotumError, systemClock } from '#kernel';
import { createInstallationKey } from '#trust/key';
import { testDatabase } from '../../../test/database.ts';
import { eventually } from '../../../test/platform.ts';
import { tenantFactory } from '../../../test/tenant.ts';
import { defineJob, type JobHandler, type JobRun } from './job.ts';
import {
  addInstallationJob,
  addTenantJob,
  cancelInstallationJob,
  cancelTenantJobs,
  listAllJobs,
  listTenantJobs,
  readAnyJob,
  readTenantJob,
} from './queue.ts';
import { createJobRunner, type JobRunner } from './runner.ts';

const { database, roleUrls, close } = await testDatabase();
const { engine } = database;
const tenants = await tenantFactory(database);
const folder = await mkdtemp(join(tmpdir(), 'factotum-job-'));
const installation = await createInstallationKey({ folder });
const runners: JobRunner[] = [];
after(async () => {
  for (const runner of runners) await runner.stop();
  await tenants.close();
  await close();
  await rm(folder, { recursive: true });
});
const log = createLogger({ level: 'silent' });
const actor = 'user:usr_test';
const at = () => systemClock.now();

function start(...handlers: JobHandler[]): JobRunner {
  const runner = createJobRunner({
    engine,
    keyring: tenants.keyring,
    installation,
    clock: systemClock,
    log,
    handlers,
    // Only what is killed loses its lease here, and has one of its own (test/job-process.ts).
    leaseMs: 60_000,
    pollMs: 20,
  });
  runners.push(runner);
  runner.start();
  return runner;
}
const until = (id: string, ...states: string[]) =>
  eventually(async () => {
    const job = await readAnyJob(engine, id);
    return states.includes(job.state) ? job : undefined;
  });
const handler = <I>(kind: string, input: z.ZodType<I>, run: (job: JobRun<I>) => Promise<Record<string, string | number> | null>) =>
  defineJob({ kind, input, run });

test("a job is done once, with its sealed input, and the input is gone with the job's end", async () => {
  const seen: unknown[] = [];
  start(
    handler('once.do', z.object({ secret: z.string() }), async (job) => {
      seen.push(job.input);
      await job.save({ progress: { done: 1, of: 2, unit: 'rows' } });
      return { rows: 2 };
    }),
  );
  const { tenantId, keys, run } = await tenants.build();
  const id = await run((tx) => addTenantJob(tx, keys, { kind: 'once.do', input: { secret: 'pass phrase' }, actor, at: at() }));
  const job = await until(id, 'done');
  assert.deepEqual(
    [job.tenantId, job.result, job.progress, job.error, job.createdBy],
    [tenantId, { rows: 2 }, { done: 1, of: 2, unit: 'rows' }, null, actor],
  );
  assert.deepEqual(seen, [{ secret: 'pass phrase' }]);
  const { rows } = await engine.pool.query('select input, owner, leased_until from app.job where job_id = $1', [id]);
  assert.deepEqual(rows, [{ input: null, owner: null, leased_until: null }]);

  const ofInstallation = await addInstallationJob(engine, installation, { kind: 'once.do', input: { secret: 'x' }, actor, at: at() });
  assert.equal((await until(ofInstallation, 'done')).tenantId, null);
});

test("a tenant's job does not tell it where the operator's keys lie; the operator's own does", async () => {
  const message = 'Vault at https://vault.operator.example:8200 does not answer. It is asked again by itself.';
  start(
    handler('keys.away', z.object({}), async () => {
      throw new FactotumError('key.unavailable', message, { details: { reason: 'unreachable' } });
    }),
  );
  const stumbled = (id: string) => eventually(async () => (await readAnyJob(engine, id)).error ?? undefined);
  const one = await tenants.build();
  const theirs = await stumbled(await one.run((tx) => addTenantJob(tx, one.keys, { kind: 'keys.away', input: {}, actor, at: at() })));
  assert.equal(theirs.code, 'key.unavailable');
  assert.ok(!theirs.message.includes('operator.example'), theirs.message);
  const ours = await addInstallationJob(engine, installation, { kind: 'keys.away', input: {}, actor, at: at() });
  assert.equal((await stumbled(ours)).message, message);
});

test("a job of another tenant is not found, and no tenant sees the installation's", async () => {
  const [one, other] = [await tenants.build(), await tenants.build()];
  const mine = await one.run((tx) => addTenantJob(tx, one.keys, { kind: 'never.done', actor, at: at() }));
  const ours = await addInstallationJob(engine, installation, { kind: 'never.done', actor, at: at() });
  for (const id of [mine, ours])
    await assert.rejects(
      other.run((tx) => readTenantJob(tx, other.tenantId, id)),
      { code: 'job.not_found' },
    );
  assert.deepEqual(await other.run((tx) => listTenantJobs(tx, other.tenantId, { limit: 9 })), []);
  assert.equal(await other.run((tx) => cancelTenantJobs(tx, other.tenantId, { id: mine }, at())), 0);
  const all = await listAllJobs(engine, { kind: 'never.done', limit: 9 });
  assert.deepEqual(
    all.map(({ id }) => id),
    [ours, mine],
  );
  assert.deepEqual(
    (await listAllJobs(engine, { kind: 'never.done', before: ours, limit: 9 })).map(({ id }) => id),
    [mine],
  );
  assert.equal(await one.run((tx) => cancelTenantJobs(tx, one.tenantId, { id: mine }, at())), 1);
  assert.equal((await readAnyJob(engine, mine)).state, 'cancelled');
});

test('a fault that passes is waited out, any other fails the job under its own code', async () => {
  let tries = 0;
  start(
    handler('faulty.passes', z.null(), async () => {
      tries += 1;
      if (tries === 1) throw new FactotumError('key.unavailable', 'Not now.');
      return null;
    }),
    handler('faulty.fails', z.null(), async () => {
      throw new FactotumError('archive.invalid', 'Not an archive.');
    }),
    handler('faulty.input', z.object({ a: z.string() }), async () => null),
  );
  const add = (kind: string) => addInstallationJob(engine, installation, { kind, actor, at: at() });
  const [passes, fails, wrong] = [await add('faulty.passes'), await add('faulty.fails'), await add('faulty.input')];
  assert.deepEqual((await until(fails, 'failed')).error, { code: 'archive.invalid', message: 'Not an archive.' });
  assert.equal((await until(wrong, 'failed')).error?.code, 'server.fault');
  assert.equal((await until(passes, 'done')).error, null);
  assert.equal(tries, 2);
});

test('a job that is called off stops at its next save; one that waits for its day never begins', async () => {
  let saves = 0;
  const runner = start(
    handler('long.do', z.null(), async (job) => {
      for (;;) {
        await job.save({ position: { saves } });
        saves += 1;
      }
    }),
  );
  const id = await addInstallationJob(engine, installation, { kind: 'long.do', actor, at: at() });
  await eventually(async () => (saves > 2 ? true : undefined));
  assert.equal(await cancelInstallationJob(engine, id, at()), true);
  await until(id, 'cancelled');
  const later = await addInstallationJob(engine, installation, { kind: 'long.do', actor, at: at(), runAt: new Date(Date.now() + 60_000) });
  runner.kick();
  assert.equal(await cancelInstallationJob(engine, later, at()), true);
  assert.deepEqual([(await readAnyJob(engine, later)).state, (await readAnyJob(engine, later)).startedAt], ['cancelled', null]);
  assert.equal(await cancelInstallationJob(engine, later, at()), false);
});

test('a process that stops gives its job back where it stands', async () => {
  const positions: unknown[] = [];
  const kind = 'stopped.do';
  const first = start(
    handler(kind, z.null(), async (job) => {
      for (let done = 1; ; done += 1) await job.save({ position: { done } });
    }),
  );
  const id = await addInstallationJob(engine, installation, { kind, actor, at: at() });
  await until(id, 'running');
  await first.stop();
  assert.equal((await readAnyJob(engine, id)).state, 'waiting');
  start(
    handler(kind, z.null(), async (job) => {
      positions.push(job.position);
      return null;
    }),
  );
  await until(id, 'done');
  assert.equal(typeof (positions[0] as { done: number }).done, 'number');
});

test('a process that is killed in the middle loses its job to another, which goes on from the last save', async () => {
  const child = fork(join(import.meta.dirname, '../../../test/job-process.ts'), [roleUrls.engine], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const id = await addInstallationJob(engine, installation, { kind: 'killed.do', actor, at: at() });
  const saved = new Promise<number>((resolve) => child.on('message', (done) => Number(done) >= 3 && resolve(Number(done))));
  const reached = await saved;
  child.kill('SIGKILL');
  let from = -1;
  start(
    handler('killed.do', z.null(), async (job) => {
      from = Number(job.position?.done);
      return { from };
    }),
  );
  const job = await until(id, 'done');
  assert.ok(from >= reached, `went on from ${from}, saved was ${reached}`);
  assert.equal(job.result?.from, from);
});
