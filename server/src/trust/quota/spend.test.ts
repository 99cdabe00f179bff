import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { z } from 'zod';
import { type Clock, createLogger, type Id, newId } from '#kernel';
import { openDatabase, withTenant } from '#kernel/database';
import { testDatabase, testPools } from '../../../test/database.ts';
import { type LimitChanges, writeLimits } from './limits.ts';
import { createModelBudget, type Reserved } from './spend.ts';

const { database, roleUrls, close } = await testDatabase();
const second = openDatabase(roleUrls, { log: createLogger({ level: 'silent' }), ...testPools });
after(async () => {
  await second.close();
  await close();
});
const pools = [database.app.db, second.app.db] as const;

let at = new Date('2026-03-31T10:00:00Z');
const clock: Clock = { now: () => at, monotonicMs: () => 0 };
const budgets = pools.map((db) => createModelBudget({ db, clock }));
const budget = budgets[0]!;

async function buildTenant(limits: LimitChanges) {
  at = new Date('2026-03-31T10:00:00Z');
  const tenantId = newId('tenant');
  await withTenant(pools[0], tenantId, (tx) => sql`insert into tenant (tenant_id, name) values (${tenantId}, ${tenantId})`.execute(tx));
  const set = (changes: LimitChanges) =>
    withTenant(pools[0], tenantId, (tx) => writeLimits(tx, tenantId, changes, { by: 'operator:test', at }));
  await set(limits);
  return { tenantId, set };
}
const used = (tenantId: Id<'tenant'>) =>
  withTenant(pools[0], tenantId, async (tx) => {
    const rows = await tx
      .selectFrom('quotaCounter')
      .select(['name', 'windowStart', 'used'])
      .orderBy('name')
      .orderBy('windowStart')
      .execute();
    return rows.map((row) => `${row.name} ${row.windowStart.toISOString().slice(0, 10)} ${row.used}`);
  });
/** The alerts in the tenant's audit log, in order. */
async function alerts(tenantId: Id<'tenant'>): Promise<string[]> {
  const { rows } = await database.sequencer.pool.query<{ entry: string }>(
    'select unnest(entries) as entry from app.audit_pending where tenant_id = $1 order by id',
    [tenantId],
  );
  return rows.map(({ entry }) => {
    const { factotum } = z
      .object({ unmapped: z.object({ factotum: z.looseObject({ kind: z.string() }) }) })
      .parse(JSON.parse(entry)).unmapped;
    const { quota, percent } = z.object({ quota: z.string(), percent: z.int() }).parse(factotum.detail);
    return `${factotum.kind} ${quota} ${percent}`;
  });
}
async function reserved(tenantId: Id<'tenant'>, micros: number): Promise<Reserved> {
  const answer = await budget.reserve(tenantId, micros);
  assert.ok(answer.kind === 'reserved', JSON.stringify(answer));
  return answer;
}

test('of two hundred calls at once from two processes what is put aside never passes the budget, and what they cost is counted to the micro', async () => {
  const { tenantId } = await buildTenant({ modelMicrosPerDay: 1_000, modelMicrosPerMonth: 100_000 });
  const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => budgets[index % 2]!.reserve(tenantId, 30)));
  const calls = answers.filter((answer) => answer.kind === 'reserved');
  assert.equal(calls.length, 33);
  assert.ok(answers.every((answer) => answer.kind === 'reserved' || answer.until.getTime() - at.getTime() === 30_000));
  await Promise.all(calls.map((call, index) => call.settle(index)));
  const spent = (33 * 32) / 2;
  assert.deepEqual(await used(tenantId), [`modelMicrosPerDay 2026-03-31 ${spent}`, `modelMicrosPerMonth 2026-03-01 ${spent}`]);
});

test('any mixture of calls, settled and lost, in two processes, sums up exactly', async () => {
  const { tenantId } = await buildTenant({ modelMicrosPerDay: 50_000, modelMicrosPerMonth: 60_000 });
  let expected = 0;
  const caller = async (seed: number) => {
    let state = seed;
    const random = (most: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return 1 + (state % most);
    };
    for (let call = 0; call < 15; call += 1) {
      const bound = random(5_000);
      const answer = await budgets[random(2) - 1]!.reserve(tenantId, bound);
      if (answer.kind === 'used_up') continue;
      const cost = random(bound);
      const isLost = random(5) === 1;
      expected += isLost ? bound : cost;
      if (!isLost) await answer.settle(cost);
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, index) => caller(index + 1)));
  const rows = await used(tenantId);
  assert.deepEqual(rows, [`modelMicrosPerDay 2026-03-31 ${expected}`, `modelMicrosPerMonth 2026-03-01 ${expected}`]);
  assert.ok(expected <= 50_000);
});

