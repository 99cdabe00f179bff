import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import type pg from 'pg';
import { type Clock, createLogger, FactotumError, type Id, isFactotumError, newId, systemClock } from '#kernel';
import { type Database, openDatabase, withTenant } from '#kernel/database';
import { createQuotas, writeLimits } from '#trust/quota';
import { testDatabase } from '../../../test/database.ts';
import { tenantFactory } from '../../../test/tenant.ts';
import { createIntake, type Intake } from './accept.ts';
import { createAdmission } from './admission.ts';
import { eventBodySchema, type IncomingEvent, payloadBytesMax } from './schema.ts';

const { database, roleUrls, close } = await testDatabase();
const second = openDatabase(roleUrls, { log: createLogger({ level: 'silent' }), connectionsMax: { app: 4 } });
const tenants = await tenantFactory(database);
after(async () => {
  await second.close();
  await tenants.close();
  await close();
});

const kicked: string[] = [];
const intakeOn = (on: Database, admit: (tenantId: Id<'tenant'>) => Promise<void> = async () => undefined): Intake =>
  createIntake({ database: on, keysOf: tenants.keyring.of, clock: systemClock, admit, onAccepted: (tenantId) => kicked.push(tenantId) });
const nobody = async () => 0;
const quotasOn = (on: Database, clock: Clock) =>
  createQuotas({ db: on.app.db, clock, gauges: { maxRunning: nobody, members: nobody, connectors: nobody }, onChanged: [] });
const intake = intakeOn(database);
const other = intakeOn(second);

