import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import pg from 'pg';
import { type Clock, type Id, isFactotumError, newId, systemClock } from '#kernel';
import { withTenant } from '#kernel/database';
import { exportLog, listEntries } from '#trust/audit';
import { createJobRunner, readAnyJob } from '#trust/job';
import { eventually, testPlatform } from '../../../test/platform.ts';
import { findCertificate, openCertificate } from './certificate.ts';
import { configureTenant } from './configure.ts';
import { listDirectory, readFromDirectory } from './directory.ts';
import { createEraseJob } from './erase.ts';
import { closeTenant, reopenTenant, resumeTenant, suspendTenant } from './life.ts';
import { readActiveTenant, readTenant } from './read.ts';

const platform = await testPlatform();
const { database, keyring, sequencer, identity, installation, folder, log } = platform;
const act = { actor: 'operator:root', at: new Date() };
const owner = { actor: 'user:usr_owner', at: new Date() };
const inTenant = <R>(tenantId: Id<'tenant'>, work: Parameters<typeof withTenant<R>>[2]) => withTenant(database.app.db, tenantId, work);
const stateOf = (tenantId: Id<'tenant'>) => inTenant(tenantId, (tx) => readTenant(tx, tenantId)).then(({ state }) => state);
const kindsOf = async (tenantId: Id<'tenant'>) => {
  await sequencer.drained();
  return (await inTenant(tenantId, (tx) => listEntries(tx, { tenantId, limit: 50 }))).map(({ kind }) => kind);
};
let made = 0;
const build = async () => {
  made += 1;
  return platform.createTenant({ name: `life-${made}`, actor: 'operator:root' });
};

test('a suspended tenant takes nothing in and none of its tasks is begun, until it is resumed', async () => {
  const { id } = await build();
  const taskId = await platform.send(id, { hello: 'world' });
  await inTenant(id, (tx) => suspendTenant(tx, id, { ...act, reason: 'unpaid' }));
  const worker = await platform.startWorker();
  const other = await build();
  // Somebody else's later task shows that the worker has looked.
  await platform.until(other.id, await platform.send(other.id, {}), 'waiting', 'failed', 'done');
  assert.equal((await platform.look(id, taskId)).task.state, 'received');
  await assert.rejects(
    inTenant(id, (tx) => readActiveTenant(tx, id)),
    (error) => isFactotumError(error, 'tenant.suspended'),
  );
  await assert.rejects(
    inTenant(id, (tx) => suspendTenant(tx, id, act)),
    (error) => isFactotumError(error, 'tenant.wrong_state') && error.details?.state === 'suspended',
  );
  await inTenant(id, (tx) => resumeTenant(tx, id, act));
  worker.kick();
  await platform.until(id, taskId, 'waiting', 'failed', 'done');
  assert.deepEqual((await kindsOf(id)).filter((kind) => kind.startsWith('tenant.')).sort(), [
    'tenant.created',
    'tenant.resumed',
    'tenant.suspended',
  ]);
});

test('settings are changed over the version that was read, and the log says which ones', async () => {
  const { id } = await build();
  const keys = await keyring.of(id);
  const configure = (changes: Parameters<typeof configureTenant>[2]['changes'], version: number | null) =>
    inTenant(id, (tx) => configureTenant(tx, keys, { changes, version, ...owner }));
  const changed = await configure({ title: 'Grün & Söhne', timeZone: 'Europe/Vienna', retentionDays: 90 }, 1);
  assert.deepEqual(
    [changed.title, changed.settings.timeZone, changed.settings.retentionDays, changed.settings.locale, changed.version],
    ['Grün & Söhne', 'Europe/Vienna', 90, 'en', 2],
  );
  await assert.rejects(configure({ locale: 'de' }, 1), (error) => isFactotumError(error, 'tenant.changed'));
  assert.equal((await configure({ timeZone: 'Europe/Vienna' }, 2)).version, 2, 'what changes nothing makes no version');
  assert.equal((await configure({ title: null }, 2)).title, changed.name);
  const entries = await inTenant(id, async (tx) => {
    await sequencer.drained();
    return listEntries(tx, { tenantId: id, limit: 50 });
  });
  const [last, first] = entries.filter(({ kind }) => kind === 'tenant.changed');
  assert.deepEqual([first?.detail.changed, last?.detail.changed], [['retentionDays', 'timeZone', 'title'], ['title']]);
});