test('a budget that is spent is used up until the window ends, says so, and has room again then', async () => {
  const { tenantId } = await buildTenant({ modelMicrosPerDay: 5_000_000, modelMicrosPerMonth: 9_000_000 });
  await (await reserved(tenantId, 5_000_000)).settle(4_900_000);
  assert.deepEqual(await budget.reserve(tenantId, 200_000), {
    kind: 'used_up',
    until: new Date('2026-04-01T00:00:00Z'),
    text: 'The model budget of the day is used up until 2026-04-01 00:00 UTC: 4.90 USD of 5.00 USD are spent or put aside.',
  });
  at = new Date('2026-04-01T00:00:00Z');
  await (await reserved(tenantId, 200_000)).settle(10);
});

test('the month counts across days, and where both are used up the longer wait is told', async () => {
  const { tenantId } = await buildTenant({ modelMicrosPerDay: 100, modelMicrosPerMonth: 150 });
  at = new Date('2026-03-30T10:00:00Z');
  await (await reserved(tenantId, 100)).settle(100);
  at = new Date('2026-03-31T10:00:00Z');
  await (await reserved(tenantId, 50)).settle(50);
  const answer = await budget.reserve(tenantId, 60);
  assert.ok(answer.kind === 'used_up');
  assert.deepEqual(answer.until, new Date('2026-04-01T00:00:00Z'));
  assert.match(answer.text, /budget of the month/);
});

test('a call that comes back after midnight is counted on the day on which it began', async () => {
  const { tenantId } = await buildTenant({ modelMicrosPerDay: 100, modelMicrosPerMonth: 1_000 });
  const call = await reserved(tenantId, 80);
  at = new Date('2026-04-01T00:00:05Z');
  await call.settle(30);
  await (await reserved(tenantId, 100)).settle(1);
  assert.deepEqual(await used(tenantId), [
    'modelMicrosPerDay 2026-03-31 30',
    'modelMicrosPerDay 2026-04-01 1',
    'modelMicrosPerMonth 2026-03-01 30',
    'modelMicrosPerMonth 2026-04-01 1',
  ]);
});

test('while calls under way hold the rest, a task is asked to wait for them and not for tomorrow; what never comes back is not waited for', async () => {
  const { tenantId } = await buildTenant({ modelMicrosPerDay: 100, modelMicrosPerMonth: 1_000 });
  await reserved(tenantId, 90);
  const soon = await budget.reserve(tenantId, 20);
  assert.ok(soon.kind === 'used_up' && soon.until.getTime() === at.getTime() + 30_000);
  at = new Date(at.getTime() + 6 * 60_000);
  const tomorrow = await budget.reserve(tenantId, 20);
  assert.ok(tomorrow.kind === 'used_up' && tomorrow.until.toISOString() === '2026-04-01T00:00:00.000Z');
});

test('settling twice counts once, and a call that cost more than its bound counts whole', async () => {
  const { tenantId } = await buildTenant({ modelMicrosPerDay: 100, modelMicrosPerMonth: 1_000 });
  const call = await reserved(tenantId, 50);
  await Promise.all([call.settle(120), call.settle(120)]);
  assert.deepEqual(await used(tenantId), ['modelMicrosPerDay 2026-03-31 120', 'modelMicrosPerMonth 2026-03-01 120']);
});

test('a raised limit counts for the next call, a lowered one as well, and zero means no model at all', async () => {
  const { tenantId, set } = await buildTenant({ modelMicrosPerDay: 100, modelMicrosPerMonth: 1_000 });
  await (await reserved(tenantId, 100)).settle(100);
  assert.equal((await budget.reserve(tenantId, 10)).kind, 'used_up');
  await set({ modelMicrosPerDay: 200 });
  await (await reserved(tenantId, 10)).settle(10);
  await set({ modelMicrosPerDay: 0 });
  assert.equal((await budget.reserve(tenantId, 0)).kind, 'used_up');
});

test('of many calls that pass 80 and 100 percent at the same time in two processes each level is told once a window', async () => {
  const { tenantId } = await buildTenant({ modelMicrosPerDay: 1_000, modelMicrosPerMonth: 100_000 });
  const spend = async (index: number) => {
    const answer = await budgets[index % 2]!.reserve(tenantId, 10);
    if (answer.kind === 'reserved') await answer.settle(10);
  };
  for (let round = 0; round < 3; round += 1) await Promise.all(Array.from({ length: 60 }, (_, index) => spend(index)));
  assert.deepEqual(await alerts(tenantId), ['quota.alert modelMicrosPerDay 80', 'quota.alert modelMicrosPerDay 100']);
});
