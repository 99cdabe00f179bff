import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createHost } from '@factotum/connector-sdk/test';
import { sql } from 'kysely';
import PostalMime from 'postal-mime';
import { eventBodySchema } from '#flow/intake';
import type { Id } from '#kernel';
import { withTenant } from '#kernel/database';
import { createMailConnector } from '../src/connector/mail/index.ts';
import { accountOf, alice, bob, passwordOf, post, readInbox } from './mail-accounts.ts';
import { startMailServers } from './mail-servers.ts';
import { eventually, type TestPlatform, testPlatform } from './platform.ts';
import { buildToolCaller } from './tool-calls.ts';

/** A mailbox that is read in while everything goes wrong. Ten thousand take minutes. */
const messages = Number(process.env.FACTOTUM_TEST_MESSAGES ?? 2_000);

/** The tenant's events, opened. */
async function eventsOf(platform: TestPlatform, tenantId: Id<'tenant'>) {
  const keys = await platform.keyring.of(tenantId);
  const { rows } = await withTenant(platform.database.app.db, tenantId, (tx) =>
    sql<{ eventId: string; taskId: string; kind: string; state: string; body: Buffer }>`
      select e.event_id, e.task_id, e.kind, t.state, e.body from app.event e join app.task t on t.tenant_id = e.tenant_id and t.task_id = e.task_id
      where e.tenant_id = ${tenantId} order by e.received_at`.execute(tx),
  );
  return rows.map(({ body, ...row }) => ({ ...row, ...keys.openJson({ kind: 'event', id: row.eventId }, body, eventBodySchema) }));
}

async function countOf(platform: TestPlatform, tenantId: Id<'tenant'>) {
  const { rows } = await withTenant(platform.database.app.db, tenantId, (tx) =>
    sql<{ events: number; tasks: number; waiting: number }>`
      select (select count(*)::int from app.event) as events, count(*)::int as tasks, count(*) filter (where state <> 'done')::int as waiting from app.task`.execute(
      tx,
    ),
  );
  return rows[0] ?? assert.fail();
}

