import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { createCorrespondence } from '#flow/correspondence';
import { createIntake, eventBodySchema } from '#flow/intake';
import { newId, systemClock } from '#kernel';
import { withTenant } from '#kernel/database';
import { testDatabase } from '../../../test/database.ts';
import { tenantFactory } from '../../../test/tenant.ts';

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
after(async () => {
  await tenants.close();
  await close();
});
const keysOf = tenants.keyring.of;
const intake = createIntake({ database, keysOf, clock: systemClock, admit: async () => undefined, onAccepted: () => undefined });
const correspondence = createCorrespondence({ database, keysOf });
const door = { channel: 'drop', submittedBy: 'connector:drop' } as const;

const mail = (fields: Record<string, string>, text = 'Hi') =>
  Buffer.from(
    `${Object.entries({ From: 'alice@example.com', Subject: 'Offer', ...fields })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n${text}\r\n`,
  );

async function buildTenant() {
  const { tenantId } = await tenants.build();
  const keys = await keysOf(tenantId);
  const bodyOf = async (eventId: string) => {
    const { rows } = await withTenant(database.app.db, tenantId, (tx) =>
      sql<{ kind: string; body: Buffer }>`select kind, body from app.event where event_id = ${eventId}`.execute(tx),
    );
    const [row] = rows;
    assert.ok(row !== undefined);
    return { kind: row.kind, ...keys.openJson({ kind: 'event', id: eventId }, row.body, eventBodySchema) };
  };
  const accept = async (fields: Record<string, string>, text?: string) => {
    const accepted = await intake.acceptMail(tenantId, mail(fields, text), door);
    return { ...accepted, ...(await bodyOf(accepted.eventId)) };
  };
  const operation = (taskId = newId('task'), key = `${taskId}/1/send`) => ({ tenantId, taskId, key, now: new Date() });
  const outgoing = async (at: ReturnType<typeof operation>, to = ['alice@example.com'], inReplyTo?: string) => ({
    body: { messageId: await correspondence.messageIdOf(at, 'office@demo.example'), to, connectionId: newId('connection'), result: null },
    inReplyTo,
  });
  return { tenantId, accept, operation, outgoing };
}

test('mails of one thread are found together in whichever order they come, and name the tasks before them', async () => {
  const { accept } = await buildTenant();
  const third = await accept({ 'Message-ID': '<3@x>', 'In-Reply-To': '<2@x>', References: '<1@x> <2@x>' });
  const first = await accept({ 'Message-ID': '<1@x>' });
  const second = await accept({ 'Message-ID': '<2@x>', 'In-Reply-To': '<1@x>' });
  const other = await accept({ 'Message-ID': '<9@x>' });
  assert.match(String(first.payload.threadId), /^thr_[0-9a-f]{24}$/);
  assert.deepEqual([second.payload.threadId, third.payload.threadId], [first.payload.threadId, first.payload.threadId]);
  assert.notEqual(other.payload.threadId, first.payload.threadId);
  assert.deepEqual([first.payload.earlierTaskId, second.payload.earlierTaskId], [null, first.taskId]);
});

test('another tenant knows nothing of a thread', async () => {
  const [one, two] = [await buildTenant(), await buildTenant()];
  const first = await one.accept({ 'Message-ID': '<1@x>' });
  const reply = await two.accept({ 'Message-ID': '<2@x>', 'In-Reply-To': '<1@x>' });
  assert.equal(reply.payload.earlierTaskId, null);
  assert.notEqual(reply.payload.threadId, first.payload.threadId);
});

test('an answer names the task that sent what it answers, and mail of ours that comes back is our own', async () => {
  const { accept, operation, outgoing } = await buildTenant();
  const at = operation();
  const sent = await outgoing(at);
  assert.equal(await correspondence.begin(at, sent), 'mine');
  assert.equal(await correspondence.begin(at, sent), null, 'the right to send is given once');
  const { messageId } = sent.body;
  const answer = await accept({ 'Message-ID': '<a@x>', 'In-Reply-To': messageId });
  assert.deepEqual([answer.payload.answersTaskId, answer.payload.automatic], [at.taskId, false]);
  const copy = await accept({ 'Message-ID': messageId });
  assert.deepEqual([copy.payload.automatic, copy.payload.automaticReason], [true, 'own']);
});

