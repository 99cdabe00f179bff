import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { operatorPrincipal } from '#trust/identity';
import { farSide, playbook, scriptedTool } from '../../../test/flow/tools.ts';
import { type Line, type Sent, type TestCustomer, testHttp } from '../../../test/http.ts';
import { eventually } from '../../../test/platform.ts';

const undo: (() => Promise<void>)[] = [];
after(async () => {
  for (const step of undo) await step();
});

const side = farSide();
let isBroken = true;
const {
  platform,
  http,
  send,
  ask: askAs,
  buildCustomer,
} = await testHttp({
  tools: () => [
    scriptedTool({ name: 'see.it', effect: 'read', side }),
    scriptedTool({ name: 'pay.it', effect: 'money', side, reversible: false }),
    scriptedTool({
      name: 'fail.it',
      effect: 'write',
      side,
      script: (_, { value }) =>
        isBroken
          ? { kind: 'failed', failure: 'permanent', code: 'tool.failed', message: 'The far side said no.' }
          : { kind: 'done', result: { value } },
    }),
    scriptedTool({
      name: 'lost.it',
      effect: 'write',
      side,
      canLookup: false,
      reversible: false,
      script: () => ({ kind: 'unknown', message: 'The line went dead.' }),
    }),
  ],
});

interface Approval {
  readonly id: string;
  readonly taskId: string;
  readonly payloadHash: string;
  readonly state: string;
  readonly decidedBy: string | null;
}
interface Task {
  readonly id: string;
  readonly state: string;
  readonly waitReason: string | null;
  readonly question: string | null;
  readonly event: { readonly payload: unknown };
  readonly steps: readonly {
    id: string;
    state: string;
    verdict: string | null;
    headline: string;
    result: unknown;
    approvalId: string | null;
  }[];
  readonly approvals: readonly Approval[];
  readonly timeline: readonly { kind: string; text: string }[];
}
interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

let customer: TestCustomer;
let key: string;
before(async () => {
  customer = await buildCustomer();
  key = await customer.key();
  await platform.sequencer.start();
  undo.push(() => platform.sequencer.stop());
  await platform.startWorker();
  const books = {
    pay: playbook(
      [
        { id: 'look', tool: 'see.it' },
        { id: 'pay', tool: 'pay.it', after: ['look'] },
        { id: 'check', tool: 'see.it', after: ['pay'] },
      ],
      'Pay',
    ),
    fail: playbook([{ id: 'one', tool: 'fail.it' }], 'Fail').replace('source: test', 'source: fail'),
    lost: playbook([{ id: 'one', tool: 'lost.it' }], 'Lose').replace('source: test', 'source: lost'),
  };
  for (const [name, text] of Object.entries(books)) await put(`Playbooks/${name}.md`, text, { 'if-none-match': '*' });
});

const ask = <T>(line: Line, sent: Sent = {}) => askAs<T>(line, { key, ...sent });
const codeOf = async (line: Line, sent: Sent = {}) => {
  const response = await send(line, { key, ...sent });
  return [response.status, ((await response.json()) as { code?: string }).code];
};
const put = (path: string, body: string, headers: Record<string, string> = {}) =>
  send(`PUT /api/v1/vault/notes/${encodeURIComponent(path)}`, { key, body, headers: { 'content-type': 'text/markdown', ...headers } });

let events = 0;
/** Sends an event and waits until its task is in this state. */
async function taskIn(state: string, source = 'test'): Promise<Task> {
  events += 1;
  const json = { source, kind: 'test.happened', externalId: `work-${events}`, payload: { secret: 'apricot' } };
  const { taskId } = await ask<{ taskId: string }>('POST /api/v1/events', { json });
  return until(taskId, state);
}
const until = (taskId: string, state: string) =>
  eventually(
    async () => {
      const task = await ask<Task>(`GET /api/v1/tasks/${taskId}`);
      return task.state === state ? task : undefined;
    },
    () => `the task did not become ${state}`,
  );