const event = (externalId: string, change: Partial<IncomingEvent> = {}): IncomingEvent => ({
  source: 'shop',
  kind: 'order.placed',
  externalId,
  payload: { order: externalId },
  title: 'An order',
  provenance: { channel: 'http', submittedBy: 'key:test', integrity: 'untrusted' },
  ...change,
});
const mail = Buffer.from('From: a@example.com\r\nSubject: Hello\r\n\r\nHi\r\n');
const mailWithPdf = (subject: string) =>
  Buffer.from(
    [
      ...['From: a@example.com', `Subject: ${subject}`, 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b', ''],
      ...['--b', '', 'Hi', '--b', 'Content-Type: application/pdf; name=a.pdf', 'Content-Disposition: attachment; filename=a.pdf'],
      ...['', '%PDF-', '--b--', ''],
    ].join('\r\n'),
  );
const drop = { channel: 'drop', submittedBy: 'connector:drop' } as const;
const http = { channel: 'http', submittedBy: 'key:test' } as const;

interface EventRow {
  readonly eventId: string;
  readonly taskId: string | null;
  readonly conflictOf: string | null;
  readonly body: Buffer;
  readonly raw: Buffer | null;
  /** The transaction that wrote it. */
  readonly commit: string;
}

/** What is in a tenant's tables. */
const stored = (tenantId: Id<'tenant'>) =>
  withTenant(database.app.db, tenantId, async (tx) => ({
    events: (
      await sql<EventRow>`select event_id, task_id, conflict_of, body, raw, xmin::text as commit from app.event order by event_id`.execute(
        tx,
      )
    ).rows,
    tasks: (await sql<{ taskId: string; eventId: string; state: string }>`select task_id, event_id, state from app.task`.execute(tx)).rows,
  }));

/** The kinds of audit entries a tenant's intake has left for the sequencer. */
async function audited(tenantId: Id<'tenant'>): Promise<string[]> {
  const { rows } = await database.sequencer.pool.query<{ entries: string[] }>(
    'select entries from app.audit_pending where tenant_id = $1 order by id',
    [tenantId],
  );
  return rows.flatMap(({ entries }) => entries.map((entry) => /task\.created|event\.conflict/.exec(entry)?.[0] ?? entry));
}

const isConflict = (error: unknown) => isFactotumError(error, 'event.conflict');

test('a mail whose attachment cannot be read right now is not taken in, and comes in whole when it comes again', async () => {
  const { tenantId } = await tenants.build();
  let isBusy = true;
  const busyIntake = createIntake({
    ...{ database, keysOf: tenants.keyring.of, clock: systemClock, admit: async () => undefined, onAccepted: () => undefined },
    readDocumentOf: (whose) => async () => {
      assert.equal(whose, tenantId);
      if (isBusy) throw new FactotumError('document.busy', 'Later.');
      return { kind: 'pdf', text: 'Invoice 4711', metadata: {}, truncated: false, warnings: [] };
    },
  });
  const attached = mailWithPdf('Bill');
  const connectionId = newId('connection');
  const poll = () =>
    busyIntake.acceptAll(tenantId, [{ form: 'mail', bytes: attached }], {
      ...{ connectionId, connector: 'imap', channel: 'connection' },
      also: async () => undefined,
    });
  await assert.rejects(busyIntake.acceptMail(tenantId, attached, http), (error) => isFactotumError(error, 'document.busy'));
  await assert.rejects(poll(), (error) => isFactotumError(error, 'document.busy'));
  assert.equal((await stored(tenantId)).events.length, 0);
  isBusy = false;
  assert.equal((await poll()).created, 1);
  const { body, eventId } = (await stored(tenantId)).events[0] ?? assert.fail('there is no event');
  const { payload } = (await tenants.keyring.of(tenantId)).openJson({ kind: 'event', id: eventId }, body, eventBodySchema);
  assert.match(JSON.stringify(payload), /Invoice 4711/);
});

test('of a batch that waits for its documents nothing goes on being read, and nothing is paid for; its keys are those of its commit', async () => {
  const { tenantId } = await tenants.build();
  const signals: (AbortSignal | undefined)[] = [];
  let admitted = 0;
  let reads = 0;
  let readsAtKeys = 0;
  let isBusy = true;
  const intakeOfBatches = createIntake({
    ...{ database, clock: systemClock, onAccepted: () => undefined },
    keysOf: (whose) => {
      readsAtKeys = reads;
      return tenants.keyring.of(whose);
    },
    admit: async (_whose, count = 1) => {
      admitted += count;
    },
    readDocumentOf: () => (_document, options) => {
      reads += 1;
      signals.push(options?.signal);
      if (!isBusy) return Promise.resolve({ kind: 'pdf', text: 'Invoice', metadata: {}, truncated: false, warnings: [] });
      if (reads === 4) return Promise.reject(new FactotumError('document.busy', 'Later.'));
      return new Promise((_resolve, reject) => options?.signal?.addEventListener('abort', () => reject(options.signal?.reason)));
    },
  });
  const poll = () =>
    intakeOfBatches.acceptAll(
      tenantId,
      Array.from({ length: 10 }, (_, at) => ({ form: 'mail', bytes: mailWithPdf(`Bill ${at}`) })),
      { connectionId: newId('connection'), connector: 'imap', channel: 'connection', also: async () => undefined },
    );
  await assert.rejects(poll(), (error) => isFactotumError(error, 'document.busy'));
  await new Promise(setImmediate);
  assert.deepEqual([reads, admitted, signals.every((signal) => signal?.aborted)], [4, 0, true]);
  isBusy = false;
  reads = 0;
  assert.equal((await poll()).created, 10);
  assert.deepEqual([readsAtKeys, admitted], [10, 10]);
});

test('the same mail through two doors of two processes at once is one event and one task', async () => {
  const { tenantId } = await tenants.build();
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? intake : other).acceptMail(tenantId, mail, at % 3 === 0 ? drop : http)),
  );
  assert.equal(new Set(answers.map(({ eventId, taskId }) => `${eventId} ${taskId}`)).size, 1);
  assert.equal(answers.filter(({ created }) => created).length, 1);
  const { events, tasks } = await stored(tenantId);
  assert.equal(events.length, 1);
  assert.deepEqual(tasks, [{ taskId: answers[0]?.taskId, eventId: answers[0]?.eventId, state: 'received' }]);
  assert.deepEqual(await audited(tenantId), ['task.created']);
});

test('an event sent again is known by its ids, however its time is spelt and its keys are ordered', async () => {
  const { tenantId } = await tenants.build();
  const first = await intake.accept(tenantId, event('A1', { occurredAt: '2026-03-01T10:00:00Z', payload: { a: 1, b: [2] } }));
  const again = await other.accept(tenantId, event('A1', { occurredAt: '2026-03-01T11:00:00.000+01:00', payload: { b: [2], a: 1 } }));
  assert.deepEqual(again, { ...first, created: false });
  assert.equal((await stored(tenantId)).tasks.length, 1);
});

