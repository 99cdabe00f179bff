import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import type { IncomingEvent } from '#flow/intake';
import { type Clock, createLogger, FactotumError, isFactotumError, newId } from '#kernel';
import type { KeysOf } from '#trust/key';
import { testDatabase } from '../../../test/database.ts';
import { type TestTenant, tenantFactory } from '../../../test/tenant.ts';
import { latestOccurrence, nextOccurrence } from './cron.ts';
import {
  changeSchedule,
  createSchedule,
  createScheduleKeeper,
  deleteSchedule,
  followTimeZone,
  listSchedules,
  nextOccurrences,
  readSchedule,
  type ScheduleInput,
} from './index.ts';

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
after(async () => {
  await tenants.close();
  await close();
});

const log = createLogger({ level: 'silent' });
const actor = 'user:usr_1';
const monday: ScheduleInput = {
  name: 'Monday canary',
  kind: 'briefing',
  cron: '0 7 * * 1',
  zone: 'Europe/Berlin',
  payload: { to: 'canary' },
};
const sunday = new Date('2026-03-01T12:00:00Z');

async function buildKeeper(options: { at?: Date; refuse?: () => FactotumError | null } = {}) {
  let at = options.at ?? sunday;
  const clock: Clock = { now: () => at, monotonicMs: () => at.getTime() };
  const events: (IncomingEvent & { tenantId: string })[] = [];
  const known = new Set<string>();
  const intake = {
    async accept(tenantId: string, event: IncomingEvent) {
      const fault = options.refuse?.() ?? null;
      if (fault !== null) throw fault;
      const created = !known.has(event.externalId);
      known.add(event.externalId);
      if (created) events.push({ ...event, tenantId });
      return { eventId: newId('event'), taskId: newId('task'), created };
    },
  };
  const build = (keysOf: KeysOf = tenants.keyring.of) => createScheduleKeeper({ database, keysOf, intake, clock, log });
  return {
    events,
    keeper: build(),
    build,
    setTime: (time: string) => {
      at = new Date(time);
    },
  };
}
const make = ({ run, keys }: TestTenant, input: Partial<ScheduleInput> = {}, at = sunday) =>
  run((tx) => createSchedule(tx, keys, { ...monday, ...input, actor, at }));
const read = ({ run, keys }: TestTenant, id: string) => run((tx) => readSchedule(tx, keys, id));
const mine = (tenant: TestTenant, events: readonly (IncomingEvent & { tenantId: string })[]) =>
  events.filter(({ tenantId }) => tenantId === tenant.tenantId);

test('an occurrence becomes one event, however many look and however often', async () => {
  const tenant = await tenants.build();
  const { id, nextAt } = await make(tenant);
  assert.equal(nextAt?.toISOString(), '2026-03-02T06:00:00.000Z');
  const { events, keeper, build, setTime } = await buildKeeper();
  await keeper.look();
  assert.deepEqual(mine(tenant, events), []);
  setTime('2026-03-02T06:00:00Z');
  await Promise.all([keeper.look(), build().look(), build().look()]);
  await keeper.look();
  const [event, ...more] = mine(tenant, events);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [event?.source, event?.kind, event?.title, event?.externalId, event?.payload, event?.provenance],
    [
      'schedule',
      'briefing',
      'Monday canary',
      `${id}:2026-03-02T06:00:00.000Z`,
      { to: 'canary', schedule: 'Monday canary', scheduledFor: '2026-03-02T06:00:00.000Z', date: '2026-03-02' },
      { channel: 'schedule', submittedBy: actor, integrity: 'trusted' },
    ],
  );
  const after = await read(tenant, id);
  assert.deepEqual([after.nextAt?.toISOString(), after.lastAt?.toISOString()], ['2026-03-09T06:00:00.000Z', '2026-03-02T06:00:00.000Z']);
});

test('what was missed while nothing ran comes once, for the latest time', async () => {
  const tenant = await tenants.build();
  await make(tenant);
  const { events, keeper, setTime } = await buildKeeper();
  setTime('2026-04-01T00:00:00Z');
  await keeper.look();
  await keeper.look();
  assert.deepEqual(
    mine(tenant, events).map(({ occurredAt }) => occurredAt),
    // Summer time has begun on the 29th of March.
    ['2026-03-30T05:00:00.000Z'],
  );
});

