import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { ConnectorFault } from '@factotum/connector-sdk';
import { createLogger, type Id, newId } from '#kernel';
import { openDatabase, withTenant } from '#kernel/database';
import { writeLimits } from '#trust/quota';

import { connectionWorld, type Feed, feedConnector, quickPace, storedOf, until } from '../../../test/connections.ts';
import { testDatabase } from '../../../test/database.ts';
import { tenantFactory } from '../../../test/tenant.ts';
import type { SinkPlace, Watcher } from './index.ts';

const { database, roleUrls, close } = await testDatabase();
const second = openDatabase(roleUrls, { log: createLogger({ level: 'silent' }), connectionsMax: { app: 4, engine: 3 } });
const tenants = await tenantFactory(database);
const { connector, feed } = feedConnector();
const streaming = feedConnector({ kind: 'stream', streams: true, everyMs: 3_600_000 });
const kept: string[] = [];
const connectors = [connector, streaming.connector];
const sinks = {
  feed: async (client: { query(text: string): Promise<unknown> }, { connectionId }: SinkPlace, changes: unknown) => {
    await client.query('select 1');
    // The fake connector says what it has seen.
    kept.push(...(changes as { seen: string[] }).seen.map((id) => `${connectionId} ${id}`));
  },
};
const one = connectionWorld(database, tenants, { connectors, sinks });
const other = connectionWorld(second, tenants, { connectors, sinks });
const { connections } = one;
const started: Watcher[] = [];
const made: { tenantId: Id<'tenant'>; id: Id<'connection'> }[] = [];
const act = { actor: 'user:usr_1' };
afterEach(async () => {
  await Promise.all(started.splice(0).map((watcher) => watcher.stop()));
  for (const { tenantId, id } of made.splice(0)) await connections.remove(tenantId, id, act).catch(() => undefined);
});
after(async () => {
  await second.close();
  await tenants.close();
  await close();
});

async function start(world = one, options: Parameters<typeof one.watcher>[0] = {}): Promise<Watcher> {
  const watcher = world.watcher(options);
  started.push(watcher);
  await watcher.start();
  return watcher;
}

let feeds = 0;

/** A tenant with one connection to a feed of its own. */
async function connected(items: Feed['items'] = [], kind: 'feed' | 'stream' = 'feed') {
  const tenant = await tenants.build();
  feeds += 1;
  const name = `feed-${feeds}`;
  const far = (kind === 'feed' ? feed : streaming.feed)(name);
  far.items = items;
  const { id } = await connections.create(
    tenant.tenantId,
    { connector: kind, name, settings: { feed: name }, credentials: { password: 'right' } },
    act,
  );
  made.push({ tenantId: tenant.tenantId, id });
  return { ...tenant, id, far, name, look: () => connections.get(tenant.tenantId, id) };
}

const items = (count: number, from = 0) => Array.from({ length: count }, (_, at) => ({ id: String(from + at) }));
const countOf = async (tenantId: Id<'tenant'>) => (await storedOf(database, tenantId)).events.length;
const gate = () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { closed: promise, open: resolve };
};
/** Kinds of the audit entries about connections. */
async function audited(tenantId: Id<'tenant'>): Promise<string[]> {
  const { rows } = await database.sequencer.pool.query<{ entries: string[] }>(
    'select entries from app.audit_pending where tenant_id = $1 order by id',
    [tenantId],
  );
  return rows.flatMap(({ entries }) => entries.flatMap((entry) => /connection\.(?!unreadable)[a-z]+/.exec(entry)?.[0] ?? []));
}

test('what is there is fetched in pieces, and what comes later as it comes; nothing twice', async () => {
  const { tenantId, far, id, look } = await connected(items(250));
  await start();
  await until(async () => (await look()).health.arrivals === 250);
  assert.equal(await countOf(tenantId), 250);
  assert.ok(far.polls.every(({ arrivals }) => arrivals <= 100));
  far.items.push({ id: 'late' });
  await connections.pollNow(tenantId, id);
  await until(async () => (await look()).health.arrivals === 251);
  const { events, tasks } = await storedOf(database, tenantId);
  assert.equal(events.length, 251);
  assert.ok(events.every((event) => event === 'connection feed.item'));
  assert.ok(tasks.every((state) => state === 'received'));
  const { health } = await look();
  assert.equal(health.failures, 0);
  assert.ok(health.lastSuccessAt !== null && health.lastArrivalAt !== null && health.nextAt !== null);
});

test('what was there before makes no work: its tasks are done from the start', async () => {
  const { tenantId, look } = await connected([{ id: 'old', history: true }, { id: 'new' }]);
  await start();
  await until(async () => (await look()).health.arrivals === 2);
  assert.deepEqual((await storedOf(database, tenantId)).tasks.sort(), ['done completed', 'received']);
});