test('another payload under the same external id is refused with the ids of the first; both are kept, one has a task', async () => {
  const { tenantId, keys } = await tenants.build();
  const first = await intake.accept(tenantId, event('A1'));
  const news = event('A1', { payload: { order: 'changed' } });
  for (let time = 0; time < 2; time += 1)
    await assert.rejects(intake.accept(tenantId, news), (error) => {
      assert.ok(isFactotumError(error, 'event.conflict'));
      assert.deepEqual(error.details, { eventId: first.eventId, taskId: first.taskId });
      return true;
    });
  assert.deepEqual(await intake.accept(tenantId, event('A1')), { ...first, created: false });
  const { events, tasks } = await stored(tenantId);
  assert.equal(tasks.length, 1);
  assert.deepEqual(
    events.map(({ conflictOf, taskId }) => [conflictOf, taskId]).sort(),
    [
      [first.eventId, null],
      [null, first.taskId],
    ].sort(),
  );
  const kept = events.find(({ conflictOf }) => conflictOf !== null);
  assert.ok(kept !== undefined);
  const body = keys.openJson({ kind: 'event', id: kept.eventId }, kept.body, eventBodySchema);
  assert.deepEqual(body.payload, { order: 'changed' });
  // Sent twice, kept and told once.
  assert.deepEqual(await audited(tenantId), ['task.created', 'event.conflict']);
});

test('of two payloads that arrive together the first counts', async () => {
  const { tenantId } = await tenants.build();
  const sent = Array.from({ length: 20 }, (_, at) => intake.accept(tenantId, event('A1', { payload: { at } })));
  const [first, ...others] = await Promise.allSettled(sent);
  assert.equal(first?.status, 'fulfilled');
  assert.ok(others.every((one) => one.status === 'rejected' && isConflict(one.reason)));
  const { events, tasks } = await stored(tenantId);
  assert.deepEqual([events.length, tasks.length], [20, 1]);
});

test('events that arrive together share commits, and a commit never takes more than its bytes', async () => {
  const { tenantId } = await tenants.build();
  kicked.length = 0;
  await Promise.all(Array.from({ length: 300 }, (_, at) => intake.accept(tenantId, event(`E${at}`))));
  const { events, tasks } = await stored(tenantId);
  assert.deepEqual([events.length, tasks.length], [300, 300]);
  const commits = new Set(events.map(({ commit }) => commit)).size;
  assert.ok(commits <= 4, `${commits} commits`);
  assert.equal(kicked.length, commits);
  const heavy = await tenants.build();
  const large = (at: number) =>
    Buffer.concat([Buffer.from(`From: a@example.com\r\nSubject: ${at}\r\n\r\n`), Buffer.alloc(6 * 1024 * 1024, 'x')]);
  await Promise.all(Array.from({ length: 3 }, (_, at) => intake.acceptMail(heavy.tenantId, large(at), drop)));
  const rows = await stored(heavy.tenantId);
  assert.equal(rows.tasks.length, 3);
  assert.ok(new Set(rows.events.map(({ commit }) => commit)).size >= 2);
});

test('two processes that bring the same events in opposite order wait for each other and lose none', async () => {
  const { tenantId } = await tenants.build();
  const ids = Array.from({ length: 150 }, (_, at) => `E${at}`);
  const answers = await Promise.all([
    ...ids.map((id) => intake.accept(tenantId, event(id))),
    ...[...ids].reverse().map((id) => other.accept(tenantId, event(id))),
  ]);
  assert.equal(answers.filter(({ created }) => created).length, 150);
  assert.equal((await stored(tenantId)).tasks.length, 150);
});

