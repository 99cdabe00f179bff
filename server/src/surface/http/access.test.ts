import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { sql } from 'kysely';
import type { Id } from '#kernel';
import { withTenant } from '#kernel/database';
import { listEntries } from '#trust/audit';
import { allPermissions } from '#trust/identity';
import { farSide, playbook, scriptedTool } from '../../../test/flow/tools.ts';
import { type Sent, type TestCustomer, testHttp } from '../../../test/http.ts';
import { testOrigin } from '../../../test/identity.ts';

const { platform, http, send, buildCustomer } = await testHttp({
  tools: () => [scriptedTool({ name: 'pay.it', effect: 'money', side: farSide(), reversible: false })],
});

type Line = Parameters<typeof send>[0];

/** A tenant whose one task waits for an approval, with the address of everything it owns. */
let owner: TestCustomer;
let ownerKey: string;
let stranger: TestCustomer;
let theirs: Record<'task' | 'approval' | 'payloadHash' | 'event' | 'note' | 'generated', string>;

before(async () => {
  [owner, stranger] = [await buildCustomer(), await buildCustomer()];
  ownerKey = await owner.key();
  const text = playbook([{ id: 'one', tool: 'pay.it' }]);
  const note = 'Playbooks/Pay it.md';
  await send(`PUT /api/v1/vault/notes/${encodeURIComponent(note)}`, {
    key: ownerKey,
    body: text,
    headers: { 'content-type': 'text/markdown' },
  });
  const worker = await platform.startWorker();
  const taskId = await platform.send(owner.tenantId, { secret: 'canary' });
  const { approvals, task } = await platform.until(owner.tenantId, taskId, 'waiting');
  await worker.stop();
  const approval = approvals[0]!;
  const notes = (await (await send('GET /api/v1/vault/notes?prefix=Pending_Approval/', { key: ownerKey })).json()) as {
    items: { path: string }[];
  };
  theirs = {
    task: taskId,
    approval: approval.approvalId,
    payloadHash: approval.payloadHash,
    event: task.eventId,
    note,
    generated: notes.items[0]!.path,
  };
});

const csvMapping = {
  ...{ header: ['Day', 'Amount'], delimiter: ';', decimalPoint: ',', dateOrder: 'dmy' },
  columns: { bookedOn: 0, amount: 1 },
};

const toolManifest = {
  ...{ title: 'x', consequence: 'x', effect: 'read', risk: 'low', visibleOutside: false, readsPrivate: false, args: {} },
  ...{ timeoutMs: 1_000, callsPerMinute: 1 },
};

const identityProvider = {
  kind: 'oidc',
  name: 'x',
  enabled: false,
  joins: false,
  roles: { claim: null, rules: [], fallback: [] },
  oidc: { issuer: 'https://login.example.com', clientId: 'x' },
};