test('duplicates, things out of order, and things that cannot be read: each is kept once, and none holds up the others', async () => {
  const { tenantId, look } = await connected([
    { id: 'b' },
    { id: 'a' },
    { id: 'b' },
    { id: 'big', text: 'x'.repeat(300 * 1024) },
    { id: 'odd', kind: 'NOT A KIND' },
    { id: '' },
    { id: 'x'.repeat(5_000) },
    { id: 'b', text: 'another' },
  ]);
  await start();
  await until(async () => (await look()).health.lastSuccessAt !== null);
  const { events, tasks } = await storedOf(database, tenantId);
  // Two of them in conflict, which makes no task.
  assert.deepEqual(events.filter((event) => event === 'connection feed.item').length, 5);
  assert.deepEqual(events.filter((event) => event === 'connection connection.unreadable').length, 2);
  assert.equal(tasks.length, 6);
});

test('two watchers never poll one connection at once, and share what there is', async () => {
  const many = await Promise.all(Array.from({ length: 24 }, () => connected(items(3))));
  const [first, next] = await Promise.all([start(one), start(other)]);
  await until(async () => (await Promise.all(many.map(({ tenantId }) => countOf(tenantId)))).every((count) => count === 3));
  for (let round = 0; round < 3; round += 1) {
    for (const { far } of many) far.items.push({ id: `round ${round}` });
    await Promise.all(many.map(({ tenantId, id }) => other.connections.pollNow(tenantId, id)));
    await until(async () => (await Promise.all(many.map(({ tenantId }) => countOf(tenantId)))).every((count) => count === 4 + round));
  }
  for (const { far } of many) assert.equal(far.runningMax, 1);
  await until(() => first.figures().held >= 8 && next.figures().held >= 8);
  await until(() => first.figures().held + next.figures().held === 24);
});

test('what a dead watcher held is taken over; what it had fetched and not committed is fetched again, once', async () => {
  const { tenantId, far, look } = await connected(items(5));
  const { closed, open } = gate();
  far.gate = closed;
  const doomed = openDatabase(roleUrls, { log: createLogger({ level: 'silent' }), connectionsMax: { app: 2, engine: 2 } });
  const world = connectionWorld(doomed, tenants, { connectors, sinks });
  const pace = { ...quickPace, leaseMs: 1_500 };
  const dying = world.watcher({ pace });
  await dying.start();
  await until(() => far.polls.length === 1);
  // As far as anybody else can see it is dead: it says nothing any more.
  await doomed.close();
  await start(one, { pace });
  await until(() => far.polls.length >= 2);
  far.gate = null;
  open();
  await until(async () => (await look()).health.arrivals === 5);
  assert.equal(await countOf(tenantId), 5);
  await dying.stop();
  assert.equal(await countOf(tenantId), 5);
});

test('a poll that comes back under an older fence commits nothing: no event, no cursor, no changes', async () => {
  const { tenantId, far, id, look } = await connected(items(4));
  const { closed, open } = gate();
  far.gate = closed;
  await start();
  await until(() => far.polls.length === 1);
  const before = kept.length;
  await database.engine.pool.query('update app.connection set fence = fence + 1 where connection_id = $1', [id]);
  far.gate = null;
  open();
  await until(async () => (await look()).health.arrivals === 4);
  assert.equal(await countOf(tenantId), 4);
  assert.ok(far.polls.length >= 2, 'it was polled again');
  assert.equal(kept.slice(before).filter((line) => line.startsWith(id)).length, 4, 'changes of the first poll were not kept');
});

test('credentials that are refused stop the connection and ask a person; it goes on once they are right', async () => {
  const { tenantId, far, id, look } = await connected();
  await start();
  await until(async () => (await look()).health.lastSuccessAt !== null);
  far.fault = new ConnectorFault('auth', 'The password is not right any more. Connect again.');
  await connections.pollNow(tenantId, id);
  await until(async () => (await look()).state === 'broken');
  const { health } = await look();
  assert.deepEqual(health.fault, { code: 'auth', message: 'The password is not right any more. Connect again.' });
  assert.equal(health.nextAt, null);
  const polls = far.polls.length;
  far.fault = null;
  far.items.push({ id: 'meanwhile' });
  await connections.change(tenantId, id, { credentials: { password: 'right' } }, { ...act, basedOn: null, mayRefer: true });
  await until(async () => (await look()).health.arrivals === 1);
  assert.ok(far.polls.length > polls);
  assert.equal((await look()).health.fault, null);
  assert.deepEqual(await audited(tenantId), ['connection.created', 'connection.broken', 'connection.changed', 'connection.recovered']);
});