test('an event is taken in once, and with another payload it is a conflict that says what was there', async () => {
  const json = { source: 'shop', kind: 'order.placed', externalId: 'o-1', occurredAt: '2026-03-01T10:00:00+01:00', payload: { total: 5 } };
  const first = await send('POST /api/v1/events', { key, json });
  assert.equal(first.status, 202);
  const again = await send('POST /api/v1/events', { key, json });
  assert.equal(again.status, 200);
  assert.equal(await again.text(), await first.clone().text());
  const other = await send('POST /api/v1/events', { key, json: { ...json, payload: { total: 6 } } });
  assert.equal(other.status, 409);
  const problem = (await other.json()) as { code: string; details: object };
  assert.equal(problem.code, 'event.conflict');
  assert.deepEqual(problem.details, await first.json());
});

test('more events than the tenant may send are put off, with the time to come back', async () => {
  const small = await buildCustomer({ eventsPerMinute: 1 });
  const smallKey = await small.key();
  const sendOne = (externalId: string) =>
    send('POST /api/v1/events', { key: smallKey, json: { source: 'shop', kind: 'order.placed', externalId, payload: {} } });
  // The minute may turn between two of them.
  const answers = [await sendOne('1'), await sendOne('2'), await sendOne('3')];
  const refused = answers.find(({ status }) => status === 429);
  assert.ok(refused !== undefined, 'the limit did not hold');
  const seconds = Number(refused.headers.get('retry-after'));
  assert.ok(seconds >= 1 && seconds <= 60, `retry-after: ${seconds}`);
  assert.equal(((await refused.json()) as { code: string }).code, 'quota.exceeded');
});

test('a mail is one event however often it comes, and its bytes are its name', async () => {
  const mail = {
    key,
    body: 'From: a@example.com\r\nTo: b@example.com\r\nSubject: Hello\r\nMessage-ID: <1@example.com>\r\n\r\nHi',
    headers: { 'content-type': 'message/rfc822' },
  };
  assert.equal((await send('POST /api/v1/events/mail', mail)).status, 202);
  const again = await send('POST /api/v1/events/mail', mail);
  assert.equal(again.status, 200);
  const { taskId } = (await again.json()) as { taskId: string };
  const task = await ask<{ event: { externalId: string; provenance: object }; title: string }>(`GET /api/v1/tasks/${taskId}`);
  assert.match(task.event.externalId, /^sha256:[0-9a-f]{64}$/);
  assert.equal(task.title, 'Hello');
});

test('a task shows its event, its plan, every step as far as it has come, and what happened', async () => {
  const task = await taskIn('waiting');
  assert.deepEqual(task.event.payload, { secret: 'apricot' });
  assert.deepEqual(
    task.steps.map(({ id, state, verdict }) => [id, state, verdict]),
    [
      ['look', 'done', 'auto'],
      ['pay', 'waiting', 'ask'],
      ['check', 'pending', null],
    ],
  );
  assert.equal(task.steps[1]?.headline, 'pay.it pay');
  assert.equal(task.steps[1]?.approvalId, task.approvals[0]?.id);
  const { timeline } = await eventually(async () => {
    const seen = await ask<Task>(`GET /api/v1/tasks/${task.id}`);
    return seen.timeline.some(({ kind }) => kind === 'approval.requested') ? seen : undefined;
  });
  const texts = timeline.map(({ text }) => text);
  assert.ok(texts.includes('Arrived from test.'), texts.join('|'));
  assert.ok(texts.includes('A person is asked about step pay, pay.it.'), texts.join('|'));
  assert.ok(!timeline.some(({ kind }) => kind.startsWith('access.')), 'who looked is no part of what happened');
  assert.ok(!timeline.some(({ text }) => /undefined|\[object/.test(text)), texts.join('|'));
});

test('one decision counts: of two at once one wins, the other hears who and when; then the work is done once', async () => {
  const task = await taskIn('waiting');
  const approval = task.approvals[0]!;
  const line = `POST /api/v1/approvals/${approval.id}/decision` as const;
  const stale = approval.payloadHash.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
  assert.deepEqual(await codeOf(line, { json: { decision: 'accept', payloadHash: stale } }), [409, 'approval.changed']);
  const decision = { json: { decision: 'accept', payloadHash: approval.payloadHash } };
  const both = await Promise.all([send(line, { key, ...decision }), send(line, { key, ...decision })]);
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409]);
  const lost = (await both.find(({ status }) => status === 409)!.json()) as Record<string, unknown>;
  assert.equal(lost.code, 'approval.already_decided');
  assert.match(String(lost.decidedBy), /^key:key_/);
  assert.match(String(lost.decidedAt), /^\d{4}-/);
  const done = await until(task.id, 'done');
  assert.equal(done.approvals[0]?.state, 'approved');
  assert.equal(side.effects.filter((effect) => effect === 'pay.it:pay').length, 1);
  assert.deepEqual(await codeOf(line, decision), [409, 'approval.already_decided']);
});