/** Every route with credentials, asked for something that the owner has: what is to be sent, and the id that is put into its address. */
function requests(): { line: Line; sent: Sent; permission: string }[] {
  const bodies: Record<string, Sent> = {
    'POST /api/v1/events': { json: { source: 'test', kind: 'test.x', externalId: 'access', payload: {} } },
    'POST /api/v1/events/mail': { body: 'From: a@example.com\r\nSubject: hi\r\n\r\nhi', headers: { 'content-type': 'message/rfc822' } },
    'POST /api/v1/approvals/{id}/decision': { json: { decision: 'accept', payloadHash: theirs.payloadHash } },
    'POST /api/v1/approvals/{id}/delegation': { json: { to: { kind: 'member', id: 'usr_000000000000000000000000' } } },
    'POST /api/v1/approvals/{id}/snooze': { json: { until: new Date(Date.now() + 3_600_000).toISOString() } },
    'POST /api/v1/approvals/{id}/comments': { json: { text: 'x' } },
    'POST /api/v1/tasks/{id}/replan': { json: { comment: 'x' } },
    'PUT /api/v1/me/views/{id}': { json: { name: 'x', filter: {} } },
    'POST /api/v1/vault/move': { json: { from: theirs.note, to: 'Inbox/Mine.md' } },
    'PUT /api/v1/roles/{id}': { json: { title: 'x', permissions: ['task:read'] } },
    'PUT /api/v1/teams/{id}': { json: { name: 'x' } },
    'PUT /api/v1/service-accounts/{id}': { json: { name: 'x', permissions: ['task:read'] } },
    'PUT /api/v1/sso/providers/{id}': { json: identityProvider },
    'POST /api/v1/sso/providers/{id}/domains': { json: { domain: 'mine.example' } },
    'PUT /api/v1/connections/{id}': { json: { name: 'x' } },
    'POST /api/v1/ledger/invoices/{id}/match': { json: { none: true } },
    'PUT /api/v1/ledger/accounts/{id}/mapping': { json: { mapping: csvMapping } },
    'PUT /api/v1/ledger/transactions/{id}': { json: { category: 'x' } },
    'PUT /api/v1/schedules/{id}': { json: { name: 'x' } },
    'PUT /api/v1/webhooks/{id}': { json: { description: 'x' } },
    'POST /api/v1/webhooks/{id}/replay': { json: { since: '2026-01-01T00:00:00Z' } },
    'POST /api/v1/tool-servers/{id}/tools/{tool}/confirmation': { json: { pin: '0'.repeat(64), manifest: toolManifest } },
    'PUT /api/v1/tool-servers/{id}': { json: { title: 'x', version: 1 } },
    'PUT /api/v1/secrets/{id}': { json: { value: 'x', ifVersion: 1 } },
    'POST /api/v1/secrets/{id}/rotation': { json: {} },
    'PUT /api/v1/uploads/{name}': { body: 'x' },
    'PUT /api/v1/vault/files/{path}': { body: 'x', headers: { 'if-match': '*' } },
    'PUT /api/v1/vault/notes/{path}': { body: 'x', headers: { 'content-type': 'text/markdown', 'if-match': '*' } },
  };
  return http.routes
    .filter(({ access }) => access !== 'open')
    .map(({ access, spec }) => {
      const name = `${spec.method.toUpperCase()} ${spec.path}`;
      const id = spec.path.includes('approvals') ? theirs.approval : theirs.task;
      const path = spec.path.includes('tile') ? '0/000.p/1' : theirs.note.split('/').map(encodeURIComponent).join('/');
      const line = name.replace('{id}', id).replace('{seq}', '3').replace('{version}', '1').replace('{path}', path) as Line; // a method and a path, as they were
      return { line, sent: bodies[name] ?? {}, permission: access };
    });
}

/** What is about whoever asks, or for operators. It needs no permission of a tenant, whatever state that is in. */
const isOfNoTenant = ({ permission }: { permission: string }) => ['person', 'known', 'operator'].includes(permission);

test('every route is closed to who has no credential, or one that is none', async () => {
  for (const { line, sent } of requests()) {
    for (const headers of [
      {},
      { authorization: 'Bearer fct_wrong' },
      { authorization: 'Basic YTpi' },
      { cookie: 'factotum.session_token=x.y' },
    ]) {
      const response = await send(line, { ...sent, headers: { ...sent.headers, ...headers } });
      const isCookieWrite = 'cookie' in headers && !line.startsWith('GET');
      // A cookie without an origin is refused before anybody looks whether it is a session.
      assert.equal(response.status, isCookieWrite ? 403 : 401, `${line} ${JSON.stringify(headers)}`);
      if (response.status === 401) assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer/);
    }
  }
});

test('every route is closed to who lacks its permission, and the log tells of the attempt', async () => {
  const customer = await buildCustomer();
  for (const { line, sent, permission } of requests().filter((request) => request.permission !== 'signed-in' && !isOfNoTenant(request))) {
    const key = await customer.key(...allPermissions.filter((held) => held !== permission));
    const response = await send(line, { ...sent, key });
    assert.equal(response.status, 403, line);
    assert.deepEqual(((await response.json()) as { details: unknown }).details, { permission });
  }
  await platform.sequencer.drained();
  const entries = await withTenant(platform.database.app.db, customer.tenantId, (tx) =>
    listEntries(tx, { tenantId: customer.tenantId, limit: 1_000 }),
  );
  const refused = entries.filter(({ kind }) => kind === 'access.refused');
  assert.equal(refused.length, requests().filter((request) => request.permission !== 'signed-in' && !isOfNoTenant(request)).length);
  assert.match(String(refused[0]?.detail.permission), /^\w+:\w+$/);
});