test('a far side that is away is asked again by and by, and nothing is lost', async () => {
  const { tenantId, far, id, look } = await connected();
  far.fault = new Error('a bug of the connector');
  await start();
  await until(async () => (await look()).health.failures === 1);
  const failed = await look();
  assert.equal(failed.state, 'active');
  assert.equal(failed.health.fault?.code, 'internal');
  assert.ok(!failed.health.fault?.message.includes('bug of'), 'words of an unknown failure go to the log alone');
  far.fault = new ConnectorFault('rate_limited', 'Too many calls.', { retryAfterMs: 3_600_000 });
  await connections.pollNow(tenantId, id);
  await until(async () => (await look()).health.failures === 2);
  const limited = await look();
  assert.equal(limited.health.fault?.code, 'rate_limited');
  assert.ok((limited.health.nextAt?.getTime() ?? 0) > Date.now() + 3_000_000, 'it waits for as long as it was told');
  far.fault = null;
  far.items = items(2);
  await connections.pollNow(tenantId, id);
  await until(async () => (await look()).health.arrivals === 2);
});

test('a cursor that has expired is forgotten: what came since is fetched anew, what is known is recognised', async () => {
  const { tenantId, far, id, look } = await connected(items(3));
  await start();
  await until(async () => (await look()).health.arrivals === 3);
  far.fault = new ConnectorFault('cursor_expired', 'The cursor is too old.');
  far.items.push({ id: 'missed' });
  await connections.pollNow(tenantId, id);
  await until(async () => (await look()).health.fault?.code === 'cursor_expired');
  far.fault = null;
  await connections.pollNow(tenantId, id);
  await until(async () => (await look()).health.arrivals === 4);
  const anew = far.polls.findLast(({ cursor }) => cursor === null);
  assert.ok(anew?.since !== undefined, 'it is told since when');
  assert.equal(await countOf(tenantId), 4);
});

test('settings that change while it is polled: what comes of the old ones does not count', async () => {
  const { tenantId, far, id, look } = await connected(items(2));
  const elsewhere = feed('elsewhere');
  elsewhere.items = items(1, 100);
  const { closed, open } = gate();
  far.gate = closed;
  await start();
  await until(() => far.polls.length === 1);
  await connections.change(tenantId, id, { settings: { feed: 'elsewhere' } }, { ...act, basedOn: 1, mayRefer: true });
  await until(async () => (await look()).health.arrivals === 1);
  far.gate = null;
  open();
  assert.equal(await countOf(tenantId), 1);
  assert.equal(elsewhere.polls[0]?.cursor, null, 'another place begins without a cursor');
  assert.ok(far.aborted > 0, 'the poll under way was told to end');
});

test('settings that send credentials elsewhere and read the same place go on where they were, for whoever knows the credentials', async () => {
  const { tenantId, far, id, name, look } = await connected(items(2));
  await start();
  await until(async () => (await look()).health.arrivals === 2);
  const settings = { feed: name, relay: 'relay.example' };
  const lead = { ...act, basedOn: null, mayRefer: false };
  await assert.rejects(connections.change(tenantId, id, { settings }, lead), /lead elsewhere: enter password anew/);
  await connections.change(tenantId, id, { settings, credentials: { password: 'right' } }, lead);
  const polls = far.polls.length;
  far.items.push({ id: 'of that moment' });
  await connections.pollNow(tenantId, id);
  await until(async () => (await look()).health.arrivals === 3);
  assert.ok(far.polls.slice(polls).every(({ cursor }) => cursor !== null && cursor >= 2));
  assert.deepEqual((await storedOf(database, tenantId)).tasks, ['received', 'received', 'received']);
  await connections.change(tenantId, id, { settings: { feed: name } }, lead);
  await assert.rejects(connections.change(tenantId, id, { settings }, lead), /lead elsewhere/, 'what was taken away is not known any more');
});

for (const [what, stopIt] of [
  ['paused', (tenantId: Id<'tenant'>, id: Id<'connection'>) => connections.pause(tenantId, id, act)],
  ['deleted', (tenantId: Id<'tenant'>, id: Id<'connection'>) => connections.remove(tenantId, id, act)],
  [
    'of a tenant that is suspended',
    (tenantId: Id<'tenant'>) =>
      withTenant(database.app.db, tenantId, (tx) => tx.updateTable('tenant').set({ state: 'suspended' }).execute()),
  ],
] as const)
  test(`one that is ${what} while it is polled brings nothing any more`, async () => {
    const { tenantId, far, id } = await connected(items(2));
    const { closed, open } = gate();
    far.gate = closed;
    const watcher = await start();
    await until(() => far.polls.length === 1);
    await stopIt(tenantId, id);
    await until(() => far.aborted > 0 && watcher.figures().held === 0);
    far.gate = null;
    open();
    await until(() => far.running === 0);
    assert.equal(await countOf(tenantId), 0);
    assert.equal(far.polls.length, 1);
  });

