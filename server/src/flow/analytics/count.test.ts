import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Id, localDate } from '#kernel';
import { withTenant, withTenantSnapshot } from '#kernel/database';
import { openOwner, randomOf } from '../../../test/analytics.ts';
import { auditSetup } from '../../../test/audit.ts';
import { testDatabase } from '../../../test/database.ts';
import { historyOf } from '../../../test/task-history.ts';
import { countOnce } from './count.ts';
import { addDays, csvOf, readFigures } from './index.ts';
import { type BucketSize, bucketsOf } from './period.ts';

const { database, ownerUrl, close } = await testDatabase();
const setup = await auditSetup(database);
const owner = await openOwner(ownerUrl);
const sequencer = setup.createSequencer();
await sequencer.start();
after(async () => {
  await sequencer.stop();
  await owner.close();
  await setup.close();
  await close();
});

/** Where clocks change in the stretch that histories lie in, twice by an hour, once by half of one, and where they are off by a quarter. */
const zones = ['Europe/Berlin', 'America/Los_Angeles', 'Australia/Lord_Howe', 'Asia/Kathmandu'] as const;
const around: Readonly<Record<(typeof zones)[number], string>> = {
  'Europe/Berlin': '2026-10-25T00:30:00Z',
  'America/Los_Angeles': '2026-11-01T08:30:00Z',
  'Australia/Lord_Howe': '2026-10-03T15:15:00Z',
  'Asia/Kathmandu': '2026-10-25T18:15:00Z',
};

const moveTo = (tenantId: Id<'tenant'>, zone: string) =>
  owner.ask(`update app.tenant set settings = settings || jsonb_build_object('timeZone', $2::text) where tenant_id = $1`, [tenantId, zone]);

async function count(tenantId: Id<'tenant'>, limit: number): Promise<void> {
  await sequencer.drained();
  const once = () => withTenant(database.app.db, tenantId, (tx) => countOnce(tx, tenantId, { now: new Date(), limit }));
  while ((await once()) === 'more');
}

const read = (tenantId: Id<'tenant'>, query: { from: string; to: string; size: BucketSize; now?: Date }) =>
  withTenantSnapshot(database.app.db, tenantId, (tx) => readFigures(tx, tenantId, { now: new Date('2026-12-31T12:00:00Z'), ...query }));

for (const [number, zone] of zones.entries()) {
  test(`figures are those of a count of everything, whatever happened and however late, in ${zone}`, async (t) => {
    const seed = Number(process.env.FACTOTUM_SEED ?? 20_261_123) + number;
    t.diagnostic(`seed ${seed}`);
    const random = randomOf(seed);
    const tenantId = await setup.buildTenant();
    await owner.ask('alter table app.tenant no force row level security', []);
    await moveTo(tenantId, zone);
    const history = historyOf({ owner, record: setup.record, tenantId, random, around: new Date(around[zone]) });
    await history.begin(20);
    for (let round = 0; round < 4; round += 1) {
      await history.move(25);
      // In pieces of a few entries, or not at all: then the next round has more to make up for.
      if (random.next() < 0.8) await count(tenantId, 1 + random.below(40));
    }
    await count(tenantId, 7);
    const expected = await owner.slowly(tenantId, zone);
    assert.ok(expected.length > 40);
    assert.deepEqual(await owner.counted(tenantId), expected);
    assert.deepEqual(await owner.monthsApart(tenantId), [], 'months are the sums of their days');
    await checkPeriods(tenantId, zone);

    // Elsewhere the days are others.
    const other = zones[(number + 1) % zones.length] ?? 'UTC';
    await moveTo(tenantId, other);
    await count(tenantId, 1_000);
    assert.deepEqual(await owner.counted(tenantId), await owner.slowly(tenantId, other));
    assert.deepEqual(await owner.monthsApart(tenantId), []);
  });
}