test('what cannot be taken in now waits and is not lost, what never can be is passed over and says why', async () => {
  const tenant = await tenants.build();
  const { id } = await make(tenant);
  let fault: FactotumError | null = new FactotumError('quota.exceeded', 'Too many.');
  const { events, keeper, setTime } = await buildKeeper({ refuse: () => fault });
  setTime('2026-03-02T06:00:10Z');
  await keeper.look();
  const waiting = await read(tenant, id);
  assert.deepEqual([waiting.faultCode, waiting.nextAt?.toISOString()], ['quota.exceeded', '2026-03-02T06:00:00.000Z']);
  fault = null;
  await keeper.look();
  assert.deepEqual(mine(tenant, events), [], 'it is not tried at every look');
  setTime('2026-03-02T06:01:11Z');
  await keeper.look();
  assert.equal(mine(tenant, events).length, 1);
  assert.equal((await read(tenant, id)).faultCode, null);
  fault = new FactotumError('tenant.suspended', 'Suspended.');
  setTime('2026-03-09T06:00:00Z');
  await keeper.look();
  const passed = await read(tenant, id);
  assert.deepEqual([passed.faultCode, passed.nextAt?.toISOString()], ['tenant.suspended', '2026-03-16T06:00:00.000Z']);
});

test('a tenant whose keys are not to be had holds up nobody else', async () => {
  const [away, other] = [await tenants.build(), await tenants.build()];
  // More than one look takes, and due for longer.
  for (let n = 0; n < 101; n += 1) await make(away, { cron: '0 6 * * 1' });
  await make(other);
  const { events, build, setTime } = await buildKeeper();
  const keeper = build(async (tenantId) => {
    if (tenantId === away.tenantId) throw new FactotumError('key.unavailable', 'The provider does not answer.');
    return tenants.keyring.of(tenantId);
  });
  setTime('2026-03-02T06:00:00Z');
  await keeper.look();
  await keeper.look();
  assert.deepEqual([mine(away, events).length, mine(other, events).length], [0, 1]);
});

test('a crash between the event and the row makes no second event', async () => {
  const tenant = await tenants.build();
  await make(tenant);
  const { events, keeper, setTime } = await buildKeeper();
  setTime('2026-03-02T06:00:00Z');
  const rows = () => tenant.run((tx) => tx.selectFrom('schedule').selectAll().execute());
  const [before] = await rows();
  await keeper.look();
  await tenant.run((tx) => tx.updateTable('schedule').set({ dueAt: before!.dueAt, runAt: before!.runAt }).execute());
  await keeper.look();
  assert.equal(mine(tenant, events).length, 1);
  assert.equal((await rows())[0]?.dueAt?.toISOString(), '2026-03-09T06:00:00.000Z');
});

test('a schedule that is paused, changed or deleted comes as it is now', async () => {
  const tenant = await tenants.build();
  const { id } = await make(tenant);
  const by = { actor, at: sunday };
  const { events, keeper, setTime } = await buildKeeper();
  const paused = await tenant.run((tx) => changeSchedule(tx, tenant.keys, id, { state: 'paused', ...by }));
  assert.deepEqual([paused.nextAt, paused.version], [null, 2]);
  setTime('2026-03-02T06:00:00Z');
  await keeper.look();
  assert.deepEqual(mine(tenant, events), []);
  await tenant.run((tx) => changeSchedule(tx, tenant.keys, id, { state: 'active', cron: '0 8 * * 1', name: 'Later', ...by }));
  setTime('2026-03-02T07:00:00Z');
  await keeper.look();
  assert.deepEqual(
    mine(tenant, events).map(({ title }) => title),
    ['Later'],
  );
  await tenant.run((tx) => deleteSchedule(tx, tenant.keys, id, by));
  setTime('2026-03-09T07:00:00Z');
  await keeper.look();
  assert.equal(mine(tenant, events).length, 1);
  await assert.rejects(read(tenant, id), (error) => isFactotumError(error, 'schedule.not_found'));
});

