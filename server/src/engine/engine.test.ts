import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { sql } from 'kysely';
import { createLogger, FactotumError, type Id, systemClock } from '#kernel';
import { withTenant } from '#kernel/database';
import { testDatabase } from '../../test/database.ts';
import { taskRows } from '../../test/task-rows.ts';
import { claimTasks } from './claim.ts';
import { createEngine, type EngineOptions } from './engine.ts';
import { flush } from './flush.ts';
import { beat, enlist, reap, resign } from './leases.ts';
import { postponeTask } from './postpone.ts';
import type { Lease, TaskProgress, TaskSnapshot } from './rows.ts';

const { database, close } = await testDatabase();
const { engine, app } = database;
const log = createLogger({ level: 'silent' });
after(close);

const { buildTenant, buildTasks, look, ring } = taskRows(database);

const claim = (workerId: string, limit: number) => claimTasks(engine, { workerId, limit, now: new Date() });
const done = (task: TaskProgress): TaskProgress => ({ ...task, state: 'done', outcome: 'completed', runAt: null, finishedAt: new Date() });
const parked = (task: TaskProgress): TaskProgress => ({ ...task, state: 'waiting', waitReason: 'question', runAt: null });
const write = (workerId: string, items: readonly { snapshot: TaskSnapshot; progress: TaskProgress }[]) =>
  flush(
    engine,
    workerId,
    new Date(),
    items.map(({ snapshot, progress }) => ({
      task: snapshot.task,
      signalsSeen: snapshot.task.signals,
      transition: { progress, release: true, audit: [] },
    })),
  );

