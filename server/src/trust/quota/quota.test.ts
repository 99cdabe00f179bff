import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { type Clock, createLogger, newId } from '#kernel';
import { openDatabase, withTenant } from '#kernel/database';
import { testDatabase, testPools } from '../../../test/database.ts';
import { createAddressCounters } from './address-counter.ts';
import { type ConsumptionResult, consume } from './consume.ts';
import { createLeasedCounter } from './leased-counter.ts';

const { database, roleUrls, close } = await testDatabase();
const second = openDatabase(roleUrls, { log: createLogger({ level: 'silent' }), ...testPools });
after(async () => {
  await second.close();
  await close();
});
const pools = [database.app.db, second.app.db] as const;

const now = new Date('2026-03-01T10:00:30.000Z');
const clockAt = (date: Date): Clock => ({ now: () => date, monotonicMs: () => 0 });

async function buildTenant() {
  const tenantId = newId('tenant');
  await withTenant(pools[0], tenantId, (tx) => sql`insert into tenant (tenant_id, name) values (${tenantId}, ${tenantId})`.execute(tx));
  const use = (index: number, amount: number, limit: number, at = now): Promise<ConsumptionResult> =>
    withTenant(pools[index % 2] ?? pools[0], tenantId, (tx) =>
      consume(tx, { tenantId, name: 'grant:one', window: 'day', amount, limit, now: at }),
    );
  const rows = (name: string) =>
    withTenant(pools[0], tenantId, (tx) =>
      tx.selectFrom('quotaCounter').select(['windowStart', 'used']).where('name', '=', name).orderBy('windowStart').execute(),
    );
  return { tenantId, use, rows };
}

test('of two hundred uses at once from two processes exactly the limit is allowed', async () => {
  const { use, rows } = await buildTenant();
  const results = await Promise.all(Array.from({ length: 200 }, (_, index) => use(index, 1, 73)));
  const allowed = results.filter((result) => result.allowed);
  assert.equal(allowed.length, 73);
  assert.deepEqual(
    allowed.map(({ used }) => used).sort((a, b) => a - b),
    Array.from({ length: 73 }, (_, index) => index + 1),
  );
  assert.ok(results.every(({ resetAt }) => resetAt.toISOString() === '2026-03-02T00:00:00.000Z'));
  assert.deepEqual(await rows('grant:one'), [{ windowStart: new Date('2026-03-01T00:00:00.000Z'), used: 73 }]);
});

test('a use that does not fit is refused whole and leaves room for one that does', async () => {
  const { use } = await buildTenant();
  assert.equal((await use(0, 11, 10)).allowed, false);
  assert.deepEqual(await use(0, 7, 10).then(({ allowed, used }) => ({ allowed, used })), { allowed: true, used: 7 });
  assert.deepEqual(await use(1, 4, 10).then(({ allowed, used }) => ({ allowed, used })), { allowed: false, used: 7 });
  assert.deepEqual(await use(1, 3, 10).then(({ allowed, used }) => ({ allowed, used })), { allowed: true, used: 10 });
  assert.equal((await use(0, 1, 0)).allowed, false);
});

test('a use in a transaction that is rolled back does not count', async () => {
  const { tenantId, use } = await buildTenant();
  const failing = withTenant(pools[0], tenantId, async (tx) => {
    await consume(tx, { tenantId, name: 'grant:one', window: 'day', amount: 5, limit: 5, now });
    throw new Error('the work failed');
  });
  await assert.rejects(failing, /the work failed/);
  assert.equal((await use(1, 5, 5)).used, 5);
});

test('a new window starts at zero, and old windows are swept up but for the previous one', async () => {
  const { use, rows } = await buildTenant();
  const dayAfter = (days: number) => new Date(now.getTime() + days * 86_400_000);
  for (let day = 0; day < 4; day += 1) assert.equal((await use(0, 2, 2, dayAfter(day))).used, 2);
  assert.deepEqual(
    (await rows('grant:one')).map(({ windowStart }) => windowStart.toISOString().slice(0, 10)),
    ['2026-03-03', '2026-03-04'],
  );
});

test("one tenant's use is not counted for another", async () => {
  const [ours, theirs] = [await buildTenant(), await buildTenant()];
  assert.equal((await ours.use(0, 5, 5)).allowed, true);
  assert.equal((await theirs.use(0, 5, 5)).allowed, true);
});