test('a mail of ours that could not be delivered makes a task that names the one that sent it; a notice about another’s mail does not', async () => {
  const { accept, operation, outgoing } = await buildTenant();
  const at = operation();
  const sent = await outgoing(at);
  await correspondence.begin(at, sent);
  const notice = (id: string, action = 'failed') =>
    accept(
      {
        From: 'MAILER-DAEMON@mx.example',
        'Message-ID': `<${action}.${id.length}@mx.example>`,
        'Content-Type': 'multipart/report; report-type=delivery-status; boundary=b',
      },
      `--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; bob@example.com\r\nAction: ${action}\r\nStatus: 5.1.1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: ${id}\r\n\r\nx\r\n--b--`,
    );
  const bounced = await notice(sent.body.messageId);
  assert.deepEqual([bounced.kind, bounced.payload.bouncedTaskId, bounced.payload.automatic], ['mail.bounced', at.taskId, true]);
  assert.deepEqual(bounced.payload.bounce, {
    isFinal: true,
    recipients: [{ address: 'bob@example.com', action: 'failed', status: '5.1.1', reason: '' }],
  });
  assert.equal(bounced.provenance.integrity, 'untrusted');
  const delayed = await notice(sent.body.messageId, 'delayed');
  assert.deepEqual([delayed.kind, delayed.payload.bouncedTaskId], ['mail.received', at.taskId]);
  const foreign = await notice('<guess@demo.example>');
  assert.deepEqual([foreign.kind, foreign.payload.bouncedTaskId], ['mail.received', undefined]);
  assert.equal((await intake.acceptMail(at.tenantId, mail({ 'Message-ID': '<z@x>' }), door)).created, true);
});

test('lists and programs are not answered, by whatever task and whatever is said to be answered', async () => {
  const { accept, operation, outgoing } = await buildTenant();
  const list = await accept({ 'Message-ID': '<l@x>', 'List-Id': '<news.x>', 'List-Post': '<mailto:news@x.org>', 'Reply-To': 'news@x.org' });
  const robot = await accept({ 'Message-ID': '<r@x>', 'Auto-Submitted': 'auto-replied', From: 'robot@x.org' });
  const hindered = async (taskId: string, to: string[], inReplyTo?: string) => {
    // The id is one that intake has just made.
    const at = operation(taskId as ReturnType<typeof newId<'task'>>);
    return correspondence.hindrance(at, await outgoing(at, to, inReplyTo), 10);
  };
  assert.deepEqual(await hindered(newId('task'), ['anybody@x.org'], '<l@x>'), { kind: 'automatic', reason: 'list' });
  for (const to of ['alice@example.com', 'news@x.org', 'NEWS@x.org'])
    assert.deepEqual(await hindered(list.taskId, [to]), { kind: 'automatic', reason: 'list' }, to);
  assert.deepEqual(await hindered(robot.taskId, ['boss@demo.example', 'robot@x.org']), { kind: 'automatic', reason: 'reply' });
  assert.equal(await hindered(robot.taskId, ['boss@demo.example']), null, 'others may be told');
});

test('two that answer each other end after so many answers in a thread, and to one address', async () => {
  const { accept, operation, outgoing } = await buildTenant();
  for (let turn = 0; turn < 5; turn += 1) {
    // One that forgets the thread each time.
    const received = await accept({ 'Message-ID': `<${turn}@x>`, ...(turn % 2 === 0 ? {} : { 'In-Reply-To': `<${turn - 1}@x>` }) });
    // The id is one that intake has just made.
    const at = operation(received.taskId as ReturnType<typeof newId<'task'>>);
    const reply = await outgoing(at, ['alice@example.com'], `<${turn}@x>`);
    assert.deepEqual(await correspondence.hindrance(at, reply, 3), turn < 3 ? null : { kind: 'loop' }, String(turn));
    if (turn < 3) await correspondence.begin(at, reply);
  }
});

test('what failed for certain may be sent again by one, and what was sent is known by its call', async () => {
  const { operation, outgoing } = await buildTenant();
  const at = operation();
  const sent = await outgoing(at);
  await correspondence.begin(at, sent);
  await correspondence.settle(at, sent.body, 'failed');
  const turns = await Promise.all(Array.from({ length: 5 }, () => correspondence.begin(at, sent)));
  assert.equal(turns.filter((turn) => turn === 'mine').length, 1);
  await correspondence.settle(at, { ...sent.body, result: { accepted: ['alice@example.com'], rejected: [] } }, 'sent');
  const found = await correspondence.find(at);
  assert.deepEqual([found?.state, found?.body.result?.accepted], ['sent', ['alice@example.com']]);
  assert.equal(await correspondence.find(operation()), null);
});