async function until(isTrue: () => Promise<boolean> | boolean, withinMs = 60_000): Promise<void> {
  for (const end = performance.now() + withinMs; !(await isTrue()); ) {
    if (performance.now() > end) throw new Error('it did not come true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const build = (handler: EngineOptions['handler'], more: Partial<EngineOptions> = {}) => {
  const worker = createEngine({ database: engine, clock: systemClock, log, slots: 8, pollMs: 20, handler, ...more });
  after(() => worker.stop(0));
  return worker;
};

describe('claiming', () => {
  it('by four at once never runs more of a tenant than allowed, and nothing is claimed twice', async () => {
    const noisy = await buildTenant(7);
    const quiet = await Promise.all(Array.from({ length: 5 }, () => buildTenant(3)));
    await buildTasks(noisy, 300);
    for (const tenant of quiet) await buildTasks(tenant, 20);
    const limits = new Map([[noisy, 7], ...quiet.map((tenant) => [tenant, 3] as const)]);
    const total = 300 + 5 * 20;
    const running = new Map<string, number>();
    const claimed = new Map<string, number>();
    let most = 0;
    const claimer = async (workerId: string) => {
      await enlist(engine, workerId);
      while (claimed.size < total) {
        const snapshots = await claim(workerId, 10);
        for (const { task } of snapshots) {
          assert.equal(claimed.has(task.taskId), false, 'claimed twice');
          claimed.set(task.taskId, task.epoch);
          const now = (running.get(task.tenantId) ?? 0) + 1;
          running.set(task.tenantId, now);
          assert.ok(now <= (limits.get(task.tenantId) ?? 0), `${now} running of one tenant`);
          if (task.tenantId === noisy) most = Math.max(most, now);
        }
        // Counted down before the commit: from then on the place may be taken by another.
        for (const { task } of snapshots) running.set(task.tenantId, (running.get(task.tenantId) ?? 0) - 1);
        await write(
          workerId,
          snapshots.map((snapshot) => ({ snapshot, progress: done(snapshot.task) })),
        );
      }
    };
    await Promise.all(['one', 'two', 'three', 'four'].map((name) => claimer(`wrk_${name}`)));
    assert.equal(claimed.size, total);
    assert.deepEqual([...new Set(claimed.values())], [1]);
    assert.equal(most, 7, 'and the limit is made use of');
    for (const name of ['one', 'two', 'three', 'four']) await resign(engine, `wrk_${name}`);
  });

  it('serves a quiet tenant at once however much another has waiting, also with one free slot', async () => {
    const [noisy, quiet] = [await buildTenant(), await buildTenant()];
    const noise = await buildTasks(noisy, 200);
    await enlist(engine, 'wrk_fair');
    const first = await claim('wrk_fair', 1);
    assert.equal(first[0]?.task.taskId, noise[0], 'oldest first');
    await buildTasks(quiet, 2);
    const served: Id<'tenant'>[] = [];
    for (let turn = 0; turn < 4; turn += 1) served.push(...(await claim('wrk_fair', 1)).map(({ task }) => task.tenantId));
    assert.deepEqual(served, [quiet, noisy, quiet, noisy]);
    await resign(engine, 'wrk_fair');
    await finishAll(noisy, quiet);
  });

  it('passes over a tenant whose queue somebody holds, and does not wait', async () => {
    const [held, free] = [await buildTenant(), await buildTenant()];
    await buildTasks(held, 1);
    const [task] = await buildTasks(free, 1);
    await enlist(engine, 'wrk_skip');
    await withTenant(app.db, held, async (tx) => {
      await sql`update tenant_queue set revision = revision + 1 where tenant_id = ${held}`.execute(tx);
      assert.deepEqual(
        (await claim('wrk_skip', 10)).map(({ task }) => task.taskId),
        [task],
      );
    });
    assert.equal((await claim('wrk_skip', 10)).length, 1);
    await resign(engine, 'wrk_skip');
    await finishAll(held, free);
  });
});

/** Takes what a test leaves out of the way of the next. */
async function finishAll(...tenants: Id<'tenant'>[]): Promise<void> {
  await enlist(engine, 'wrk_end');
  for (;;) {
    const snapshots = (await claim('wrk_end', 100)).filter(({ task }) => tenants.includes(task.tenantId));
    if (snapshots.length === 0) break;
    await write(
      'wrk_end',
      snapshots.map((snapshot) => ({ snapshot, progress: done(snapshot.task) })),
    );
  }
  await resign(engine, 'wrk_end');
}

describe('a lease', () => {
  it('that was lost commits nothing, however late; the new owner is not disturbed', async () => {
    const tenant = await buildTenant();
    await buildTasks(tenant, 1);
    await enlist(engine, 'wrk_old');
    await enlist(engine, 'wrk_new');
    const [old] = await claim('wrk_old', 1);
    assert.ok(old);
    await resign(engine, 'wrk_old');
    assert.deepEqual(await write('wrk_old', [{ snapshot: old, progress: done(old.task) }]), [{ kind: 'fenced' }], 'between two owners');
    const [taken] = await claim('wrk_new', 1);
    assert.equal(taken?.task.epoch, old.task.epoch + 1);
    assert.deepEqual(await write('wrk_old', [{ snapshot: old, progress: done(old.task) }]), [{ kind: 'fenced' }]);
    assert.deepEqual(
      (await look(tenant)).map(({ state, owner }) => [state, owner]),
      [['received', 'wrk_new']],
    );
    // The same name with an old fence: a worker that lost a task and claimed it again.
    assert.deepEqual(await write('wrk_new', [{ snapshot: old, progress: done(old.task) }]), [{ kind: 'fenced' }]);
    assert.ok(taken);
    assert.equal((await write('wrk_new', [{ snapshot: taken, progress: done(taken.task) }]))[0]?.kind, 'committed');
    await resign(engine, 'wrk_new');
  });

  it('is lost when it is not renewed in time, and what it held is free', async () => {
    const tenant = await buildTenant();
    await buildTasks(tenant, 3);
    await enlist(engine, 'wrk_silent');
    await enlist(engine, 'wrk_alive');
    await claim('wrk_silent', 2);
    await claim('wrk_alive', 1);
    await engine.pool.query(`update app.worker set beat_at = now() - interval '4 minutes' where worker_id = 'wrk_silent'`);
    assert.equal(await reap(engine, 180_000), 2);
    assert.deepEqual((await look(tenant)).map(({ owner }) => owner ?? '').sort(), ['', '', 'wrk_alive']);
    assert.equal(await beat(engine, 'wrk_silent'), false, 'it learns of it');
    assert.equal(await beat(engine, 'wrk_alive'), true);
    await resign(engine, 'wrk_alive');
    await finishAll(tenant);
  });

  it('is not given to a worker that is not on the list', async () => {
    const tenant = await buildTenant();
    await buildTasks(tenant, 1);
    assert.deepEqual(await claim('wrk_ghost', 1), []);
    await finishAll(tenant);
  });

  it('lost during a stall makes the worker stop what it does and begin anew under another name', async () => {
    const tenant = await buildTenant();
    const [task] = await buildTasks(tenant, 1);
    const leases: Lease[] = [];
    const worker = build(
      async (lease) => {
        leases.push(lease);
        if (leases.length === 1) await new Promise((resolve) => lease.signal.addEventListener('abort', resolve));
        await lease.commit({ progress: done(lease.snapshot.task), release: true, audit: [] });
      },
      // No time passes for it: it has to be told.
      { clock: { now: () => new Date(), monotonicMs: () => 0 } },
    );
    await worker.start();
    await until(() => leases.length === 1);
    assert.equal(leases[0]?.isHeld(), true);
    // As somebody does for whom every beat is too old.
    assert.equal(await reap(engine, -60_000), 1);
    await until(async () => (await look(tenant))[0]?.state === 'done');
    assert.equal(leases[0]?.signal.aborted, true);
    assert.deepEqual(
      leases.map(({ snapshot }) => [snapshot.task.taskId, snapshot.task.epoch]),
      [
        [task, 1],
        [task, 2],
      ],
    );
    await worker.stop(0);
  });

  it('that could not be renewed says so by itself before anybody else does', async () => {
    const tenant = await buildTenant();
    await buildTasks(tenant, 1);
    let monotonicMs = 0;
    const seen: boolean[] = [];
    const worker = build(
      async (lease) => {
        seen.push(lease.isHeld());
        monotonicMs += 3_001;
        seen.push(lease.isHeld());
        await lease.commit({ progress: done(lease.snapshot.task), release: true, audit: [] });
      },
      { clock: { now: () => new Date(), monotonicMs: () => monotonicMs }, leaseMs: 3_000 },
    );
    await worker.start();
    await until(() => seen.length >= 2);
    assert.deepEqual(seen.slice(0, 2), [true, false]);
    await until(async () => (await look(tenant))[0]?.state === 'done');
    await worker.stop(0);
  });

  it('is given back when the worker stops, and nothing is left to wait for', async () => {
    const tenant = await buildTenant();
    await buildTasks(tenant, 4);
    let held = 0;
    const worker = build(async (lease) => {
      held += 1;
      await new Promise((resolve) => lease.signal.addEventListener('abort', resolve));
    });
    await worker.start();
    await until(() => held === 4);
    await worker.stop(10);
    assert.deepEqual(
      (await look(tenant)).map(({ owner, state }) => [owner, state]),
      Array.from({ length: 4 }, () => [null, 'received']),
    );
    assert.equal((await engine.pool.query('select 1 from app.worker')).rowCount, 0);
    await finishAll(tenant);
  });

  it('lets a handler know that the worker is stopping, and waits for it to come to a halt', async () => {
    const tenant = await buildTenant();
    await buildTasks(tenant, 1);
    let begun = false;
    const worker = build(async (lease) => {
      begun = true;
      await until(() => lease.isEnding());
      await lease.commit({ progress: { ...lease.snapshot.task, state: 'running' }, release: true, audit: [] });
    });
    await worker.start();
    await until(() => begun);
    await worker.stop(60_000);
    const [task] = await look(tenant);
    assert.deepEqual([task?.state, task?.owner], ['running', null]);
    await finishAll(tenant);
  });
});

describe('a ring', () => {
  it('is never lost, though it comes in the very moment in which the task is parked', async () => {
    const [rounds, each] = [50, 20];
    const tenant = await buildTenant(each);
    await enlist(engine, 'wrk_park');
    for (let round = 0; round < rounds; round += 1) {
      await buildTasks(tenant, each);
      const snapshots = await claim('wrk_park', each);
      assert.equal(snapshots.length, each);
      // Each parks and is rung at the same time, by different connections.
      await Promise.all(
        snapshots.flatMap((snapshot) => [
          write('wrk_park', [{ snapshot, progress: parked(snapshot.task) }]),
          ring(tenant, snapshot.task.taskId),
        ]),
      );
      const again = await claim('wrk_park', each);
      assert.equal(again.length, each, `round ${round}: parked with a ring that nobody will hear`);
      await write(
        'wrk_park',
        again.map((snapshot) => ({ snapshot, progress: done(snapshot.task) })),
      );
    }
    await resign(engine, 'wrk_park');
  });

  it('makes a task due at once that is about to be put off, but not one that has ended', async () => {
    const tenant = await buildTenant();
    await buildTasks(tenant, 2);
    await enlist(engine, 'wrk_off');
    const [one, other] = await claim('wrk_off', 2);
    assert.ok(one && other);
    for (const { task } of [one, other]) await ring(tenant, task.taskId);
    const later = new Date(Date.now() + 3_600_000);
    await write('wrk_off', [
      { snapshot: one, progress: { ...one.task, state: 'running', runAt: later } },
      { snapshot: other, progress: done(other.task) },
    ]);
    const rows = new Map((await look(tenant)).map((row) => [row.taskId, row]));
    assert.ok((rows.get(one.task.taskId)?.runAt ?? later) <= new Date());
    assert.equal(rows.get(other.task.taskId)?.runAt, null);
    await resign(engine, 'wrk_off');
    await finishAll(tenant);
  });
});

describe('a handler that throws', () => {
  it('has its task tried again later, in the state that the row is in by then', async () => {
    const tenant = await buildTenant();
    await buildTasks(tenant, 1);
    let tries = 0;
    const worker = build(async (lease) => {
      tries += 1;
      const progress = { ...lease.snapshot.task, state: 'running' as const, planVersion: 1 };
      if (tries === 1) {
        await lease.commit({ progress, audit: [] });
        throw new TypeError('a fault');
      }
      assert.equal(lease.snapshot.task.planVersion, 1, 'what was committed stands');
      await lease.commit({ progress: done(progress), release: true, audit: [] });
    });
    await worker.start();
    await until(async () => (await look(tenant))[0]?.state === 'done');
    assert.equal(tries, 2);
    await worker.stop(0);
  });

  it('eight times in a row puts its task before a person, with the code of the fault', async () => {
    const tenant = await buildTenant();
    await buildTasks(tenant, 1);
    await enlist(engine, 'wrk_fault');
    const fault = new FactotumError('seal.broken', 'It does not open.');
    for (let faults = 1; faults <= 8; faults += 1) {
      const [snapshot] = await claimTasks(engine, { workerId: 'wrk_fault', limit: 1, now: new Date(Date.now() + 3_600_000) });
      assert.ok(snapshot, `try ${faults}`);
      await postponeTask(engine, 'wrk_fault', snapshot.task, fault, new Date());
      const [row] = await look(tenant);
      assert.deepEqual(
        [row?.state, row?.errorCode, row?.owner],
        faults < 8 ? ['received', 'server.fault', null] : ['failed', 'seal.broken', null],
      );
    }
    assert.equal((await look(tenant))[0]?.runAt, null);
    const pending = await database.sequencer.pool.query<{ entries: string[] }>(
      'select entries from app.audit_pending where tenant_id = $1',
      [tenant],
    );
    assert.equal(pending.rows.length, 1, 'and says so in the log');
    await resign(engine, 'wrk_fault');
  });

  it('for a reason that passes is waited for, however long', async () => {
    const tenant = await buildTenant();
    await buildTasks(tenant, 1);
    await enlist(engine, 'wrk_wait');
    for (let faults = 1; faults <= 12; faults += 1) {
      const [snapshot] = await claimTasks(engine, { workerId: 'wrk_wait', limit: 1, now: new Date(Date.now() + 3_600_000) });
      assert.ok(snapshot);
      await postponeTask(engine, 'wrk_wait', snapshot.task, new FactotumError('key.unavailable', 'The key service is away.'), new Date());
    }
    assert.equal((await look(tenant))[0]?.state, 'received');
    await resign(engine, 'wrk_wait');
    await finishAll(tenant);
  });
});
