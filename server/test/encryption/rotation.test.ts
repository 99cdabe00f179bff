import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { type Id, isFactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import { verifyTenantLog } from '#trust/audit';
import { openGenerationCertificate } from '#trust/encryption';
import { type Job, readAnyJob } from '#trust/job';
import { readNote, writeNote } from '#trust/vault';
import { startJobs } from '../jobs.ts';
import { eventually, testPlatform } from '../platform.ts';
import type { RotationOrder } from './rotation-process.ts';

const children = new Set<ChildProcess>();
after(async () => {
  await Promise.all([...children].map(kill));
});

/** Long enough for every process here to hear of a change, which takes them a second at worst. */
const rotation = { settleMs: 3_000, pace: { rowsPerSecondMax: 50_000, share: 0.9 } };
const platform = await testPlatform({ rotation });
const { database, keyring, encryption, sequencer, installation } = platform;
await platform.keyWatch.start();
await sequencer.start();
after(() => sequencer.stop());
after(() => platform.keyWatch.stop());

const act = () => ({ actor: 'operator:test', at: new Date() });
const inTenant = <R>(tenantId: Id<'tenant'>, work: Parameters<typeof withTenant<R>>[2]) => withTenant(database.app.db, tenantId, work);
const rotate = async (tenantId: Id<'tenant'>, destroyOld = false) => {
  const keys = await keyring.of(tenantId);
  return inTenant(tenantId, (tx) => encryption.rotate(tx, keys, { ...act(), destroyOld }));
};
/** Several processes at work on a busy machine: what takes ten seconds alone may take minutes. */
const patienceMs = 240_000;
const patient = { timeout: patienceMs + 60_000 };
const ended = (id: string, withinMs = patienceMs): Promise<Job> =>
  eventually(
    async () => {
      const job = await readAnyJob(database.engine, id);
      return ['done', 'failed', 'cancelled'].includes(job.state) ? job : undefined;
    },
    () => 'the job did not end',
    withinMs,
  );
const done = async (id: string) => {
  const job = await ended(id);
  assert.deepEqual([job.state, job.error], ['done', null]);
  return job;
};

const playbook = `---
title: Two notes
when: { source: test }
steps:
  - { id: write, tool: vault.write, args: { path: "Accounting/In/\${task.id}.md", content: "Number \${event.number}." } }
  - { id: move, tool: vault.move, args: { from: "Accounting/In/\${task.id}.md", to: "Accounting/Out/\${task.id}.md" }, after: [write] }
---
`;
const build = () => platform.buildTenant({ 'Playbooks/Two.md': playbook, 'Ideas/First.md': 'An idea.' });

function spawnProcess(order: Omit<RotationOrder, 'environment' | 'rotation'> & Partial<RotationOrder>): ChildProcess {
  const whole: RotationOrder = { environment: { ...platform.environment }, rotation, ...order };
  const child = spawn(process.execPath, [join(import.meta.dirname, 'rotation-process.ts'), JSON.stringify(whole)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const isGone = once(child, 'exit');
  child.kill('SIGKILL');
  await isGone;
}

/** Every task of the tenant with its state and outcome. */
const tasksOf = async (tenantId: Id<'tenant'>) =>
  (
    await database.engine.pool.query<{ state: string; outcome: string | null; code: string | null }>(
      'select state, outcome, error_code as code from app.task where tenant_id = $1',
      [tenantId],
    )
  ).rows;

test(
  'while tasks run in two processes the keys are rotated and the old ones destroyed: every task is done, and all of it opens',
  patient,
  async () => {
    const tenantId = await build();
    const workers = [spawnProcess({}), spawnProcess({})];
    await Promise.all(workers.map((child) => once(child.stdout!, 'data')));
    let sending = true;
    let sent = 0;
    const stream = (async () => {
      // Enough to be at work all the time, and no more than a slow machine gets done in the end.
      while (sending && sent < 400) {
        await platform.send(tenantId, { number: sent });
        sent += 1;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    })();
    const keysBefore = await keyring.of(tenantId);
    const macBefore = keysBefore.mac('note.path', 'x');
    const job = await done(await rotate(tenantId, true));
    sending = false;
    await stream;
    await eventually(
      async () => ((await tasksOf(tenantId)).every(({ state }) => ['done', 'failed', 'cancelled'].includes(state)) ? true : undefined),
      () => 'tasks are left over',
      patienceMs,
    );
    const tasks = await tasksOf(tenantId);
    assert.equal(tasks.length, sent);
    assert.deepEqual(
      tasks.filter(({ state, outcome }) => state !== 'done' || outcome !== 'completed'),
      [],
    );
    assert.equal(job.result?.generation, 2);
    assert.deepEqual(job.result?.destroyed, [1]);
    assert.equal(job.result?.damaged, undefined);
    assert.ok(Number(job.result?.objects) > 20, JSON.stringify(job.result));

    assert.equal(keysBefore.generation, 2, 'a handle in use goes on under the new generation');
    assert.deepEqual((await keyring.of(tenantId)).mac('note.path', 'x'), macBefore, 'what is found by a MAC stays found');
    const status = await encryption.status(tenantId);
    assert.deepEqual(
      status.generations.map(({ generation, state, objects }) => [generation, state, objects === 0]),
      [
        [1, 'destroyed', true],
        [2, 'active', false],
      ],
    );
    keyring.forget(tenantId);
    const keys = await keyring.of(tenantId);
    assert.equal((await inTenant(tenantId, (tx) => readNote(tx, keys, 'Ideas/First.md')))?.content, 'An idea.');
    const [kept] = await encryption.certificates(tenantId);
    const statement = openGenerationCertificate(kept?.note ?? '', installation.signer.verifierKeyText);
    assert.deepEqual([statement.tenantId, statement.generation, statement.sealedUnder], [tenantId, 1, 2]);
    assert.ok(Date.parse(statement.keyBackupsUntil) > Date.parse(statement.destroyedAt));

    await sequencer.drained();
    const entries = await inTenant(tenantId, (tx) =>
      tx.selectFrom('auditEntry').select('kind').where('kind', 'like', 'encryption.%').orderBy('seq').execute(),
    );
    assert.deepEqual(
      entries.map(({ kind }) => kind),
      ['encryption.generation_made', 'encryption.rotated', 'encryption.resealed', 'encryption.destroyed'],
    );
    const report = await verifyTenantLog(database, keyring, tenantId, { auditorKey: platform.auditor });
    assert.equal(report.holds, true, report.fault?.detail);
    await Promise.all(workers.map(kill));
  },
);

test(
  'of two operators who rotate at once in two processes one gets the job, and the other hears that it is under way',
  patient,
  async () => {
    const tenantId = await build();
    const [child, other] = [spawnProcess({ rotate: tenantId }), spawnProcess({ rotate: tenantId })];
    const said = (await Promise.all([text(child.stdout!), text(other.stdout!)])).map((word) => word.trim()).sort();
    assert.equal(said.filter((word) => word === 'key.busy').length, 1, said.join());
    const jobId = said.find((word) => word !== 'key.busy') ?? '';
    assert.match(jobId, /^job_/);
    await assert.rejects(rotate(tenantId), (error) => isFactotumError(error, 'key.busy'));
    await database.engine.pool.query("update app.job set state = 'cancelled', finished_at = now() where job_id = $1", [jobId]);
  },
);

test('a process that is killed in the middle of re-sealing is followed by one that goes on, and nothing is lost', patient, async () => {
  const tenantId = await build();
  const keys = await keyring.of(tenantId);
  const paths = Array.from({ length: 900 }, (_, at) => `Many/${at}.md`);
  await inTenant(tenantId, async (tx) => {
    for (const path of paths)
      await writeNote(tx, keys, {
        path,
        content: `Content of ${path}`,
        trusted: true,
        author: 'user:test',
        at: new Date(),
      });
  });
  const first = spawnProcess({ rotation: { settleMs: 500, pace: { rowsPerSecondMax: 150, share: 0.5 } } });
  await once(first.stdout!, 'data');
  const jobId = await rotate(tenantId);
  const moved = await eventually(
    async () => {
      const { progress } = await readAnyJob(database.engine, jobId);
      return progress !== null && progress.done > 200 ? progress.done : undefined;
    },
    () => 're-sealing did not begin',
    patienceMs,
  );
  await kill(first);
  const between = await encryption.status(tenantId);
  assert.ok(
    between.generations.every(({ objects }) => (objects ?? 0) > 0),
    'killed in the middle',
  );
  startJobs(platform);
  const job = await done(jobId);
  assert.ok(Number(job.result?.objects) > moved);
  assert.deepEqual(
    (await encryption.status(tenantId)).generations.map(({ state, objects }) => [state, objects === 0]),
    [
      ['retired', true],
      ['active', false],
    ],
  );
  const now = await keyring.of(tenantId);
  for (const path of ['Many/0.md', 'Many/899.md', 'Ideas/First.md'])
    assert.notEqual(await inTenant(tenantId, (tx) => readNote(tx, now, path)), null, path);
});

test(
  'an upload that was sealed under a generation that was destroyed while it lasted is refused, and not lost later',
  patient,
  async () => {
    startJobs(platform);
    const tenantId = await build();
    const bytes = Buffer.alloc(100_000, 'slow');
    const beginning = Promise.withResolvers<void>();
    const going = Promise.withResolvers<void>();
    const slowly = (async function* () {
      yield bytes;
      beginning.resolve();
      await going.promise;
      yield bytes;
    })();
    const write = (body: AsyncIterable<Buffer>) =>
      platform.vaultFiles.write(tenantId, { path: 'Files/Slow.bin', author: 'operator:test', at: new Date() }, body, undefined);
    const writing = write(slowly);
    writing.catch(() => undefined);
    await beginning.promise;
    await done(await rotate(tenantId, true));
    going.resolve();
    await assert.rejects(writing, (error) => isFactotumError(error, 'server.busy'));
    assert.equal(await platform.vaultFiles.find(tenantId, 'Files/Slow.bin'), null);
    await write(Readable.from([bytes]));
    const found = await platform.vaultFiles.find(tenantId, 'Files/Slow.bin');
    assert.ok(found);
    assert.ok((await buffer(await platform.vaultFiles.read(tenantId, found.blob))).equals(bytes));
  },
);

test('a generation in force or in use is not destroyed, and a destroyed one keeps its certificate', patient, async () => {
  startJobs(platform);
  const tenantId = await build();
  const destroy = (generation: number, at = new Date()) => encryption.destroy(tenantId, generation, { ...act(), at });
  await assert.rejects(destroy(1), (error) => isFactotumError(error, 'key.in_use'));
  await assert.rejects(destroy(7), (error) => isFactotumError(error, 'request.not_found'));
  await done(await rotate(tenantId));
  const later = new Date(Date.now() + 60_000);
  // Whoever is writing may have sealed it before the rotation, however long ago that ended.
  const [begun, open] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const writing = inTenant(tenantId, async (tx) => {
    await sql`insert into key_revocation (tenant_id, kind) values (${tenantId}, 'changed')`.execute(tx);
    begun.resolve();
    await open.promise;
  });
  await begun.promise;
  await assert.rejects(destroy(1, later), (error) => isFactotumError(error, 'key.busy')).finally(open.resolve);
  await writing;
  const [one, again] = [await destroy(1, later), await destroy(1, later)];
  assert.equal(one.note, again.note);
  const row = await inTenant(tenantId, (tx) =>
    tx.selectFrom('tenantKey').selectAll().where('tenantId', '=', tenantId).where('generation', '=', 1).executeTakeFirstOrThrow(),
  );
  assert.ok(row.wrapped.every((byte) => byte === 0));
  assert.deepEqual([row.indexSealed, row.checkValue, row.state], [null, null, 'destroyed']);
  await assert.rejects(
    inTenant(tenantId, (tx) => tx.updateTable('tenantKey').set({ state: 'active' }).where('generation', '=', 1).execute()),
    /stays destroyed/,
  );
  // And a third generation has the same index key as the first.
  const mac = (await keyring.of(tenantId)).mac('x', 'y');
  await done(await rotate(tenantId, true));
  keyring.forget(tenantId);
  const keys = await keyring.of(tenantId);
  assert.equal(keys.generation, 3);
  assert.deepEqual(keys.mac('x', 'y'), mac);
});