test('one event that the database refuses does not take those beside it down', async () => {
  const { tenantId } = await tenants.build();
  const impossible = event('bad', { occurredAt: '-200000-01-01T00:00:00.000Z' });
  const answers = await Promise.allSettled([event('E1'), impossible, event('E2'), event('E3')].map((one) => intake.accept(tenantId, one)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
  assert.equal((await stored(tenantId)).tasks.length, 3);
});

test('a payload beyond its bound, or without a canonical form, is refused before anything is stored', async () => {
  const { tenantId } = await tenants.build();
  const tooLarge = event('A1', { payload: { text: 'x'.repeat(payloadBytesMax) } });
  await assert.rejects(intake.accept(tenantId, tooLarge), (error) => isFactotumError(error, 'request.too_large'));
  await assert.rejects(intake.accept(tenantId, event('A2', { payload: { text: '\ud800' } })), (error) =>
    isFactotumError(error, 'request.invalid'),
  );
  await assert.rejects(intake.acceptMail(tenantId, Buffer.from('no mail'), http), (error) => isFactotumError(error, 'mail.invalid'));
  assert.equal((await stored(tenantId)).events.length, 0);
  const title = `${'x'.repeat(299)}😀`;
  await intake.accept(tenantId, event('A3', { title }));
  await intake.accept(tenantId, event('A4', { title: title.slice(0, 300) }));
});

test('a connection lost after the commit is answered with "send again", and sending again gives the same ids', async () => {
  const { tenantId } = await tenants.build();
  const cut = intakeOn({ ...database, app: { ...database.app, pool: losingAnswerOf(database.app.pool) } });
  await assert.rejects(cut.acceptMail(tenantId, mail, http), (error) => isFactotumError(error, 'database.unavailable') && error.retry);
  const before = await stored(tenantId);
  assert.equal(before.tasks.length, 1, 'the commit had happened');
  const again = await intake.acceptMail(tenantId, mail, drop);
  assert.deepEqual(again, { eventId: before.tasks[0]?.eventId, taskId: before.tasks[0]?.taskId, created: false });
  assert.deepEqual(await stored(tenantId), before);
});

test('of a flood through two processes exactly as many are taken in as the tenant may send, and the others are told when', async () => {
  const { tenantId, run } = await tenants.build();
  await run((tx) => writeLimits(tx, tenantId, { eventsPerMinute: 50 }, { by: 'operator:test', at: new Date() }));
  const clock: Clock = { now: () => new Date('2026-03-01T10:00:20Z'), monotonicMs: () => 0 };
  const doors = [database, second].map((on) => intakeOn(on, createAdmission({ database: on, quotas: quotasOn(on, clock) })));
  const answers = await Promise.allSettled(Array.from({ length: 140 }, async (_, at) => doors[at % 2]?.accept(tenantId, event(`E${at}`))));
  const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  assert.equal(answers.length - refused.length, 50);
  assert.ok(refused.every((error) => isFactotumError(error, 'quota.exceeded') && error.details?.retryAfterMs === 40_000));
  assert.equal((await stored(tenantId)).tasks.length, 50);
});

test('a mail that there is no room for is not even read', async () => {
  const { tenantId } = await tenants.build();
  const full = intakeOn(database, async () => {
    throw new FactotumError('quota.exceeded', 'Later.');
  });
  await assert.rejects(full.acceptMail(tenantId, Buffer.from('no mail'), drop), (error) => isFactotumError(error, 'quota.exceeded'));
});

test('a suspended tenant takes nothing in', async () => {
  const { tenantId, run } = await tenants.build();
  await run((tx) => sql`update app.tenant set state = 'suspended' where tenant_id = ${tenantId}`.execute(tx));
  const door = intakeOn(database, createAdmission({ database, quotas: quotasOn(database, systemClock) }));
  await assert.rejects(door.accept(tenantId, event('A1')), (error) => isFactotumError(error, 'tenant.suspended'));
  assert.equal((await stored(tenantId)).events.length, 0);
});

/** A pool whose connections lose the answer to a commit that has happened. */
function losingAnswerOf(pool: pg.Pool): pg.Pool {
  return new Proxy(pool, {
    get(target, name) {
      if (name !== 'connect') return Reflect.get(target, name, target);
      return async () => {
        const client = await target.connect();
        const query = client.query.bind(client);
        const losing = async (...args: Parameters<typeof query>) => {
          const answer = await query(...args);
          if (args[0] === 'commit') throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
          return answer;
        };
        // The connection goes back to the pool afterwards, and must be whole then.
        const release = client.release.bind(client);
        return Object.assign(client, {
          query: losing,
          release: (destroy?: boolean | Error) => {
            Object.assign(client, { query, release });
            release(destroy);
          },
        });
      };
    },
  });
}