test('thresholds put a policy in force, and never over one that somebody has edited', async () => {
  const { id } = await build();
  const keys = await keyring.of(id);
  const configure = (payUnattendedUpToMinor: number) =>
    inTenant(id, async (tx) => {
      const { settings } = await readTenant(tx, id);
      return configureTenant(tx, keys, {
        changes: { thresholds: { ...settings.thresholds, payUnattendedUpToMinor } },
        version: null,
        ...owner,
      });
    });
  await configure(5_000);
  const { loadPolicy, savePolicy } = await import('#trust/policy');
  const policy = await inTenant(id, (tx) => loadPolicy(tx, keys, id));
  assert.match(policy.text, /Payments up to 50\.00 EUR/);
  await inTenant(id, (tx) => savePolicy(tx, keys, id, { text: `${policy.text}\n// ours`, basedOn: policy.version, ...owner }));
  await assert.rejects(configure(9_000), (error) => isFactotumError(error, 'policy.changed'));
  assert.equal((await inTenant(id, (tx) => readTenant(tx, id))).settings.thresholds.payUnattendedUpToMinor, 5_000);
});

test('closing asks for the name, waits thirty days, and can be called off by whoever began it', async () => {
  const { id, name } = await build();
  const keys = await keyring.of(id);
  const close = (typed: string, by: { actor: string; at: Date }) => inTenant(id, (tx) => closeTenant(tx, keys, { ...by, name: typed }));
  await assert.rejects(close(name.toUpperCase(), owner), (error) => isFactotumError(error, 'tenant.name_mismatch'));
  const { erasesAt } = await close(name, owner);
  assert.equal(erasesAt.getTime() - owner.at.getTime(), 30 * 86_400_000);
  await assert.rejects(
    inTenant(id, (tx) => readActiveTenant(tx, id)),
    (error) => isFactotumError(error, 'tenant.closing'),
  );
  await inTenant(id, (tx) => reopenTenant(tx, id, owner));
  assert.equal(await stateOf(id), 'active');
  const { rows } = await database.engine.pool.query("select state from app.job where tenant_id = $1 and kind = 'tenant.erase'", [id]);
  assert.deepEqual(rows, [{ state: 'cancelled' }]);

  await close(name, act);
  await assert.rejects(
    inTenant(id, (tx) => reopenTenant(tx, id, owner)),
    (error) => isFactotumError(error, 'auth.forbidden'),
  );
  await inTenant(id, (tx) => reopenTenant(tx, id, act));
  assert.equal(await stateOf(id), 'active');
});

/** Erases as the job does, with nothing else to wait for. */
function startErasing(clock: Clock = systemClock) {
  const { app, sequencer: role } = database;
  const handler = createEraseJob({
    database: { app, sequencer: role },
    keyring,
    sequencer,
    forgetTenant: (tenantId) => identity.removeTenantOwner(tenantId),
    installation,
    folders: [join(folder, 'drop'), join(folder, 'outbox')],
    removeRemains: platform.removeRemains,
    keyBackupDays: 30,
    clock,
    settleMs: 10,
  });
  const runner = createJobRunner({ engine: database.engine, keyring, installation, clock, log, handlers: [handler], pollMs: 20 });
  runner.start();
  return runner;
}