test('two processes that lease blocks admit exactly the limit between them', async () => {
  const { tenantId, rows } = await buildTenant();
  const counters = pools.map((db) => createLeasedCounter({ db, clock: clockAt(now), name: 'event', window: 'minute' }));
  let allowed = 0;
  const drain = async (counter: (typeof counters)[number]) => {
    for (;;) {
      const taken = await Promise.all(Array.from({ length: 40 }, () => counter.take(tenantId, 1, 1_000)));
      allowed += taken.filter((one) => one.allowed).length;
      if (taken.every((one) => !one.allowed)) return taken;
    }
  };
  const refused = (await Promise.all(counters.map(drain))).flat();
  assert.equal(allowed, 1_000);
  assert.ok(refused.every((one) => !one.allowed && one.retryAfterMs === 30_000));
  assert.deepEqual(await rows('event'), [{ windowStart: new Date('2026-03-01T10:00:00.000Z'), used: 1_000 }]);
});

test('a counter that holds a lease needs no database, and a used-up one neither', async () => {
  const { tenantId } = await buildTenant();
  const own = openDatabase(roleUrls, { log: createLogger({ level: 'silent' }), connectionsMax: { app: 1 } });
  const counter = createLeasedCounter({ db: own.app.db, clock: clockAt(now), name: 'event', window: 'minute' });
  assert.deepEqual(await counter.take(tenantId, 1, 80), { allowed: true, remaining: 79, resetsInMs: 30_000 });
  await own.close();
  for (let use = 1; use < 10; use += 1) assert.equal((await counter.take(tenantId, 1, 80)).remaining, 79 - use);
  await assert.rejects(counter.take(tenantId, 1, 80));
});

test('many small and one large taker: the large one is refused only when there is no room for it', async () => {
  const { tenantId } = await buildTenant();
  const counter = createLeasedCounter({ db: pools[0], clock: clockAt(now), name: 'event', window: 'minute' });
  assert.equal((await counter.take(tenantId, 60, 100)).allowed, true);
  assert.equal((await counter.take(tenantId, 41, 100)).allowed, false);
  assert.equal((await counter.take(tenantId, 40, 100)).allowed, true);
  assert.equal((await counter.take(tenantId, 1, 100)).allowed, false);
  // A raised limit counts at once.
  assert.equal((await counter.take(tenantId, 50, 150)).allowed, true);
});

test('the next minute has room again', async () => {
  const { tenantId } = await buildTenant();
  let at = now;
  const counter = createLeasedCounter({ db: pools[0], clock: { now: () => at, monotonicMs: () => 0 }, name: 'event', window: 'minute' });
  assert.equal((await counter.take(tenantId, 10, 10)).allowed, true);
  assert.equal((await counter.take(tenantId, 1, 10)).allowed, false);
  at = new Date(now.getTime() + 30_000);
  assert.equal((await counter.take(tenantId, 10, 10)).allowed, true);
});

test('two processes admit exactly the limit of an address between them, small or large, and sweep up what is over', async () => {
  let at = now;
  const counters = [database, second].map(({ auth }) => createAddressCounters({ auth, clock: { now: () => at, monotonicMs: () => 0 } }));
  for (const limit of [1, 7, 60, 130, 1_000]) {
    const taken = await Promise.all(
      Array.from({ length: 2_000 }, (_, index) => counters[index % 2]?.take(`read 192.0.2.${limit}`, 1, limit)),
    );
    assert.equal(taken.filter((one) => one?.allowed === true).length, limit, String(limit));
  }
  const other = await counters[0]?.take('read 192.0.2.200', 1, 60);
  assert.deepEqual(other, { allowed: true, remaining: 59, resetsInMs: 30_000 }, 'another address has all of its own');
  const rows = async () =>
    (await database.auth.pool.query('select distinct "windowStart" as at from auth."addressCounter" order by 1')).rows.length;
  assert.equal(await rows(), 1);
  for (const minutes of [1, 2, 3]) {
    at = new Date(now.getTime() + minutes * 60_000);
    assert.equal((await counters[0]?.take('read 192.0.2.60', 1, 60))?.allowed, true);
  }
  assert.equal(await rows(), 2, 'the present one and the one before');
});