test('one that is paused goes on where it was', async () => {
  const { tenantId, far, id, look } = await connected(items(2));
  await start();
  await until(async () => (await look()).health.arrivals === 2);
  await connections.pause(tenantId, id, act);
  far.items.push({ id: 'meanwhile' });
  const paused = await connections.pollNow(tenantId, id);
  assert.equal(paused.state, 'paused');
  assert.equal(paused.health.nextAt, null);
  await connections.resume(tenantId, id, act);
  await until(async () => (await look()).health.arrivals === 3);
  assert.equal(far.polls.at(-1)?.cursor, 2);
});

test('a tenant over its quota of events is slowed down, and loses nothing', async () => {
  // More than the rest of one minute and the whole of the next have room for.
  const { tenantId, far, look } = await connected(items(40));
  const by = { by: 'usr_1', at: new Date() };
  await withTenant(database.app.db, tenantId, (tx) => writeLimits(tx, tenantId, { eventsPerMinute: 8 }, by));
  await start();
  await until(async () => (await look()).health.fault?.code === 'quota.exceeded');
  const held = await look();
  assert.equal(held.state, 'active');
  assert.equal(held.health.failures, 0, 'it is no failure of the far side');
  await withTenant(database.app.db, tenantId, (tx) => writeLimits(tx, tenantId, { eventsPerMinute: 1_000 }, by));
  await until(async () => {
    await connections.pollNow(tenantId, held.id);
    return (await look()).health.arrivals === 40;
  });
  assert.equal(await countOf(tenantId), 40);
  assert.ok(
    far.polls.some(({ arrivals }) => arrivals < 100),
    'it asks for less at once',
  );
});

test('a hint brings the poll forward; it is never more than a hint', async () => {
  const { far, look, tenantId } = await connected(items(1), 'stream');
  await start();
  await until(async () => (await look()).health.arrivals === 1);
  await until(() => far.hint !== null);
  far.items.push({ id: 'hinted' });
  for (let time = 0; time < 50; time += 1) far.hint?.();
  await until(async () => (await look()).health.arrivals === 2);
  assert.equal(await countOf(tenantId), 2);
});

test('a push is taken in once it is known to be genuine, and may ask for a poll', async () => {
  const { tenantId, far, look } = await connected();
  await start();
  await until(async () => (await look()).health.lastSuccessAt !== null);
  const { hookPath, id } = await look();
  const [, , , , secret = ''] = hookPath?.split('/') ?? [];
  const push = (text: string, sign = 'signed', given = secret, where = { tenantId, id }) =>
    connections.hook(where.tenantId, where.id, given, { method: 'POST', headers: { 'x-sign': sign }, query: {}, body: Buffer.from(text) });
  assert.deepEqual(await push('one'), { status: 202, headers: {}, body: 'taken' });
  await push('one');
  assert.deepEqual((await storedOf(database, tenantId)).events, ['webhook feed.pushed']);
  far.items.push({ id: 'polled' });
  await push('');
  await until(async () => (await look()).health.arrivals === 2);
  await assert.rejects(push('two', 'forged'), { code: 'webhook.signature_invalid' });
  await assert.rejects(push('two', 'signed', 'guessed'), { code: 'connection.not_found' });
  const stranger = await tenants.build();
  await assert.rejects(push('two', 'signed', secret, { tenantId: stranger.tenantId, id }), { code: 'connection.not_found' });
  await connections.pause(tenantId, id, act);
  await assert.rejects(push('two'), { code: 'connection.not_found' });
  assert.equal(await countOf(tenantId), 2);
});

test('another tenant sees, changes, polls and opens nothing', async () => {
  const { id } = await connected();
  const { tenantId } = await tenants.build();
  const missing = { code: 'connection.not_found' };
  assert.deepEqual(await connections.list(tenantId), []);
  await assert.rejects(connections.get(tenantId, id), missing);
  await assert.rejects(connections.change(tenantId, id, { name: 'mine' }, { ...act, basedOn: null, mayRefer: true }), missing);
  await assert.rejects(connections.remove(tenantId, id, act), missing);
  await assert.rejects(connections.pause(tenantId, id, act), missing);
  await assert.rejects(connections.pollNow(tenantId, id), missing);
  await assert.rejects(connections.test(tenantId, id), missing);
  assert.equal(await connections.open(tenantId, { connector, connectionId: id }), null);
  assert.equal(await connections.open(tenantId, { connector, connectionId: newId('connection') }), null);
});