test('an erased tenant leaves its log, destroyed keys and a certificate; of its content, people and files nothing', async (t) => {
  const { id, name } = await build();
  const bystander = await build();
  const taskId = await platform.send(id, { secret: 'gone soon' });
  for (const root of ['drop', 'outbox']) {
    await mkdir(join(folder, root, name, 'refused'), { recursive: true });
    await writeFile(join(folder, root, name, 'refused', 'a.eml'), 'mail');
  }
  await identity.createApiKey({ tenantId: id, name: 'k', permissions: ['task:read'] });
  await identity.createSignInLink(id);
  const keys = await keyring.of(id);
  const sealed = keys.seal('content', { kind: 'x', id: 'y' }, Buffer.from('z'));
  await inTenant(id, (tx) => closeTenant(tx, keys, { ...act, at: new Date(), name, graceDays: 0 }));
  const runner = startErasing();
  t.after(() => runner.stop());
  const note = await eventually(async () => (await inTenant(id, (tx) => findCertificate(tx, id))) ?? undefined);

  const said = openCertificate(note, installation.signer.verifierKeyText);
  assert.deepEqual([said.tenantId, said.requestedBy, said.keys.length, said.people, said.rows.task], [id, 'operator:root', 1, 1, 1]);
  assert.deepEqual([said.remains, Date.parse(said.keyBackupsUntil ?? '') - Date.parse(said.erasedAt)], ['rows', 30 * 86_400_000]);
  assert.throws(() => openCertificate(note.replace(id, newId('tenant')), installation.signer.verifierKeyText), { code: 'seal.broken' });

  await assert.rejects(stateOf(id), (error) => isFactotumError(error, 'tenant.not_found'));
  assert.equal((await readFromDirectory(database.engine, id)).state, 'erased');
  await assert.rejects(keyring.of(id), (error) => isFactotumError(error, 'key.destroyed'));
  assert.throws(() => keys.open('content', { kind: 'x', id: 'y' }, sealed), { code: 'key.unavailable' });
  for (const root of ['drop', 'outbox']) assert.equal(existsSync(join(folder, root, name)), false, root);
  assert.equal(await identity.findTenant(id), null);

  const left = await tablesThatName(id);
  assert.deepEqual(left.filter((table) => !table.startsWith('app.audit_')).sort(), [
    'app.destruction_certificate',
    'app.job',
    // Every process has to hear of it, and reads what is at most a day old.
    'app.key_revocation',
    'app.tenant',
    'app.tenant_key',
  ]);
  assert.deepEqual(await tablesThatName(taskId), ['app.audit_entry']);
  const { rows } = await inTenant(id, (tx) => sql<{ wrapped: Buffer; state: string }>`select wrapped, state from tenant_key`.execute(tx));
  assert.deepEqual(
    rows.map((row) => [row.state, row.wrapped.every((byte) => byte === 0)]),
    [['destroyed', true]],
  );

  // The log holds without any key of the tenant's, and ends where the certificate says.
  let lines = 0;
  for await (const line of exportLog(database.app.db, id)) lines += line.trimEnd().split('\n').length;
  assert.ok(lines > 3);
  const kinds = (await inTenant(id, (tx) => listEntries(tx, { tenantId: id, limit: 50 }))).map(({ kind }) => kind);
  assert.equal(kinds[0], 'tenant.erased');
  assert.equal(said.auditLog.checkpoint.split('\n')[1], String(kinds.length));

  // Nobody else has lost anything, and the name is free again.
  assert.equal(await stateOf(bystander.id), 'active');
  assert.equal((await identity.findTenant(bystander.id))?.id, bystander.id);
  assert.notEqual((await platform.createTenant({ name, actor: 'operator:root' })).id, id);
});

test('files that cannot be looked at are not certified as gone', async (t) => {
  const { id, name } = await build();
  const keys = await keyring.of(id);
  await mkdir(join(folder, 'outbox'), { recursive: true });
  await writeFile(join(folder, 'outbox', name), 'no folder');
  await inTenant(id, (tx) => closeTenant(tx, keys, { ...act, at: new Date(), name, graceDays: 0 }));
  const [row] = (await database.engine.pool.query<{ job_id: string }>('select job_id from app.job where tenant_id = $1', [id])).rows;
  const runner = startErasing();
  t.after(() => runner.stop());
  const ended = await eventually(async () => {
    const job = await readAnyJob(database.engine, row?.job_id ?? '');
    // Not while it is at it once more.
    return job.state === 'done' || (job.state === 'waiting' && job.error !== null) ? job : undefined;
  });
  assert.deepEqual([ended.state, ended.error?.code], ['waiting', 'tenant.files_stay']);
  assert.equal(await inTenant(id, (tx) => findCertificate(tx, id)), null);
});

