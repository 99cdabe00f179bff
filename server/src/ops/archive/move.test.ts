import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { consistencyProof, encodeProof, openCheckpoint, parseVerifierKey, verifyConsistency, verifyProof } from '@factotum/tlog';
import { sql } from 'kysely';
import { type Id, isFactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import { entryProof, listEntries, publicHead, recordAudit, tile, verifyTenantLog } from '#trust/audit';
import { listTenantJobs } from '#trust/job';
import { newPassphraseParameters } from '#trust/key';
import { closeTenant, readTenant, reopenTenant } from '#trust/tenant';
import { eventually, type TestPlatform, testPlatform } from '../../../test/platform.ts';
import { newHeader } from './header.ts';
import { makeArchive, readTasksEpoch } from './make.ts';
import { arrive, beginMove, callMoveOff, finishMove, rememberArchive, standstill } from './move.ts';
import { takeIn } from './take-in.ts';

const here = await testPlatform();
const there = await testPlatform();
const key = Buffer.alloc(32, 3);
const actor = 'operator:test';
const to = 'https://new.example';
const deps = (platform: TestPlatform) => ({ ...platform, settleMs: 0 });

let names = 0;
async function customer(): Promise<Id<'tenant'>> {
  names += 1;
  const { id } = await here.createTenant({ name: `mover-${names}`, actor });
  await here.send(id, { text: 'before' });
  return id;
}

async function archive(tenantId: Id<'tenant'>): Promise<Buffer> {
  await standstill(deps(here), tenantId);
  const header = newHeader({ kind: 'whole', tenantId, madeAt: new Date(), key: newPassphraseParameters() });
  let made = Buffer.alloc(0);
  const facts = await makeArchive(here, { header, key }, async (bytes) => {
    made = await buffer(bytes);
  });
  await rememberArchive(deps(here), tenantId, facts);
  return made;
}

async function* pieces(bytes: Uint8Array) {
  yield bytes;
}
const bring = (bytes: Uint8Array) => takeIn(there, pieces(bytes), { keyOf: async () => key, at: new Date() });
const has = (code: Parameters<typeof isFactotumError>[1]) => (error: unknown) => isFactotumError(error, code);
const inTenant = <R>(platform: TestPlatform, tenantId: Id<'tenant'>, work: Parameters<typeof withTenant<R>>[2]) =>
  withTenant(platform.database.app.db, tenantId, work);
const kindsOf = async (platform: TestPlatform, tenantId: Id<'tenant'>) => {
  await platform.sequencer.drained();
  return (await inTenant(platform, tenantId, (tx) => listEntries(tx, { tenantId, afterSeq: -1, limit: 1_000 }))).map(({ kind }) => kind);
};
const holds = async (platform: TestPlatform, tenantId: Id<'tenant'>) =>
  (await verifyTenantLog(platform.database, platform.keyring, tenantId, { auditorKey: platform.auditor })).holds;

describe('a move', () => {
  test('takes nothing in from its very beginning, also in a process that has not heard of it', async () => {
    const tenantId = await customer();
    await beginMove(deps(here), { tenantId, actor });
    // Intake has just looked the tenant up and believes that for five seconds.
    await assert.rejects(here.send(tenantId, { text: 'too late' }), has('tenant.moving'));
    await assert.rejects(
      inTenant(here, tenantId, (tx) => sql`update note set updated_at = now() where tenant_id = ${tenantId}`.execute(tx)),
      has('tenant.moving'),
    );
  });

  test('lets what runs come to its end, begins nothing, and then stands still', async () => {
    const tenantId = await customer();
    const worker = await here.startWorker();
    await here.until(tenantId, await here.send(tenantId, { text: 'nobody knows how' }), 'waiting', 'failed');
    await beginMove(deps(here), { tenantId, actor });
    await standstill(deps(here), tenantId);
    // Due, and nobody takes it: the answer to a person's ring is a change like any other.
    await assert.rejects(
      inTenant(here, tenantId, (tx) =>
        sql`update task set run_at = now(), signals = signals + 1 where tenant_id = ${tenantId}`.execute(tx),
      ),
      has('tenant.moving'),
    );
    await assert.rejects(
      inTenant(here, tenantId, (tx) => sql`update tenant set settings = '{"locale": "de"}' where tenant_id = ${tenantId}`.execute(tx)),
      has('tenant.moving'),
    );
    const epoch = () => inTenant(here, tenantId, (tx) => readTasksEpoch(tx, tenantId));
    const claimed = await epoch();
    await here.database.engine.pool.query('update app.task set run_at = now() where tenant_id = $1', [tenantId]);
    // Somebody else's task, due later, has its turn; this one has not.
    const other = await customer();
    await here.until(other, await here.send(other, { text: 'meanwhile' }), 'waiting', 'failed');
    assert.equal(await epoch(), claimed);
    await callMoveOff(deps(here), { tenantId, actor });
    await worker.stop();
  });

  test('waits for a writer that came before it', async () => {
    const tenantId = await customer();
    let begun: Promise<void> | undefined;
    let isOver = false;
    await inTenant(here, tenantId, async (tx) => {
      await sql`update note set updated_at = now() where tenant_id = ${tenantId}`.execute(tx);
      begun = beginMove(deps(here), { tenantId, actor }).then(() => {
        isOver = true;
      });
      await eventually(async () => {
        const { rows } = await here.database.app.pool.query(
          `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'update tenant%' and datname = current_database()`,
        );
        return rows.length > 0 ? true : undefined;
      });
      assert.equal(isOver, false);
    });
    await begun;
  });

  test('can be called off until it is finished: the tenant works on, and the archive can never be released', async () => {
    const tenantId = await customer();
    await beginMove(deps(here), { tenantId, actor });
    await bring(await archive(tenantId));
    await callMoveOff(deps(here), { tenantId, actor });
    await here.send(tenantId, { text: 'after all' });
    await assert.rejects(finishMove(deps(here), { tenantId, actor, to }), has('tenant.wrong_state'));
    // A later move has an end that belongs to a later archive.
    await beginMove(deps(here), { tenantId, actor });
    await archive(tenantId);
    const release = await finishMove(deps(here), { tenantId, actor, to });
    await assert.rejects(arrive(deps(there), { tenantId, actor, release }), has('archive.conflict'));
    assert.equal((await inTenant(there, tenantId, (tx) => readTenant(tx, tenantId))).state, 'moving');
  });

  test('of a tenant whose tasks cannot all be found by their words has them read where it goes', async () => {
    const [tenantId, found] = [await customer(), await customer()];
    // One from before there were words.
    await inTenant(here, tenantId, (tx) =>
      sql`insert into task (tenant_id, task_id, event_id, source, kind, state, detail, created_at, updated_at)
        select tenant_id, 'tsk_01' || repeat('0', 22), event_id, source, kind, 'cancelled', detail, created_at, updated_at
        from task where tenant_id = ${tenantId}`.execute(tx),
    );
    for (const id of [tenantId, found]) {
      await beginMove(deps(here), { tenantId: id, actor });
      await bring(await archive(id));
      await arrive(deps(there), { tenantId: id, actor, release: await finishMove(deps(here), { tenantId: id, actor, to }) });
    }
    const ordered = (id: Id<'tenant'>) => inTenant(there, id, (tx) => listTenantJobs(tx, id, { limit: 10 }));
    assert.deepEqual(
      (await ordered(tenantId)).map(({ kind }) => kind),
      ['task.read_words'],
    );
    assert.deepEqual(await ordered(found), []);
  });

  test('ends one log with the move and continues the same log elsewhere, so that every proof of before holds on both sides', async () => {
    const tenantId = await customer();
    const before = await kindsOf(here, tenantId);
    const old = await inTenant(here, tenantId, (tx) => publicHead(tx, tenantId));
    const proof = await inTenant(here, tenantId, (tx) => entryProof(tx, tenantId, 0));
    assert.ok(old && proof);
    await beginMove(deps(here), { tenantId, actor });
    const taken = await bring(await archive(tenantId));
    // What is written down between the archive and its end comes along with the end.
    await inTenant(here, tenantId, (tx) => recordAudit(tx, tenantId, [{ kind: 'operator.command', actor, at: new Date() }]));
    // What is written down there before the end has come waits for it.
    await inTenant(there, tenantId, (tx) => recordAudit(tx, tenantId, [{ kind: 'operator.command', actor, at: new Date() }]));
    await there.sequencer.drained();
    const release = await finishMove(deps(here), { tenantId, actor, to });
    await arrive(deps(there), { tenantId, actor, release: JSON.parse(JSON.stringify(release)) });
    await arrive(deps(there), { tenantId, actor, release });

    const [left, gone] = [await kindsOf(here, tenantId), await kindsOf(there, tenantId)];
    assert.equal(left.at(-1), 'tenant.moved');
    assert.deepEqual(gone.slice(0, left.length), left);
    assert.deepEqual(left.slice(0, before.length), before);
    assert.deepEqual(gone.slice(left.length).sort(), ['operator.command', 'tenant.imported']);
    assert.ok(taken.logSize < left.length);
    assert.deepEqual([await holds(here, tenantId), await holds(there, tenantId)], [true, true]);

    const head = await inTenant(there, tenantId, (tx) => publicHead(tx, tenantId));
    assert.ok(head);
    assert.equal(head.verifierKey, old.verifierKey);
    const keys = [parseVerifierKey(old.verifierKey)];
    const [from, until] = [openCheckpoint(old.checkpoint, keys), openCheckpoint(head.checkpoint, keys)];
    const hashes = await inTenant(there, tenantId, (tx) =>
      consistencyProof(
        async ({ level, index, width }) =>
          (await tile(tx, tenantId, `tile/${level}/${String(index).padStart(3, '0')}.p/${width}`)) ?? Buffer.alloc(0),
        {
          from: from.size,
          to: until.size,
        },
      ),
    );
    assert.equal(verifyConsistency({ from: from.size, to: until.size, fromRoot: from.root, toRoot: until.root, proof: hashes }), true);
    assert.equal(verifyProof(encodeProof(proof), Buffer.from(proof.body), keys).index, 0);
    const anew = await inTenant(there, tenantId, (tx) => entryProof(tx, tenantId, 0));
    assert.ok(anew && anew.body === proof.body && anew.size > proof.size);
  });

  test('that is finished is final: the old side tells the new address and never works again, and its log grows no more', async () => {
    const tenantId = await customer();
    await beginMove(deps(here), { tenantId, actor });
    await bring(await archive(tenantId));
    const release = await finishMove(deps(here), { tenantId, actor, to: `${to}/somewhere` });
    assert.deepEqual(await finishMove(deps(here), { tenantId, actor, to }), release);
    await assert.rejects(finishMove(deps(here), { tenantId, actor, to: 'https://other.example' }), has('archive.conflict'));
    await assert.rejects(callMoveOff(deps(here), { tenantId, actor }), has('tenant.wrong_state'));
    const { state, movedTo } = await inTenant(here, tenantId, (tx) => readTenant(tx, tenantId));
    assert.deepEqual({ state, movedTo }, { state: 'moved', movedTo: to });
    await inTenant(here, tenantId, (tx) => recordAudit(tx, tenantId, [{ kind: 'operator.command', actor, at: new Date() }]));
    assert.equal((await kindsOf(here, tenantId)).at(-1), 'tenant.moved');
    const keys = await here.keyring.of(tenantId);
    await inTenant(here, tenantId, (tx) => closeTenant(tx, keys, { name: `mover-${names}`, graceDays: 0, actor, at: new Date() }));
    await assert.rejects(
      inTenant(here, tenantId, (tx) => reopenTenant(tx, tenantId, { actor, at: new Date() })),
      has('tenant.wrong_state'),
    );
  });

  test('does not let go when a key or a task has changed since the archive', async () => {
    const tenantId = await customer();
    await beginMove(deps(here), { tenantId, actor });
    await assert.rejects(finishMove(deps(here), { tenantId, actor, to }), has('archive.conflict'));
    await archive(tenantId);
    await here.identity.createApiKey({ tenantId, name: 'late', permissions: ['task:read'] });
    await assert.rejects(finishMove(deps(here), { tenantId, actor, to }), has('archive.conflict'));
    await archive(tenantId);
    assert.equal((await finishMove(deps(here), { tenantId, actor, to })).movedTo, to);
  });

  test('hands over only with an end that continues the very log', async () => {
    const tenantId = await customer();
    await beginMove(deps(here), { tenantId, actor });
    await bring(await archive(tenantId));
    const release = await finishMove(deps(here), { tenantId, actor, to });
    const { log } = release;
    const forgeries = {
      'without its last entry': { ...log, entries: log.entries.slice(0, -1) },
      'with an entry changed': {
        ...log,
        entries: log.entries.map((entry) => ({ ...entry, body: entry.body.replace('tenant.moved', 'tenant.noved') })),
      },
      'from another place': { ...log, from: log.from - 1 },
      'under another key': { ...log, head: { ...log.head, verifierKey: `${log.head.verifierKey.slice(0, -2)}A=` } },
    };
    for (const [name, forged] of Object.entries(forgeries))
      await assert.rejects(arrive(deps(there), { tenantId, actor, release: { ...release, log: forged } }), has('archive.conflict'), name);
    await arrive(deps(there), { tenantId, actor, release });
    await there.send(tenantId, { text: 'at the new side' });
  });

  test('goes on without the other side only where the operator answers for it, and the log says so', async () => {
    const tenantId = await customer();
    await beginMove(deps(here), { tenantId, actor });
    await bring(await archive(tenantId));
    await arrive(deps(there), { tenantId, actor, release: null });
    await there.sequencer.drained();
    const [last] = await inTenant(there, tenantId, (tx) => listEntries(tx, { tenantId, limit: 1 }));
    assert.deepEqual([last?.kind, last?.detail.released], ['tenant.imported', 'by the operator']);
    assert.equal(await holds(there, tenantId), true);
  });
});