/** Between client and server, to cut lines where they are. */
async function startCutter(t: TestContext, port: number) {
  const pairs = new Set<Socket>();
  const server = createServer((client) => {
    const behind = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      pairs.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        pairs.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  t.after(() => {
    for (const socket of pairs) socket.destroy();
    server.close();
  });
  return {
    port: address.port,
    cut: () => {
      for (const socket of pairs) socket.destroy();
    },
  };
}

test('a large mailbox is read while its server is killed, renumbered and cut off: nothing is lost and nothing doubled', {
  timeout: 1_800_000,
}, async (t) => {
  const servers = await startMailServers(t);
  await servers.fill(
    alice,
    Array.from(
      { length: messages },
      (_, at) =>
        `From: c${at % 97}@x.example\r\nTo: ${alice}\r\nSubject: Mail ${at}\r\nMessage-ID: <${at}@x.example>\r\n\r\nHello ${at}\r\n${'word '.repeat(at % 200)}\r\n`,
    ),
  );
  const cutter = await startCutter(t, servers.imapsPort);
  const platform = await testPlatform({
    environment: { FACTOTUM_CONNECTION_ALLOW_HOSTS: `localhost:${cutter.port},localhost:${servers.smtpPort}` },
  });
  const tenantId = await platform.buildTenant();
  await withTenant(platform.database.app.db, tenantId, (tx) =>
    sql`insert into app.quota_limit (tenant_id, name, value, set_by) values (${tenantId}, 'eventsPerMinute', 10000000, 'operator:test')`.execute(
      tx,
    ),
  );
  const begun = performance.now();
  const connection = await platform.connections.create(
    tenantId,
    { connector: 'mail', name: 'Office', settings: accountOf(servers, alice, cutter.port), credentials: { password: passwordOf(alice) } },
    { actor: 'user:usr_1' },
  );
  const watcher = platform.createWatcher();
  await watcher.start();
  t.after(() => watcher.stop());
  /** Waits for so many arrivals, known ones included. A fault makes the watcher pause; somebody who looks does not wait for it. */
  const looked = async () => {
    const { health } = await platform.connections.get(tenantId, connection.id);
    if (health.fault !== null) await platform.connections.pollNow(tenantId, connection.id);
    return health;
  };
  const reaches = (arrivals: number) =>
    eventually(
      async () => ((await looked()).arrivals >= arrivals ? true : undefined),
      () => `fewer than ${arrivals} arrivals`,
      600_000,
    );
  let posted = 0;
  const postOne = () =>
    post(servers, {
      from: 'customer@x.example',
      to: alice,
      subject: `New ${posted++}`,
      text: 'Now',
      messageId: `<new${posted}@x.example>`,
    });

  await reaches(messages * 0.15);
  await servers.killImap();
  await postOne();
  await servers.startImap();
  for (const part of [0.3, 0.4, 0.5]) {
    await reaches(messages * part);
    cutter.cut();
    await postOne();
  }
  await reaches(messages * 0.65);
  await servers.killImap();
  await servers.changeUidValidity(alice);
  await servers.startImap();
  await eventually(
    async () => {
      const { fault, progress, arrivals } = await looked();
      return arrivals > messages * 0.66 &&
        fault === null &&
        progress !== null &&
        progress.of !== null &&
        progress.of > messages &&
        progress.done === progress.of
        ? true
        : undefined;
    },
    () => 'the past is not at its end',
    600_000,
  );
  const took = performance.now() - begun;
  // What came while the server was dead waits at Exim for a second or two.
  await eventually(
    async () => ((await countOf(platform, tenantId)).events >= messages + posted ? true : undefined),
    () => 'what was posted has not all arrived',
    120_000,
  );
  const arrived = await eventsOf(platform, tenantId);
  const missing = Array.from({ length: posted }, (_, at) => `New ${at}`).filter((title) => !arrived.some((event) => event.title === title));
  assert.deepEqual(missing, []);
  const count = await countOf(platform, tenantId);
  assert.deepEqual(count, { events: messages + posted, tasks: messages + posted, waiting: posted });
  const subjects = new Set(arrived.map(({ title }) => title));
  assert.equal(subjects.size, messages + posted);
  t.diagnostic(
    `${messages} messages in ${Math.round(took / 1_000)} s (${Math.round(messages / (took / 1_000))} a second), with a kill, three cuts and a renumbering`,
  );
});

test('a customer writes, is answered in the thread, gets files, and what cannot be delivered names the task that sent it', {
  timeout: 300_000,
}, async (t) => {
  const servers = await startMailServers(t);
  const platform = await testPlatform({
    environment: { FACTOTUM_CONNECTION_ALLOW_HOSTS: `localhost:${servers.imapsPort},localhost:${servers.smtpPort}` },
  });
  const tenant = await buildToolCaller(platform, { 'Offers/Price list.md': '# Prices' });
  const { tenantId } = tenant;
  await platform.connections.create(
    tenantId,
    { connector: 'mail', name: 'Office', settings: accountOf(servers, alice), credentials: { password: passwordOf(alice) } },
    { actor: 'user:usr_1' },
  );
  const watcher = platform.createWatcher();
  await watcher.start();
  t.after(() => watcher.stop());
  const arrived = (what: string, isIt: (event: Awaited<ReturnType<typeof eventsOf>>[number]) => boolean) =>
    eventually(
      async () => (await eventsOf(platform, tenantId)).find(isIt),
      () => `${what} did not arrive`,
      120_000,
    );
  await eventually(
    async () => ((await platform.connections.list(tenantId))[0]?.health.lastSuccessAt === null ? undefined : true),
    () => 'the account was not polled',
    60_000,
  );
  const inbox = (subject: RegExp) =>
    eventually(
      async () => (await readInbox(servers, bob)).find((mail) => subject.test(mail.subject ?? '')),
      () => `the customer has no mail ${subject}`,
      120_000,
    );

  const sentAt = performance.now();
  await post(servers, { from: bob, to: alice, subject: 'What does it cost?', text: 'Please tell me.', messageId: '<question@acme.test>' });
  const question = await arrived('the question', ({ title }) => title === 'What does it cost?');
  t.diagnostic(`from SMTP to the task in ${Math.round(performance.now() - sentAt)} ms`);
  // The id is one that intake has just made.
  const taskId = question.taskId as Id<'task'>;

  await tenant.done(
    'mail.draft',
    { to: [bob], subject: 'Re: What does it cost?', text: 'Ten.', inReplyTo: '<question@acme.test>' },
    { taskId },
  );
  const reply = await tenant.done(
    'mail.reply',
    { to: [bob], text: 'Ten euros.', inReplyTo: '<question@acme.test>' },
    { taskId, now: new Date() },
  );
  const got = await inbox(/^Re: What/);
  assert.deepEqual([got.inReplyTo, got.references, got.messageId], ['<question@acme.test>', '<question@acme.test>', reply.messageId]);
  const files = await tenant.done(
    'mail.send_files',
    { to: [bob], subject: 'Our prices', text: 'Attached.', attachments: ['Offers/Price list.md'] },
    { now: new Date() },
  );
  assert.equal((await inbox(/^Our prices$/)).attachments[0]?.filename, 'Price list.md');

  const office = createHost({
    connector: createMailConnector(),
    settings: { ...accountOf(servers, alice), folders: ['Sent', 'Drafts'] } as never,
    credentials: { password: passwordOf(alice) },
  });
  await office.drain();
  const kept = await Promise.all(
    office.arrivals.map(async (arrival) => (arrival.form === 'mail' ? (await PostalMime.parse(arrival.bytes)).messageId : '')),
  );
  assert.deepEqual(kept.sort(), [files.messageId, reply.messageId].sort(), 'the draft is one, and is no mail');

  await post(servers, {
    from: bob,
    to: alice,
    subject: 'Re: What does it cost?',
    text: 'Thanks.',
    messageId: '<thanks@acme.test>',
    ...{ inReplyTo: String(reply.messageId), references: String(reply.messageId) },
  });
  const thanks = await arrived('the thanks', ({ payload }) => payload.messageId === '<thanks@acme.test>');
  assert.deepEqual([thanks.payload.answersTaskId, thanks.payload.threadId], [taskId, question.payload.threadId]);

  await tenant.done('mail.send', { to: ['nobody@acme.test'], subject: 'Is anybody there?', text: 'Hello' }, { taskId, now: new Date() });
  const bounced = await arrived('the notice', ({ kind }) => kind === 'mail.bounced');
  assert.deepEqual([bounced.payload.bouncedTaskId, bounced.payload.automatic], [taskId, true]);
  assert.match(JSON.stringify(bounced.payload.bounce), /nobody@acme\.test/);
});
