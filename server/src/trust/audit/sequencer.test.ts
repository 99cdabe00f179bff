import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { type Clock, createLogger, type Id, newId, systemClock } from '#kernel';
import { openDatabase, withTenant } from '#kernel/database';
import { asIntruder, auditSetup, draft, until } from '../../../test/audit.ts';
import { testDatabase, testPools } from '../../../test/database.ts';
import { auditBody } from './body.ts';
import { listEntries } from './read.ts';
import { recordAudit } from './record.ts';
import type { SequencedEntry } from './sequenced.ts';
import type { Sequencer } from './sequencer.ts';
import { verifyTenantLog } from './verify-log.ts';

const { database, ownerUrl, roleUrls, close } = await testDatabase();
const other = openDatabase(roleUrls, { log: createLogger({ level: 'silent' }), ...testPools, connectionsMax: { app: 4, sequencer: 3 } });
const setup = await auditSetup(database);
after(async () => {
  await setup.close();
  await other.close();
  await close();
});
const { buildTenant, record, keyring, auditorKey } = setup;

const clockAt = (iso: string): Clock => ({ ...systemClock, now: () => new Date(iso) });
const all = (tenantId: Id<'tenant'>) =>
  withTenant(database.app.db, tenantId, (tx) => listEntries(tx, { tenantId, afterSeq: -1, limit: 1_000 }));
const epochsOf = (tenantId: Id<'tenant'>) =>
  withTenant(database.app.db, tenantId, (tx) => tx.selectFrom('auditEntry').select('epoch').orderBy('seq').execute()).then((rows) =>
    rows.map((row) => row.epoch),
  );
const holds = async (tenantId: Id<'tenant'>) => {
  const report = await verifyTenantLog(database, keyring, tenantId, { auditorKey });
  assert.equal(report.fault, null);
  return report.entries;
};
/** Tenants that earlier tests broke are set aside as well. */
const isSetAside = (sequencer: Sequencer) => (tenantId: string) => sequencer.status().setAside.includes(tenantId);
const pendingOf = (tenantId: Id<'tenant'>) =>
  asIntruder(ownerUrl, (client) => client.query('select from app.audit_pending where tenant_id = $1', [tenantId])).then(
    (done) => done.rowCount,
  );

test('entries keep the order of their transactions, and what was rolled back leaves nothing', async () => {
  const tenantId = await buildTenant();
  const sequencer = setup.createSequencer();
  await record(tenantId, { objectId: 'a' }, { objectId: 'b' });
  const failing = withTenant(database.app.db, tenantId, async (tx) => {
    await recordAudit(tx, tenantId, [draft({ objectId: 'never' })]);
    throw new Error('the work failed');
  });
  await assert.rejects(failing, /the work failed/);
  await record(tenantId, { objectId: 'c', taskId: newId('task'), state: 'done', kind: 'task.finished', detail: { steps: 2 } });
  await sequencer.drained();
  const entries = await all(tenantId);
  assert.deepEqual(
    entries.map(({ seq, objectId }) => [seq, objectId]),
    [
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ],
  );
  assert.deepEqual(
    { state: entries[2]!.state, detail: entries[2]!.detail, live: entries[2]!.live },
    { state: 'done', detail: { steps: 2 }, live: true },
  );
  assert.equal(await holds(tenantId), 3);
});

test('of twenty writers at once, with two sequencers, every entry is numbered once and each writer finds its own in order', async (t) => {
  const tenants = [await buildTenant(), await buildTenant(), await buildTenant()];
  const sequencers = [setup.createSequencer(), setup.createSequencer({ database: other })];
  for (const sequencer of sequencers) {
    await sequencer.start();
    t.after(() => sequencer.stop());
  }
  const [writers, transactions] = [20, 50];
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      for (let number = 0; number < transactions; number += 1) {
        const tenantId = tenants[(writer + number) % tenants.length]!;
        await record(tenantId, { objectId: `${writer}/${number}/first` }, { objectId: `${writer}/${number}/second` });
        sequencers[number % 2]!.kick();
      }
    }),
  );
  await Promise.all(sequencers.map((sequencer) => sequencer.drained()));
  let total = 0;
  for (const tenantId of tenants) {
    const entries = await all(tenantId);
    total += entries.length;
    assert.deepEqual(
      entries.map(({ seq }) => seq),
      entries.map((_, index) => index),
    );
    for (let writer = 0; writer < writers; writer += 1) {
      const own = entries.map(({ objectId }) => objectId?.split('/') ?? []).filter(([by]) => by === String(writer));
      const order = own.map(([, number, part]) => Number(number) * 2 + (part === 'second' ? 1 : 0));
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
      );
    }
    assert.equal(await holds(tenantId), entries.length);
  }
  assert.equal(total, writers * transactions * 2);
});