test('a rejection needs a reason, is recorded with it, and nothing is done', async () => {
  const paid = () => side.effects.filter((effect) => effect.startsWith('pay.it')).length;
  const before = paid();
  const task = await taskIn('waiting');
  const { id, payloadHash } = task.approvals[0]!;
  const line = `POST /api/v1/approvals/${id}/decision` as const;
  assert.deepEqual(await codeOf(line, { json: { decision: 'reject', payloadHash } }), [400, 'request.invalid']);
  assert.deepEqual(await codeOf(line, { json: { decision: 'edit', payloadHash, edits: { value: 5 } } }), [422, 'approval.edit_invalid']);
  assert.deepEqual(await codeOf(line, { json: { decision: 'delegate', payloadHash, to: 'a\0b' } }), [400, 'request.invalid']);
  const rejected = await ask<{ state: string; comment: string }>(line, {
    json: { decision: 'reject', payloadHash, comment: 'Not this one' },
  });
  assert.deepEqual([rejected.state, rejected.comment], ['rejected', 'Not this one']);
  await until(task.id, 'done');
  assert.equal(paid(), before);
});

test('lists are paged without gaps or repeats, by state, newest first', async () => {
  for (let made = 0; made < 3; made += 1) await taskIn('waiting');
  const whole = await ask<Page<Task>>('GET /api/v1/tasks?state=waiting');
  const seen: string[] = [];
  let cursor = '';
  do {
    const { items, nextCursor } = await ask<Page<Task>>(`GET /api/v1/tasks?state=waiting&limit=2${cursor}`);
    assert.ok(items.length <= 2);
    seen.push(...items.map(({ id }) => id));
    cursor = nextCursor === null ? '' : `&cursor=${nextCursor}`;
  } while (cursor !== '');
  assert.deepEqual(
    seen,
    whole.items.map(({ id }) => id),
  );
  assert.deepEqual(seen, [...seen].sort().reverse());
  const approvals = await ask<Page<Approval>>('GET /api/v1/approvals?state=waiting&limit=1');
  assert.equal(approvals.items[0]?.state, 'waiting');
  assert.notEqual(approvals.nextCursor, null);
  const all = await ask<Page<Approval>>('GET /api/v1/approvals');
  assert.ok(all.items.some(({ state }) => state === 'approved'));
});

test('a task is cancelled once, and a finished one not at all', async () => {
  const task = await taskIn('waiting');
  assert.equal((await ask<Task>(`POST /api/v1/tasks/${task.id}/cancel`)).id, task.id);
  const cancelled = await until(task.id, 'cancelled');
  assert.equal(cancelled.approvals[0]?.state, 'cancelled');
  assert.deepEqual(await codeOf(`POST /api/v1/tasks/${task.id}/cancel`), [409, 'task.not_cancellable']);
  assert.deepEqual(await codeOf(`POST /api/v1/tasks/${task.id}/resume`), [409, 'task.not_resumable']);
});

test('a failed task goes on when a person says so, and an unknown step as they found out', async () => {
  const failed = await taskIn('failed', 'fail');
  isBroken = false;
  await ask(`POST /api/v1/tasks/${failed.id}/resume`, { json: { comment: 'It works again' } });
  await until(failed.id, 'done');
  const lost = await taskIn('waiting', 'lost');
  const { id, payloadHash } = lost.approvals[0]!;
  await ask(`POST /api/v1/approvals/${id}/decision`, { json: { decision: 'accept', payloadHash } });
  await eventually(async () => ((await ask<Task>(`GET /api/v1/tasks/${lost.id}`)).waitReason === 'unknown' ? true : undefined));
  const line = `POST /api/v1/tasks/${lost.id}/resume` as const;
  assert.deepEqual(await codeOf(line, { json: { settle: { one: 'perhaps' } } }), [400, 'request.invalid']);
  assert.deepEqual(await codeOf(line, { json: { settle: { two: 'done' } } }), [409, 'task.not_resumable']);
  await ask(line, { json: { settle: { one: 'done' } } });
  assert.equal((await until(lost.id, 'done')).steps[0]?.state, 'done');
});