test('a tenant whose closing was called off in the last moment is not erased', async (t) => {
  const { id, name } = await build();
  const keys = await keyring.of(id);
  await inTenant(id, (tx) => closeTenant(tx, keys, { ...act, name }));
  const later = new Date(Date.now() + 31 * 86_400_000);
  const [row] = (await database.engine.pool.query<{ job_id: string }>('select job_id from app.job where tenant_id = $1', [id])).rows;
  await inTenant(id, (tx) => sql`update tenant set state = 'active', erases_at = null where tenant_id = ${id}`.execute(tx));
  const runner = startErasing({ now: () => later, monotonicMs: () => performance.now() });
  t.after(() => runner.stop());
  const job = await eventually(async () => {
    const found = await readAnyJob(database.engine, row?.job_id ?? '');
    return found.state === 'done' ? found : undefined;
  });
  assert.deepEqual(job.result, { erased: false });
  assert.equal(await stateOf(id), 'active');
});

test('a tenant whose making was cut off between its two transactions does not hold its name for ever', async () => {
  const owner = { tenantId: newId('tenant'), tenantName: 'cut-off', email: 'cut@example.com', name: 'Owner' };
  await identity.createTenantOwner(owner);
  const again = () => platform.createTenant({ name: 'cut-off', actor: 'operator:root' });
  await assert.rejects(again(), (error) => isFactotumError(error, 'tenant.name_taken'));
  await database.auth.pool.query(`update organization set "createdAt" = now() - interval '2 minutes' where id = $1`, [owner.tenantId]);
  const { id } = await again();
  await database.auth.pool.query(`update organization set "createdAt" = now() - interval '2 minutes' where id = $1`, [id]);
  await assert.rejects(again(), (error) => isFactotumError(error, 'tenant.name_taken'));
  assert.equal(await identity.findTenant(owner.tenantId), null);
});

test('nobody deletes what a living tenant has, not even the application', async () => {
  const { id } = await build();
  await platform.send(id, {});
  for (const table of ['task', 'event', 'note', 'note_version', 'policy', 'tenant_queue'])
    assert.equal((await inTenant(id, (tx) => sql`delete from ${sql.table(table)}`.execute(tx))).numAffectedRows, 0n, table);
});

test('operators find tenants by state, by a part of the name or title, and page through them', async () => {
  const [one, two] = [await build(), await build()];
  await inTenant(one.id, async (tx) =>
    configureTenant(tx, await keyring.of(one.id), { changes: { title: '100%_Direct' }, version: null, ...act }),
  );
  await inTenant(two.id, (tx) => suspendTenant(tx, two.id, { ...act, reason: 'asked for it' }));
  const ids = async (page: Partial<Parameters<typeof listDirectory>[1]>) =>
    (await listDirectory(database.engine, { limit: 50, ...page })).map(({ id }) => id);
  assert.deepEqual(await ids({ find: '%_dir' }), [one.id]);
  assert.deepEqual(await ids({ find: '%%' }), []);
  assert.deepEqual(await ids({ find: two.id }), [two.id]);
  assert.deepEqual(await ids({ state: 'suspended' }), [two.id]);
  const all = await ids({});
  assert.deepEqual(await ids({ before: all[1] ?? '', limit: 2 }), all.slice(2, 4));
  assert.equal((await readFromDirectory(database.engine, two.id)).stateReason, 'asked for it');
});

/** Tables of the product that still say this text somewhere, seen by somebody who sees everything. */
async function tablesThatName(text: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: platform.ownerUrl });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('app', 'auth') order by 1",
    );
    const found: string[] = [];
    for (const { name } of tables.rows) {
      await client.query('begin');
      await client.query(`alter table ${name} no force row level security`);
      const rows = await client.query(`select 1 from ${name} t where t::text like $1 limit 1`, [`%${text}%`]);
      await client.query('rollback');
      if (rows.rowCount !== 0) found.push(name);
    }
    return found;
  } finally {
    await client.end();
  }
}