test('listeners in every process are told of every entry once and in order, whichever process numbered it', async (t) => {
  const tenantId = await buildTenant();
  const working = setup.createSequencer();
  const listening = setup.createSequencer({ database: other });
  const told: Record<'working' | 'listening', SequencedEntry[]> = { working: [], listening: [] };
  working.onEntries((tenant, entries) => tenant === tenantId && told.working.push(...entries));
  listening.onEntries((tenant, entries) => tenant === tenantId && told.listening.push(...entries));
  await record(tenantId, { objectId: 'before anybody listened' });
  await working.drained();
  for (const sequencer of [working, listening]) {
    await sequencer.start();
    t.after(() => sequencer.stop());
  }
  for (let number = 1; number <= 40; number += 1) {
    await record(tenantId, { objectId: String(number) });
    working.kick();
    // A connection that is lost in between costs time, never an entry.
    if (number === 20)
      await other.sequencer.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen audit' and datname = current_database()`,
      );
  }
  await until(() => told.working.length >= 40 && told.listening.length >= 40);
  const expected = Array.from({ length: 40 }, (_, index) => [index + 1, String(index + 1)]);
  for (const entries of Object.values(told))
    assert.deepEqual(
      entries.map(({ seq, objectId }) => [seq, objectId]),
      expected,
    );
  const [first] = told.listening;
  assert.deepEqual({ ...first }, { ...told.working[0] });
});

test('the MAC key steps once a day at most, never before the first entry, and the log still holds', async () => {
  const tenantId = await buildTenant();
  const at = async (iso: string, count: number) => {
    await record(tenantId, ...Array.from({ length: count }, () => ({})));
    // Another sequencer each time: the key comes from the row.
    await setup.createSequencer({ clock: clockAt(iso) }).drained();
  };
  await at('2030-01-01T10:00:00.000Z', 2);
  await at('2030-01-01T23:59:59.999Z', 1);
  await at('2030-01-02T00:00:00.000Z', 2);
  await at('2030-01-01T12:00:00.000Z', 1); // a clock set back
  await at('2030-01-09T00:00:00.000Z', 1); // a week without entries is one step
  assert.deepEqual(await epochsOf(tenantId), [0, 0, 0, 1, 1, 1, 2]);
  assert.equal(await holds(tenantId), 7);
});

test('a step of the key in another process is noticed by one that has the log open', async () => {
  const tenantId = await buildTenant();
  const [early, late] = [
    setup.createSequencer({ clock: clockAt('2030-01-01T10:00:00.000Z') }),
    setup.createSequencer({ clock: clockAt('2030-01-02T10:00:00.000Z') }),
  ];
  for (const sequencer of [early, late, early, early, late]) {
    await record(tenantId, {});
    await sequencer.drained();
  }
  assert.deepEqual(await epochsOf(tenantId), [0, 1, 1, 1, 1]);
  assert.equal(await holds(tenantId), 5);
});

test('a tenant without a log, or with a head that was tampered with, stops nobody else and loses nothing', async () => {
  const [healthy, broken, headless] = [await buildTenant(), await buildTenant(), newId('tenant')];
  const sequencer = setup.createSequencer();
  await record(broken, {});
  await sequencer.drained();
  await withTenant(database.app.db, headless, (tx) =>
    sql`insert into tenant (tenant_id, name) values (${headless}, 'headless')`.execute(tx),
  );
  const restore = await asIntruder(ownerUrl, async (client) => {
    const { rows } = await client.query('select chain, size from app.audit_head where tenant_id = $1', [broken]);
    await client.query(`update app.audit_head set size = 0, chain = sha256('x') where tenant_id = $1`, [broken]);
    return rows[0];
  });
  for (const tenantId of [headless, broken, healthy, headless, broken, healthy]) await record(tenantId, {});
  await sequencer.drained();
  assert.equal((await all(healthy)).length, 2);
  assert.deepEqual([await pendingOf(broken), await pendingOf(headless)], [2, 2]);
  assert.deepEqual([healthy, broken, headless].map(isSetAside(sequencer)), [false, true, true]);
  await asIntruder(ownerUrl, (client) =>
    client.query('update app.audit_head set size = $2, chain = $3 where tenant_id = $1', [broken, restore.size, restore.chain]),
  );
  await setup.createSequencer().drained();
  assert.equal(await holds(broken), 3);
});

