import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { type Clock, createLogger, FactotumError, type Id, newId } from '#kernel';
import { openDatabase, withTenant } from '#kernel/database';
import type { Letter, Postman } from '#kernel/mail';
import { testDatabase } from '../../../test/database.ts';
import { raiseAlerts } from './alert.ts';
import { createQuotaKeeper } from './keeper.ts';
import { createQuotas } from './service.ts';

const { database, roleUrls, close } = await testDatabase();
const log = createLogger({ level: 'silent' });
const second = openDatabase(roleUrls, { log, connectionsMax: { app: 4, engine: 2 } });
after(async () => {
  await second.close();
  await close();
});
let at = new Date('2026-03-31T10:00:00Z');
const clock: Clock = { now: () => at, monotonicMs: () => at.getTime() };
const inTenant = <R>(tenantId: Id<'tenant'>, work: Parameters<typeof withTenant<R>>[2]) => withTenant(database.app.db, tenantId, work);

async function buildTenant() {
  const tenantId = newId('tenant');
  await inTenant(tenantId, (tx) => sql`insert into tenant (tenant_id, name) values (${tenantId}, ${tenantId})`.execute(tx));
  return tenantId;
}
/** Keepers of two processes, and the mails that they sent. */
function buildKeepers(options: { isConfigured?: boolean; isDown?: () => boolean } = {}) {
  const mails: Letter[] = [];
  const postman: Postman = {
    isConfigured: options.isConfigured ?? true,
    send: async (letter) => {
      if (options.isDown?.() === true) throw new FactotumError('mail.unavailable', 'Nobody takes mail.');
      mails.push(letter);
    },
    close: () => undefined,
  };
  const ownersOf = async () => ({
    name: 'acme',
    owners: [
      { email: 'a@example.com', locale: 'en' },
      { email: 'b@example.com', locale: 'en' },
    ],
  });
  const keepers = [database, second].map((one) => createQuotaKeeper({ database: one, clock, log, postman, ownersOf }));
  return { mails, look: async () => void (await Promise.all(keepers.map((keeper) => keeper.look()))) };
}

test('an alert is mailed to every owner, once, however many processes look', async () => {
  const tenantId = await buildTenant();
  const { mails, look } = buildKeepers();
  const raise = (used: number) =>
    inTenant(tenantId, (tx) => raiseAlerts(tx, tenantId, { name: 'vaultBytes', used, limit: 1_000_000, now: at }));
  await raise(850_000);
  await raise(860_000);
  await Promise.all([look(), look()]);
  await look();
  assert.deepEqual(
    mails.map(({ to }) => to),
    ['a@example.com', 'b@example.com'],
  );
  assert.equal(mails[0]?.subject, 'Factotum, acme: Vault, 80 % used');
  assert.match(mails[0]?.text ?? '', /850 kB of 1 MB/);
  await raise(1_000_000);
  await look();
  assert.equal(mails.at(-1)?.subject, 'Factotum, acme: Vault, used up');
  assert.equal(mails.length, 4);
});

test('passing both levels at once is one mail', async () => {
  const tenantId = await buildTenant();
  const { mails, look } = buildKeepers();
  await inTenant(tenantId, (tx) => raiseAlerts(tx, tenantId, { name: 'vaultBytes', used: 9, limit: 9, now: at }));
  await look();
  assert.equal(mails.length, 2);
  assert.match(mails[0]?.subject ?? '', /used up/);
});

test('a mail that nobody takes is tried again after two minutes, and without a mail server nothing is owed', async () => {
  const tenantId = await buildTenant();
  let isDown = true;
  const { mails, look } = buildKeepers({ isDown: () => isDown });
  await inTenant(tenantId, (tx) => raiseAlerts(tx, tenantId, { name: 'members', used: 100, limit: 100, now: at }));
  await look();
  isDown = false;
  await look();
  assert.equal(mails.length, 0, 'not at once');
  at = new Date(at.getTime() + 121_000);
  await look();
  assert.equal(mails.length, 2);
  const other = await buildTenant();
  await inTenant(other, (tx) => raiseAlerts(tx, other, { name: 'members', used: 100, limit: 100, now: at }));
  await buildKeepers({ isConfigured: false }).look();
  await look();
  assert.equal(mails.length, 2);
});

test('tasks in flight are looked at, and told once a day', async () => {
  const tenantId = await buildTenant();
  const { mails, look } = buildKeepers();
  await inTenant(tenantId, async (tx) => {
    await sql`insert into tenant_queue (tenant_id, max_running) values (${tenantId}, 5)`.execute(tx);
    for (let index = 0; index < 4; index += 1) {
      await sql`insert into app.event (tenant_id, event_id, source, kind, channel, external_mac, payload_mac, size_bytes, received_at, body)
        values (${tenantId}, ${`evt_${index}`}, 's', 'k', 'http', ${Buffer.from([index])}, '\\x00', 1, now(), '\\x00')`.execute(tx);
      await sql`insert into app.task (tenant_id, task_id, event_id, source, kind, state, created_at, updated_at)
        values (${tenantId}, ${`tsk_${index}`}, ${`evt_${index}`}, 's', 'k', 'running', now(), now())`.execute(tx);
    }
  });
  await database.engine.pool.query("update app.task set owner = 'wrk_1' where tenant_id = $1", [tenantId]);
  await look();
  await look();
  assert.deepEqual(
    mails.map(({ subject }) => subject),
    ['Factotum, acme: Tasks in flight, 80 % used', 'Factotum, acme: Tasks in flight, 80 % used'],
  );
});

test('a gauge that fell below 80 percent is told again when it rises again, and a raised limit does the same', async () => {
  const tenantId = await buildTenant();
  const { mails, look } = buildKeepers();
  const nobody = async () => 0;
  const quotas = createQuotas({
    db: database.app.db,
    clock,
    gauges: { maxRunning: nobody, members: nobody, connectors: nobody },
    onChanged: [],
  });
  const mailedAfter = async (work: () => Promise<unknown>) => {
    const before = mails.length;
    await work();
    await look();
    return (mails.length - before) / 2;
  };
  await quotas.change(tenantId, { members: 10 }, 'operator:test');
  assert.equal(await mailedAfter(() => quotas.admit(tenantId, 'members', 8)), 1);
  assert.equal(await mailedAfter(() => quotas.admit(tenantId, 'members', 9)), 0);
  assert.equal(await mailedAfter(() => quotas.admit(tenantId, 'members', 5)), 0);
  assert.equal(await mailedAfter(() => quotas.admit(tenantId, 'members', 8)), 1);
  await assert.rejects(quotas.admit(tenantId, 'members', 11), /Members: 10 members of 10 members are used/);
  await quotas.change(tenantId, { members: 20 }, 'operator:test');
  assert.equal(await mailedAfter(() => quotas.admit(tenantId, 'members', 16)), 1);
});