test('one without a zone of its own follows the clocks of the tenant, also when these are set to another zone', async () => {
  const tenant = await tenants.build();
  const { id, nextAt } = await make(tenant, { zone: null });
  assert.equal(nextAt?.toISOString(), '2026-03-02T07:00:00.000Z', 'UTC, as nothing else is set');
  await tenant.run(async (tx) => {
    await sql`update tenant set settings = settings || '{"timeZone": "Asia/Tokyo"}'`.execute(tx);
    await followTimeZone(tx, tenant.tenantId, new Date('2026-03-01T12:00:00Z'));
  });
  assert.equal((await read(tenant, id)).nextAt?.toISOString(), '2026-03-01T22:00:00.000Z');
});

test('name and payload are sealed; another tenant’s schedule is not found', async () => {
  const [one, other] = [await tenants.build(), await tenants.build()];
  const { id } = await make(one);
  const rows = await one.run((tx) => tx.selectFrom('schedule').selectAll().execute());
  assert.ok(rows.every((row) => !row.body.includes('canary')));
  assert.deepEqual(await other.run((tx) => listSchedules(tx, other.keys)), []);
  await assert.rejects(read(other, id), (error) => isFactotumError(error, 'schedule.not_found'));
});

test('what is no schedule, and what never comes, is refused with the reason', async () => {
  const tenant = await tenants.build();
  for (const cron of ['', 'monday', '* * * * * *', '@daily', '61 * * * *', '0 0 30 2 *', '* * * *', `${'1,'.repeat(120)}1 * * * *`])
    await assert.rejects(make(tenant, { cron }), (error) => isFactotumError(error, 'schedule.invalid') && error.message.length > 20, cron);
});

test('on the days when clocks change nothing is left out and nothing comes twice', () => {
  const times = (cron: string, zone: string, from: string, count: number) =>
    nextOccurrences(cron, zone, new Date(from), count).map((date) => date.toISOString());
  // 02:30 is skipped on the 29th of March and comes twice on the 25th of October in Berlin.
  assert.deepEqual(times('30 2 * * *', 'Europe/Berlin', '2026-03-28T02:00:00Z', 2), [
    '2026-03-29T01:00:00.000Z',
    '2026-03-30T00:30:00.000Z',
  ]);
  assert.deepEqual(times('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2), [
    '2026-10-25T00:30:00.000Z',
    '2026-10-26T01:30:00.000Z',
  ]);
  assert.deepEqual(times('0 7 * * 1', 'America/New_York', '2026-03-02T13:00:00Z', 2), [
    '2026-03-09T11:00:00.000Z',
    '2026-03-16T11:00:00.000Z',
  ]);
  fc.assert(
    fc.property(
      fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Tokyo', 'Africa/Casablanca'),
      fc.integer({ min: 0, max: 23 }),
      fc.integer({ min: 0, max: 59 }),
      fc.integer({ min: 0, max: 365 }),
      (zone, hour, minute, day) => {
        const from = new Date(Date.UTC(2026, 0, 1 + day));
        const days = nextOccurrences(`${minute} ${hour} * * *`, zone, from, 7).map((at) =>
          new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(at),
        );
        assert.equal(new Set(days).size, 7, 'once a day');
      },
    ),
  );
});

test('the latest time is the last one up to now, and none before what was due', () => {
  const [since, now] = [new Date('2026-03-02T00:00:00Z'), new Date('2026-03-02T07:30:00Z')];
  assert.equal(latestOccurrence('0 * * * *', 'UTC', since, now)?.toISOString(), '2026-03-02T07:00:00.000Z');
  assert.equal(latestOccurrence('0 7 * * *', 'UTC', since, new Date('2026-03-02T07:00:00Z'))?.toISOString(), '2026-03-02T07:00:00.000Z');
  assert.equal(latestOccurrence('0 8 * * *', 'UTC', since, now), null);
  assert.equal(nextOccurrence('0 0 29 2 *', 'UTC', now)?.toISOString(), '2028-02-29T00:00:00.000Z');
});
