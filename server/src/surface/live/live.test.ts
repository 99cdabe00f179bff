import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { WebSocket } from 'ws';
import { withTenant } from '#kernel/database';
import { createLive } from '#surface/live';
import { recordAudit } from '#trust/audit';
import { createClientAddress } from '#trust/identity';
import { closeTenant, suspendTenant } from '#trust/tenant';
import { testHttp } from '../../../test/http.ts';
import { cookiesOf, testOrigin } from '../../../test/identity.ts';
import { eventually } from '../../../test/platform.ts';

// Registered first, since what the platform gives back must not be in use any more.
const undo: (() => void | Promise<void>)[] = [];
after(async () => {
  for (const step of undo.reverse()) await step();
});

const { platform, http, deps, send, ...rest } = await testHttp();
let pulse = () => undefined as unknown;
const live = createLive({
  ...platform,
  isOurs: () => true,
  connectionsPerTenantMax: 3,
  onPulse: (listener) => {
    pulse = listener;
    return () => undefined;
  },
});
await platform.identity.start();
await platform.sequencer.start();
undo.push(() => platform.sequencer.stop());
const port = await http.listen({ host: '127.0.0.1', port: 0, onUpgrade: live.onUpgrade });
undo.push(
  () => http.close(100),
  () => live.close(),
);

/** Everything that making a tenant changes has been told before anybody listens. */
async function buildCustomer() {
  const customer = await rest.buildCustomer();
  await platform.sequencer.drained();
  return customer;
}

interface Message {
  readonly seq: number;
  readonly kind: string;
  readonly id: string;
  readonly state: string | null;
}

/** Opens a feed; resolves with what it hears, or with the status of the refusal. */
async function listen(
  headers: Record<string, string>,
  query = '',
): Promise<{ socket: WebSocket; heard: Message[]; closed: Promise<number> } | number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/live${query}`, { headers });
  const heard: Message[] = [];
  socket.on('message', (data) => heard.push(JSON.parse(String(data))));
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve({ socket, heard, closed }));
    socket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
    socket.on('error', reject);
  });
}

async function open(headers: Record<string, string>, query = '') {
  const opened = await listen(headers, query);
  assert.ok(typeof opened === 'object', `the upgrade was refused: ${opened}`);
  undo.push(() => opened.socket.terminate());
  return opened;
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const event = (externalId: string) => ({ source: 'test', kind: 'test.happened', externalId, payload: {} });
const until = (heard: readonly Message[], what: (message: Message) => boolean) =>
  eventually(
    async () => heard.find(what),
    () => `never heard it: ${JSON.stringify(heard)}`,
  );

test('a change is told to those of the tenant, once, in order, and to nobody else', async () => {
  const [mine, other] = [await buildCustomer(), await buildCustomer()];
  const key = await mine.key();
  const listener = await open(bearer(key));
  const stranger = await open(bearer(await other.key()));
  await until(listener.heard, ({ kind }) => kind === 'hello');
  const { taskId } = (await (await send('POST /api/v1/events', { key, json: event('one') })).json()) as { taskId: string };
  const told = await until(listener.heard, ({ kind, id }) => kind === 'task' && id === taskId);
  assert.deepEqual({ ...told, seq: 0, at: '' }, { seq: 0, at: '', kind: 'task', id: taskId, state: 'received' });
  assert.deepEqual(
    listener.heard.map(({ seq }) => seq),
    [...new Set(listener.heard.map(({ seq }) => seq))].sort((a, b) => a - b),
  );
  await until(stranger.heard, ({ kind }) => kind === 'hello');
  assert.deepEqual(
    stranger.heard.map(({ kind }) => kind),
    ['hello'],
  );
});

test('who was away hears what they missed, from where they were', async () => {
  const one = await buildCustomer();
  const key = await one.key();
  const first = await open(bearer(key));
  const hello = await until(first.heard, ({ kind }) => kind === 'hello');
  first.socket.close();
  for (const id of ['a', 'b', 'c']) await send('POST /api/v1/events', { key, json: event(id) });
  await platform.sequencer.drained();
  const again = await open(bearer(key), `?after=${hello.seq}`);
  await eventually(async () => (again.heard.filter(({ kind }) => kind === 'task').length === 3 ? true : undefined));
  assert.equal(again.heard[0]?.seq, hello.seq);
});

test('from a number beyond the head it starts at the head', async () => {
  const one = await buildCustomer();
  const listener = await open(bearer(await one.key()), '?after=999999');
  const hello = await until(listener.heard, ({ kind }) => kind === 'hello');
  assert.ok(hello.seq < 999_999);
});

test('what somebody may not read they do not hear of', async () => {
  const one = await buildCustomer();
  const listener = await open(bearer(await one.key('vault:read')));
  await until(listener.heard, ({ kind }) => kind === 'hello');
  const key = await one.key();
  await send('POST /api/v1/events', { key, json: event('quiet') });
  await send('PUT /api/v1/vault/notes/Inbox/News.md', { key, body: 'news', headers: { 'content-type': 'text/markdown' } });
  await until(listener.heard, ({ kind }) => kind === 'note');
  assert.deepEqual(
    listener.heard.map(({ kind }) => kind),
    ['hello', 'note'],
  );
});

test('nobody listens without a credential, by another address, from a foreign page, or with a wrong place', async () => {
  const one = await buildCustomer();
  const cookie = await one.signIn();
  const key = await one.key();
  assert.equal(await listen({}), 401);
  assert.equal(await listen(bearer('fct_wrong')), 401);
  assert.equal(await listen({ cookie }), 403, 'a cookie without an origin');
  assert.equal(await listen({ cookie, origin: 'https://evil.example' }), 403);
  assert.equal(await listen(bearer(await one.key('event:write'))), 403);
  assert.equal(await listen(bearer(key), '?after=x'), 400);
  assert.equal(await listen(bearer(key), 'ly'), 404);
  const opened = await open({ cookie, origin: testOrigin });
  await until(opened.heard, ({ kind }) => kind === 'hello');
  const strict = createLive({ ...platform, isOurs: deps.addresses().isOurs });
  undo.push(() => strict.close());
  const strictPort = await http.listen({ host: '127.0.0.1', port: 0, onUpgrade: strict.onUpgrade });
  const socket = new WebSocket(`ws://127.0.0.1:${strictPort}/api/v1/live`, { headers: { ...bearer(key), host: 'evil.example' } });
  const [, response] = await once(socket, 'unexpected-response');
  assert.equal(response.statusCode, 421);
});