/** Sums and percentiles of stretches of days, against the spans themselves. */
async function checkPeriods(tenantId: Id<'tenant'>, zone: (typeof zones)[number]): Promise<void> {
  const middle = localDate(new Date(around[zone]), zone);
  // Long enough for whole months in it and in what is before it, and for what is left of others at both ends.
  const days = { from: addDays(middle, -50), to: addDays(middle, 50) };
  const figures = await owner.slowly(tenantId, zone);
  for (const size of ['day', 'week', 'month'] as const) {
    const { series } = await read(tenantId, { ...days, size });
    assert.deepEqual(
      series.map(({ bucket }) => bucket),
      bucketsOf(days, size),
    );
    for (const { bucket, figures: own } of series) {
      const of = (measure: string, c?: string) =>
        figures
          .filter((one) => one.measure === measure && one.day >= bucket.from && one.day <= bucket.to && (c === undefined || one.c === c))
          .reduce((sum, { n }) => sum + n, 0);
      if (own === null) {
        assert.deepEqual([of('arrived'), of('ended')], [0, 0], `nothing is left out of ${bucket.start}`);
        continue;
      }
      assert.deepEqual(
        [own.work.arrived, own.work.completed, own.work.failed],
        [of('arrived'), of('ended', 'completed'), of('ended', 'failed')],
      );
      assert.deepEqual(
        [own.approvals.asked, own.approvals.rejected, own.approvals.expired],
        [of('asked'), of('answered', 'rejected'), of('answered', 'expired')],
      );
      if (of('answered') === 0) assert.equal(own.approvals.approvalRate, null, 'where nothing was answered there is no rate');
    }
  }
  const { total } = await read(tenantId, { ...days, size: 'month' });
  for (const [measure, at, shown] of [
    ['duration', 0.5, total.work.durationP50Ms],
    ['duration', 0.95, total.work.durationP95Ms],
    ['wait', 0.5, total.approvals.waitP50Ms],
    ['wait', 0.95, total.approvals.waitP95Ms],
  ] as const)
    assert.equal(shown, await owner.percentile(tenantId, { measure, at, zone, ...days }), `${measure} ${at}`);
}

test('where nothing is, there is a gap: before the first task, in the future, and for a rate of nothing', async () => {
  const tenantId = await setup.buildTenant();
  const now = new Date('2026-11-20T12:00:00Z');
  const ask = { from: '2026-11-16', to: '2026-11-22', size: 'day' as const, now };
  assert.deepEqual(new Set((await read(tenantId, ask)).series.map(({ figures }) => figures)), new Set([null]));
  const history = historyOf({ owner, record: setup.record, tenantId, random: randomOf(1), around: now });
  await history.arrive(new Date('2026-11-18T10:00:00Z'));
  await count(tenantId, 100);
  const { series, total, totalBefore } = await read(tenantId, ask);
  assert.deepEqual(
    series.map(({ figures }) => figures?.work.arrived ?? null),
    [null, null, 1, 0, 0, null, null],
  );
  assert.deepEqual([series[3]?.figures?.work.completionRate, total.work.durationP50Ms, totalBefore], [null, null, null]);
});

test('of two who count at the same time one does, and nothing is counted twice', async () => {
  const tenantId = await setup.buildTenant();
  const history = historyOf({ owner, record: setup.record, tenantId, random: randomOf(2), around: new Date('2026-11-18T10:00:00Z') });
  await history.begin(10);
  await sequencer.drained();
  for (let round = 0; round < 10; round += 1)
    await Promise.all(
      Array.from({ length: 4 }, () =>
        withTenant(database.app.db, tenantId, (tx) => countOnce(tx, tenantId, { now: new Date(), limit: 3 })),
      ),
    );
  await count(tenantId, 100);
  assert.deepEqual(await owner.counted(tenantId), await owner.slowly(tenantId, 'UTC'));
});

test('what deleted tasks had added is gone', async () => {
  const tenantId = await setup.buildTenant();
  const history = historyOf({ owner, record: setup.record, tenantId, random: randomOf(4), around: new Date('2026-11-18T10:00:00Z') });
  await history.begin(5);
  await count(tenantId, 100);
  const { id } = await history.arrive(new Date('2026-11-18T10:00:00Z'));
  await count(tenantId, 100);
  await owner.ask('delete from app.task where tenant_id = $1 and task_id = $2', [tenantId, id]);
  await count(tenantId, 100);
  assert.deepEqual(await owner.counted(tenantId), await owner.slowly(tenantId, 'UTC'));
});

test('a tenant sees its own figures alone', async () => {
  const [one, other] = [await setup.buildTenant(), await setup.buildTenant()];
  await historyOf({ owner, record: setup.record, tenantId: one, random: randomOf(3), around: new Date('2026-11-18T10:00:00Z') }).begin(3);
  await count(one, 100);
  await count(other, 100);
  const period = { from: '2026-10-01', to: '2026-12-30', size: 'month' as const };
  assert.deepEqual([(await read(one, period)).total.work.arrived, (await read(other, period)).total.work.arrived], [3, 0]);
});

test('no name in a table is a formula, also not where semicolons part cells', async () => {
  const figures = await read(await setup.buildTenant(), { from: '2026-11-01', to: '2026-11-30', size: 'month' });
  const group = { plans: 1, tokensIn: 2, tokensOut: 3, costMicros: 4, unpriced: 0 };
  const names = ['=1+1', '@x', '-1', '＝1', 'a;=1', 'a,"b"', 'plain'];
  const [, ...lines] = csvOf('playbooks', { ...figures, playbooks: names.map((name) => ({ name, ...group })) }, []).split('\r\n');
  assert.deepEqual(
    lines.map((line) => line.replace(/,1,2,3,4,0$/, '')),
    ["'=1+1", "'@x", "'-1", "'＝1", '"a;=1"', '"a,""b"""', 'plain', ''],
  );
});