test('a note is only replaced, moved and deleted by who has read it', async () => {
  const path = 'Inbox/Plans.md';
  const created = await put(path, 'one');
  assert.equal(created.status, 201);
  const read = await send(`GET /api/v1/vault/notes/${path}`, { key });
  assert.equal(await read.text(), 'one');
  const etag = read.headers.get('etag') ?? '';
  assert.equal((await send(`GET /api/v1/vault/notes/${path}`, { key, headers: { 'if-none-match': etag } })).status, 304);
  assert.equal((await put(path, 'two')).status, 412, 'without a condition');
  assert.equal((await put(path, 'two', { 'if-none-match': '*' })).status, 409);
  assert.equal((await put(path, 'two', { 'if-match': '"other"' })).status, 412);
  assert.equal((await put(path, 'two', { 'if-match': etag })).status, 200);
  assert.equal((await put(path, 'three', { 'if-match': etag })).status, 412, 'somebody else was faster');
  assert.equal((await send(`DELETE /api/v1/vault/notes/${path}`, { key, headers: { 'if-match': etag } })).status, 412);
  assert.deepEqual(await codeOf('POST /api/v1/vault/move', { json: { from: path, to: 'Inbox/Moved.md', ifMatch: etag } }), [
    412,
    'vault.changed',
  ]);
  const moved = await ask<{ path: string; etag: string }>('POST /api/v1/vault/move', { json: { from: path, to: 'Inbox/Moved.md' } });
  assert.equal(moved.path, 'Inbox/Moved.md');
  assert.equal((await send(`DELETE /api/v1/vault/notes/${moved.path}`, { key, headers: { 'if-match': `"${moved.etag}"` } })).status, 204);
  assert.equal((await send(`GET /api/v1/vault/notes/${moved.path}`, { key })).status, 404);
  assert.equal((await send(`DELETE /api/v1/vault/notes/${moved.path}`, { key })).status, 404);
});