test('a sealed key that was exchanged stops that tenant alone', async () => {
  const [healthy, broken] = [await buildTenant(), await buildTenant()];
  await asIntruder(ownerUrl, (client) =>
    client.query('update app.audit_head set mac_key = (select mac_key from app.audit_head where tenant_id = $1) where tenant_id = $2', [
      healthy,
      broken,
    ]),
  );
  for (const tenantId of [broken, healthy]) await record(tenantId, {});
  const sequencer = setup.createSequencer();
  await sequencer.drained();
  assert.equal((await all(healthy)).length, 1);
  assert.deepEqual([healthy, broken].map(isSetAside(sequencer)), [false, true]);
});

test('an open log is closed by a revocation of its keys, which are read again with the next entry', async () => {
  const [one, two] = [await buildTenant(), await buildTenant()];
  const sequencer = setup.createSequencer();
  for (const tenantId of [one, two]) await record(tenantId, {});
  await sequencer.drained();
  // Whoever reads these keys again is stopped by them; whoever has the log open notices nothing.
  const foreign = await buildTenant();
  await asIntruder(ownerUrl, (client) =>
    client.query(
      'update app.audit_head set mac_key = (select mac_key from app.audit_head where tenant_id = $1) where tenant_id = any($2::text[])',
      [foreign, [one, two]],
    ),
  );
  sequencer.forget(one);
  for (const tenantId of [one, two]) await record(tenantId, {});
  await sequencer.drained();
  assert.deepEqual([one, two].map(isSetAside(sequencer)), [true, false]);
  sequencer.forgetAll();
  await record(two, {});
  await sequencer.drained();
  assert.equal(isSetAside(sequencer)(two), true);
});

test('an entry that somebody has slipped in under the next number stops that tenant alone', async () => {
  const [healthy, broken] = [await buildTenant(), await buildTenant()];
  await asIntruder(ownerUrl, (client) =>
    client.query(
      `insert into app.audit_entry (tenant_id, seq, at, kind, live, body, chain, mac, epoch) values ($1, 0, now(), 'task.created', true, '{}', '', '', 0)`,
      [broken],
    ),
  );
  for (const tenantId of [broken, healthy, broken, healthy]) await record(tenantId, {});
  const sequencer = setup.createSequencer();
  await sequencer.drained();
  assert.equal(await holds(healthy), 2);
  assert.deepEqual([healthy, broken].map(isSetAside(sequencer)), [false, true]);
  assert.equal(await pendingOf(broken), 2);
  const { fault } = await verifyTenantLog(database, keyring, broken, { auditorKey });
  assert.deepEqual([fault?.code, fault?.index], ['uncovered', 0]);
});

test('a pending body that is none of ours is recorded as such, with its hash', async () => {
  const tenantId = await buildTenant();
  const bodies = ['not json', auditBody(newId('tenant'), draft()), 'x'.repeat(70_000), auditBody(tenantId, draft())];
  await withTenant(database.app.db, tenantId, (tx) => tx.insertInto('auditPending').values({ tenantId, entries: bodies }).execute());
  const sequencer = setup.createSequencer();
  await sequencer.drained();
  assert.deepEqual(
    (await all(tenantId)).map(({ kind }) => kind),
    ['audit.malformed', 'audit.malformed', 'audit.malformed', 'task.created'],
  );
  assert.equal(sequencer.status().malformed, 3);
  assert.equal(await holds(tenantId), 4);
});

test('a backlog larger than a batch is worked off in order', async () => {
  const tenantId = await buildTenant();
  for (let number = 0; number < 5; number += 1)
    await record(tenantId, ...Array.from({ length: 900 }, (_, index) => ({ objectId: String(number * 900 + index) })));
  const sequencer = setup.createSequencer();
  await sequencer.drained();
  assert.equal(sequencer.status().batches, 2);
  const rows = await withTenant(database.app.db, tenantId, (tx) =>
    tx.selectFrom('auditEntry').select(['seq', 'objectId']).orderBy('seq').execute(),
  );
  assert.ok(rows.length === 4_500 && rows.every(({ seq, objectId }) => String(seq) === objectId));
  assert.equal(await holds(tenantId), 4_500);
});