test('what is about a person is closed to keys, whatever they may do', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  for (const { line, sent } of requests().filter(({ permission }) => permission === 'person')) {
    const response = await send(line, { ...sent, key });
    assert.equal(response.status, 403, line);
    assert.equal(((await response.json()) as { code: string }).code, 'auth.forbidden', line);
  }
});

test("another tenant's objects are not there: the answer is that of an id that never was", async () => {
  const key = await stranger.key();
  const never: Record<string, string> = {
    [theirs.task]: 'tsk_000000000000000000000000',
    [theirs.approval]: 'apr_000000000000000000000000',
  };
  for (const { line, sent } of requests().filter((request) => /tsk_|apr_|Playbooks|move/.test(request.line) && !isOfNoTenant(request))) {
    const response = await send(line, { ...sent, key });
    const isWriting = line.startsWith('PUT /api/v1/vault/');
    assert.equal(response.status, isWriting ? 412 : 404, line);
    const body = withoutIds(await response.text());
    const unknown = Object.entries(never).reduce<string>((text, [id, other]) => text.replace(id, other), line) as Line; // the same form with other ids
    assert.equal(body, withoutIds(await (await send(unknown, { ...sent, key })).text()), line);
    assert.ok(!body.includes('canary'));
  }
  for (const path of [theirs.generated, theirs.note])
    assert.equal((await send(`GET /api/v1/vault/notes/${encodeURIComponent(path)}`, { key })).status, 404);
});

/** The request's id is its own each time. */
const withoutIds = (text: string): string => text.replace(/"requestId":"[^"]*"/, '');

test("another tenant's lists, cursors and idempotency keys are of no use", async () => {
  const key = await stranger.key();
  for (const list of ['tasks', 'approvals'] as const) {
    const { items } = (await (await send(`GET /api/v1/${list}`, { key })).json()) as { items: unknown[] };
    assert.deepEqual(items, [], list);
  }
  const { nextCursor } = (await (await send('GET /api/v1/vault/notes?limit=1', { key: ownerKey })).json()) as { nextCursor: string };
  assert.equal((await send(`GET /api/v1/vault/notes?cursor=${nextCursor}`, { key: ownerKey })).status, 200);
  assert.equal((await send(`GET /api/v1/vault/notes?cursor=${nextCursor}`, { key })).status, 400);
  assert.equal((await send(`GET /api/v1/tasks?cursor=${nextCursor}`, { key: ownerKey })).status, 400, 'of another list');
  const json = { source: 'test', kind: 'test.x', externalId: 'shared', payload: {} };
  const headers = { 'idempotency-key': 'shared' };
  const first = await send('POST /api/v1/events', { key: ownerKey, json, headers });
  const second = await send('POST /api/v1/events', { key, json, headers });
  assert.equal(second.headers.get('idempotency-replayed'), null);
  assert.notEqual(((await second.json()) as { taskId: string }).taskId, ((await first.json()) as { taskId: string }).taskId);
});

test('after all of that the owner finds everything as it was', async () => {
  const approval = (await (await send(`GET /api/v1/approvals/${theirs.approval}`, { key: ownerKey })).json()) as { state: string };
  assert.equal(approval.state, 'waiting');
  assert.equal((await send(`GET /api/v1/vault/notes/${encodeURIComponent(theirs.note)}`, { key: ownerKey })).status, 200);
});