test('moving the note of an approval decides it, for who may decide, about the bytes that they saw', async () => {
  const task = await taskIn('waiting');
  const { items } = await ask<Page<{ path: string; etag: string; generated: boolean }>>(
    'GET /api/v1/vault/notes?prefix=Pending_Approval&limit=200',
  );
  const note = items.find(({ path }) => path.includes(task.approvals[0]!.id))!;
  assert.ok(note.generated);
  const address = `/api/v1/vault/notes/${note.path.split('/').map(encodeURIComponent).join('/')}` as const;
  assert.match(await (await send(`GET ${address}`, { key })).text(), new RegExp(`payloadHash: ${task.approvals[0]!.payloadHash}`));
  assert.equal((await put(note.path, 'changed', { 'if-match': note.etag })).status, 409);
  assert.deepEqual(await codeOf(`DELETE ${address}`), [409, 'vault.generated']);
  const json = { from: note.path, to: note.path.replace('Pending_Approval', 'Approved'), ifMatch: note.etag };
  assert.deepEqual(await codeOf('POST /api/v1/vault/move', { key: await customer.key('vault:write'), json }), [403, 'auth.forbidden']);
  assert.deepEqual(await codeOf('POST /api/v1/vault/move', { json: { ...json, ifMatch: 'other' } }), [409, 'approval.note_changed']);
  assert.deepEqual(await codeOf('POST /api/v1/vault/move', { json: { from: json.from, to: json.to } }), [409, 'approval.note_changed']);
  assert.deepEqual(await codeOf('POST /api/v1/vault/move', { json: { ...json, to: 'Inbox/Mine.md' } }), [409, 'vault.generated']);
  assert.deepEqual(await codeOf('POST /api/v1/vault/move', { json: { from: 'Contacts.md', to: json.to } }), [409, 'vault.generated']);
  const moved = await ask<{ decision: string; path: string }>('POST /api/v1/vault/move', { json });
  assert.equal(moved.decision, 'accept');
  assert.match(moved.path, /^Approved\//);
  await until(task.id, 'done');
});

test('the vault is listed by path, stored and generated notes alike, page by page', async () => {
  const whole = await ask<Page<{ path: string }>>('GET /api/v1/vault/notes?limit=200');
  const paths = whole.items.map(({ path }) => path);
  assert.deepEqual(paths, [...paths].sort());
  assert.ok(paths.includes('Dashboard.md') && paths.includes('Playbooks/pay.md'));
  const seen: string[] = [];
  let cursor = '';
  do {
    const { items, nextCursor } = await ask<Page<{ path: string }>>(`GET /api/v1/vault/notes?limit=7${cursor}`);
    seen.push(...items.map(({ path }) => path));
    cursor = nextCursor === null ? '' : `&cursor=${nextCursor}`;
  } while (cursor !== '');
  assert.deepEqual(seen, paths);
});

test('the audit log is listed, proven and checked, and published as tiles', async () => {
  await platform.sequencer.drained();
  const newest = await ask<Page<{ seq: number; body: string; text: string }>>('GET /api/v1/audit/entries?limit=3');
  assert.equal(newest.items.length, 3);
  const top = newest.items[0]!.seq;
  assert.deepEqual(
    newest.items.map(({ seq }) => seq),
    [top, top - 1, top - 2],
  );
  const next = await ask<Page<{ seq: number }>>(`GET /api/v1/audit/entries?limit=3&cursor=${newest.nextCursor}`);
  assert.equal(next.items[0]?.seq, top - 3);
  const oldest = await ask<Page<{ seq: number }>>('GET /api/v1/audit/entries?after=-1&limit=2');
  assert.deepEqual(
    oldest.items.map(({ seq }) => seq),
    [0, 1],
  );
  const after = await ask<Page<{ seq: number }>>(`GET /api/v1/audit/entries?after=-1&limit=2&cursor=${oldest.nextCursor}`);
  assert.deepEqual(
    after.items.map(({ seq }) => seq),
    [2, 3],
  );
  const before = await ask<Page<{ seq: number }>>('GET /api/v1/audit/entries?before=2');
  assert.deepEqual(
    before.items.map(({ seq }) => seq),
    [1, 0],
  );
  for (const { text, body } of newest.items) assert.ok(text.length > 0 && !body.includes('apricot'));
  const proof = await ask<{ seq: number; hashes: string[]; checkpoint: string }>(`GET /api/v1/audit/entries/${top}/proof`);
  assert.equal(proof.seq, top);
  assert.deepEqual(await codeOf('GET /api/v1/audit/entries/999999/proof'), [404, 'request.not_found']);
  assert.deepEqual(await codeOf('GET /api/v1/audit/entries/-1/proof'), [404, 'request.not_found']);
  const report = await ask<{ ok: boolean; entries: number }>('POST /api/v1/audit/verify');
  assert.ok(report.ok && report.entries > top);
  const checkpoint = await (await send('GET /api/v1/audit/log/checkpoint', { key })).text();
  assert.equal(Number(checkpoint.split('\n')[1]), report.entries);
  assert.match(await (await send('GET /api/v1/audit/log/key', { key })).text(), /^factotum\/\S+\+[0-9a-f]{8}\+\S+\n$/);
  const tile = await send('GET /api/v1/audit/log/tile/0/000.p/2', { key });
  assert.equal((await tile.arrayBuffer()).byteLength, 64);
  for (const path of ['0/999', 'x', '0/000.p/0', 'entries/9'] as const)
    assert.equal((await send(`GET /api/v1/audit/log/tile/${path}`, { key })).status, 404, path);
});

test('the operator comes through the same routes, by their own name', async () => {
  const operator = operatorPrincipal('root', customer.tenantId);
  const me = await http.fetchAs(new Request('http://factotum/api/v1/me'), operator);
  assert.equal(((await me.json()) as { principal: { actor: string } }).principal.actor, 'operator:root');
  const body = JSON.stringify({ source: 'shop', kind: 'order.placed', externalId: 'by command', payload: {} });
  const headers = { 'content-type': 'application/json' };
  const sent = await http.fetchAs(new Request('http://factotum/api/v1/events', { method: 'POST', body, headers }), operator);
  const { taskId } = (await sent.json()) as { taskId: string };
  const { event } = await ask<{ event: { channel: string } }>(`GET /api/v1/tasks/${taskId}`);
  assert.equal(event.channel, 'command');
});