test('one person, and one address, have so many feeds open and no more, whatever their tenants may have', async () => {
  const [one, other] = [await buildCustomer(), await buildCustomer()];
  const [key, second, elsewhere] = [await one.key(), await one.key(), await other.key()];
  const clientAddress = createClientAddress(['127.0.0.0/8']);
  const limits = { connectionsPerActorMax: 1, connectionsPerAddressMax: 2 };
  const narrow = createLive({ ...platform, ...limits, clientAddress, isOurs: () => true });
  undo.push(() => narrow.close());
  const narrowPort = await http.listen({ host: '127.0.0.1', port: 0, onUpgrade: narrow.onUpgrade });
  const sockets: WebSocket[] = [];
  undo.push(() => {
    for (const socket of sockets) socket.terminate();
  });
  const feed = async (credential: string, address: string) => {
    const headers = { ...bearer(credential), 'x-forwarded-for': address };
    const socket = new WebSocket(`ws://127.0.0.1:${narrowPort}/api/v1/live`, { headers });
    sockets.push(socket);
    socket.on('error', () => undefined);
    return Promise.race([
      once(socket, 'open').then(() => 101),
      once(socket, 'unexpected-response').then(([, { statusCode }]) => Number(statusCode)),
    ]);
  };
  assert.equal(await feed(key, '192.0.2.1'), 101);
  assert.equal(await feed(key, '192.0.2.1'), 429, 'the same key');
  assert.equal(await feed(second, '192.0.2.1'), 101, 'another key');
  assert.equal(await feed(elsewhere, '192.0.2.1'), 429, 'the third from one address');
  assert.equal(await feed(elsewhere, '192.0.2.2'), 101, 'another address');
  sockets[0]?.close();
  await eventually(async () => ((await feed(key, '192.0.2.1')) === 101 ? true : undefined));
});

test('a session that is ended and a key that is revoked hear nothing more', async () => {
  const one = await buildCustomer();
  const cookie = await one.signIn();
  const withSession = await open({ cookie, origin: testOrigin });
  await until(withSession.heard, ({ kind }) => kind === 'hello');
  await send('DELETE /api/v1/session', { cookie });
  assert.equal(await withSession.closed, 4401);

  const { tenantId } = one;
  const made = await platform.identity.createApiKey({ tenantId, name: 'short', permissions: ['task:read'] });
  const withKey = await open(bearer(made.key));
  await until(withKey.heard, ({ kind }) => kind === 'hello');
  await platform.identity.revokeApiKey(tenantId, made.id);
  await withTenant(platform.database.app.db, tenantId, (tx) =>
    recordAudit(tx, tenantId, [{ kind: 'key.revoked', actor: 'operator:test', at: new Date(), objectId: made.id }]),
  );
  assert.equal(await withKey.closed, 4401);
});