test('a suspended tenant is told so, by every route', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  await withTenant(platform.database.app.db, customer.tenantId, (tx) =>
    sql`update tenant set state = 'suspended' where tenant_id = ${customer.tenantId}`.execute(tx),
  );
  for (const { line, sent } of requests().filter((request) => !isOfNoTenant(request) || request.line === 'GET /api/v1/me')) {
    const response = await send(line, { ...sent, key });
    assert.equal(response.status, 403, line);
    assert.equal(((await response.json()) as { code: string }).code, 'tenant.suspended', line);
  }
});

test("a foreign page cannot use somebody's session, nor end it, nor plant one", async () => {
  const cookie = await owner.signIn();
  const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  for (const { line, sent } of requests()) {
    const response = await send(line, { ...sent, cookie, headers: { ...sent.headers, ...foreign } });
    assert.equal(response.status, 403, line);
    assert.equal(((await response.json()) as { code: string }).code, 'request.foreign_origin', line);
  }
  assert.equal((await send('POST /api/auth/sign-out', { cookie, headers: foreign })).status, 403);
  const token = await platform.identity.createSignInLink(owner.tenantId);
  assert.equal((await send('POST /api/v1/session', { json: { token }, headers: foreign })).status, 403);
  assert.equal((await send('GET /api/v1/me', { cookie })).status, 200);
});

test('a session begins with a link that works once, is in the log, and ends', async () => {
  const customer = await buildCustomer();
  const token = await platform.identity.createSignInLink(customer.tenantId);
  const sent = { json: { token }, headers: { origin: testOrigin } };
  const begun = await send('POST /api/v1/session', sent);
  assert.equal(begun.status, 204);
  assert.match(begun.headers.getSetCookie()[0] ?? '', /HttpOnly; SameSite=Lax/);
  const again = await send('POST /api/v1/session', sent);
  assert.equal(again.status, 401);
  assert.equal(((await again.json()) as { code: string }).code, 'auth.link_invalid');

  for (const line of ['DELETE /api/v1/session', 'POST /api/auth/sign-out'] as const) {
    const cookie = await customer.signIn();
    const me = (await (await send('GET /api/v1/me', { cookie })).json()) as { principal: { kind: string } };
    assert.equal(me.principal.kind, 'user');
    assert.equal((await send(line, { cookie })).status, 204);
    assert.equal((await send('GET /api/v1/me', { cookie })).status, 401, line);
  }
  await platform.sequencer.drained();
  const kinds = (await entriesOf(customer.tenantId)).map(({ kind }) => kind).filter((kind) => kind.startsWith('session.'));
  assert.deepEqual(kinds.sort(), ['session.created', 'session.created', 'session.created', 'session.ended', 'session.ended']);
});

test('an answer shows content only after the log says who reads it', async () => {
  const before = (await entriesOf(owner.tenantId)).length;
  const lines = [
    `GET /api/v1/tasks/${theirs.task}`,
    `GET /api/v1/approvals/${theirs.approval}`,
    'GET /api/v1/approvals',
    'GET /api/v1/vault/notes/Contacts.md',
  ] as const;
  for (const line of lines) assert.equal((await send(line, { key: ownerKey })).status, 200, line);
  await platform.sequencer.drained();
  const entries = (await entriesOf(owner.tenantId)).slice(0, -before).reverse();
  assert.deepEqual(
    entries.map(({ kind, objectId }) => [kind, objectId?.slice(0, 3)]),
    [
      ['access.read', 'tsk'],
      ['access.read', 'apr'],
      ['access.read', undefined],
      ['note.read', 'not'],
    ],
  );
  assert.match(entries[0]?.actor ?? '', /^key:key_/);
  // Nothing is shown that cannot be written down.
  const deaf = await testHttp();
  const customer = await deaf.buildCustomer();
  const key = await customer.key();
  await deaf.platform.accessLog.close();
  assert.equal((await deaf.send('GET /api/v1/vault/notes/Contacts.md', { key })).status, 503);
});

async function entriesOf(tenantId: Id<'tenant'>) {
  await platform.sequencer.drained();
  return withTenant(platform.database.app.db, tenantId, (tx) => listEntries(tx, { tenantId, limit: 500 }));
}