test('who is removed, may read less or listens from a network that is not allowed any more hears nothing more', async () => {
  const one = await buildCustomer();
  const owner = await one.signIn();
  const join = async (email: string) => {
    const invited = await send('POST /api/v1/invitations', { cookie: owner, json: { email, roles: ['member'] } });
    const { url } = (await invited.json()) as { url: string };
    const json = { token: url.split('#token=')[1], name: 'Nora' };
    const cookie = cookiesOf(await send('POST /api/v1/invitation/accept', { json, headers: { origin: testOrigin } }));
    const members = (await (await send('GET /api/v1/members', { cookie: owner })).json()) as { items: { userId: string; email: string }[] };
    const listener = await open({ cookie, origin: testOrigin });
    await until(listener.heard, ({ kind }) => kind === 'hello');
    return { listener, userId: members.items.find((member) => member.email === email)?.userId };
  };
  const removed = await join(`removed@${one.name}.example`);
  await send(`DELETE /api/v1/members/${removed.userId}`, { cookie: owner });
  assert.equal(await removed.listener.closed, 4401);
  const lessened = await join(`lessened@${one.name}.example`);
  await send(`PUT /api/v1/members/${lessened.userId}`, { cookie: owner, json: { roles: ['auditor'] } });
  assert.equal(await lessened.listener.closed, 4401);
  const walled = await join(`walled@${one.name}.example`);
  const rules = {
    ssoRequired: false,
    breakGlassUserId: null,
    secondFactorRequired: false,
    sessionIdleMinutes: 720,
    sessionAbsoluteHours: 720,
  };
  const put = { cookie: owner, json: { ...rules, allowedAddresses: ['192.0.2.0/24'] }, address: '192.0.2.1' };
  assert.equal((await send('PUT /api/v1/security', put)).status, 200);
  assert.equal(await walled.listener.closed, 4401);
  assert.equal(await listen(bearer(await one.key())), 403);
});

test('of a tenant that is suspended nobody hears anything more, nor begins to; of one that is closing they do', async () => {
  const { database } = platform;
  const [resting, closing] = [await buildCustomer(), await buildCustomer()];
  const [restingKey, closingKey] = [await resting.key(), await closing.key()];
  const listener = await open(bearer(restingKey));
  const act = { actor: 'operator:test', at: new Date() };
  await withTenant(database.app.db, resting.tenantId, (tx) => suspendTenant(tx, resting.tenantId, act));
  assert.equal(await listener.closed, 4401);
  assert.equal(await listen(bearer(restingKey)), 403);
  const keys = await platform.keyring.of(closing.tenantId);
  await withTenant(database.app.db, closing.tenantId, (tx) => closeTenant(tx, keys, { ...act, name: closing.name }));
  await open(bearer(closingKey));
});

test('a tenant has so many listeners and no more', async () => {
  const one = await buildCustomer();
  const headers = bearer(await one.key());
  const opened = [await open(headers), await open(headers), await open(headers)];
  assert.equal(await listen(headers), 429);
  opened[0]?.socket.close();
  await opened[0]?.closed;
  await eventually(async () => {
    const next = await listen(headers);
    if (typeof next === 'number') return undefined;
    next.socket.terminate();
    return true;
  });
});

test('a client that sends too much is cut off', async () => {
  const one = await buildCustomer();
  const listener = await open(bearer(await one.key()));
  listener.socket.send('x'.repeat(10_000));
  assert.equal(await listener.closed, 1009);
});

test('new figures are told to whoever may see tasks and to who operates the installation, who hears of no tenant', async () => {
  const one = await buildCustomer();
  const key = await one.key();
  const member = await open(bearer(key));
  const { token } = await platform.identity.operators.create({ email: `op@${one.name}.example`, name: 'Olga' });
  const cookie = cookiesOf(await send('POST /api/v1/session', { json: { token }, headers: { origin: testOrigin } }));
  assert.equal(await listen({ cookie }), 403, 'a cookie without an origin');
  const operator = await open({ cookie, origin: testOrigin });
  const hello = await until(member.heard, ({ kind }) => kind === 'hello');
  await until(operator.heard, ({ kind }) => kind === 'hello');
  await send('POST /api/v1/events', { key, json: event('unheard') });
  await until(member.heard, ({ kind }) => kind === 'task');
  await eventually(async () => {
    pulse();
    return member.heard.some(({ kind }) => kind === 'pulse') && operator.heard.some(({ kind }) => kind === 'pulse') ? true : undefined;
  });
  assert.ok(
    member.heard.every(({ kind, seq }) => kind !== 'pulse' || seq >= hello.seq),
    'a pulse has no number of its own',
  );
  assert.deepEqual([...new Set(operator.heard.map(({ kind }) => kind))], ['hello', 'pulse']);
  await platform.identity.operators.remove(`op@${one.name}.example`);
  operator.socket.close();
  await operator.closed;
  assert.equal(await listen({ cookie, origin: testOrigin }), 401);
});
