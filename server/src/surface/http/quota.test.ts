import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '#kernel';
import { withTenant } from '#kernel/database';
import { listEntries } from '#trust/audit';
import { testHttp } from '../../../test/http.ts';
import { cookiesOf, testOrigin } from '../../../test/identity.ts';

let aheadMs = 0;
const clock = { now: () => new Date(Date.now() + aheadMs), monotonicMs: () => performance.now() };
const { platform, send, buildCustomer } = await testHttp({ clock });

interface Item {
  readonly quota: string;
  readonly used: number;
  readonly limit: number | null;
  readonly standard: number;
  readonly window: string;
  readonly resetsAt: string | null;
  readonly alert: number | null;
}
async function item(response: Response, quota: string): Promise<Item> {
  assert.equal(response.status, 200);
  const { items } = (await response.json()) as { items: Item[] };
  const found = items.find((one) => one.quota === quota);
  assert.ok(found, quota);
  return found;
}
async function operator(): Promise<string> {
  const { token } = await platform.identity.operators.create({ email: `${newId('user')}@example.com`, name: 'Olga' });
  const response = await send('POST /api/v1/session', { json: { token }, headers: { origin: testOrigin } });
  assert.equal(response.status, 204);
  return cookiesOf(response);
}

test('usage says of every quota what is used, the limit, and when it starts anew', async () => {
  const one = await buildCustomer({ eventsPerMinute: 100 });
  const key = await one.key();
  for (let sent = 0; sent < 3; sent += 1)
    await send('POST /api/v1/events', { key, json: { source: 'test', kind: 'test.x', externalId: String(sent), payload: {} } });
  const usage = () => send('GET /api/v1/usage', { key });
  const events = await item(await usage(), 'eventsPerMinute');
  assert.equal(events.limit, 100);
  assert.match(events.resetsAt ?? '', /:00\.000Z$/);
  const before = await item(await usage(), 'vaultBytes');
  assert.ok(before.used > 500, 'the first notes are counted');
  assert.equal(
    (await send('PUT /api/v1/vault/notes/Long.md', { key, body: 'x'.repeat(10_000), headers: { 'content-type': 'text/markdown' } })).status,
    201,
  );
  const grown = (await item(await usage(), 'vaultBytes')).used - before.used;
  assert.ok(grown >= 10_000 && grown < 11_000, `${grown} bytes`);
  assert.equal((await item(await usage(), 'members')).used, 1);
  assert.deepEqual([(await item(await usage(), 'connectors')).used, (await item(await usage(), 'maxRunning')).limit], [0, 20]);
});

test('usage is for those who may see quotas', async () => {
  const one = await buildCustomer();
  assert.equal((await send('GET /api/v1/usage', { key: await one.key('task:read') })).status, 403);
});

test('a full vault refuses what does not fit and says what is used, and a deletion still goes', async () => {
  const one = await buildCustomer({ vaultBytes: 30_000 });
  const key = await one.key();
  const put = (path: string, size: number, headers: Record<string, string> = {}) =>
    send(`PUT /api/v1/vault/notes/${path}`, { key, body: 'y'.repeat(size), headers: { 'content-type': 'text/markdown', ...headers } });
  const made = await put('A.md', 15_000);
  assert.equal(made.status, 201);
  const refused = await put('B.md', 20_000);
  assert.equal(refused.status, 429);
  const problem = (await refused.json()) as { code: string; details: { quota: string; used: number; limit: number } };
  assert.deepEqual([problem.code, problem.details.quota, problem.details.limit], ['quota.exceeded', 'vaultBytes', 30_000]);
  assert.equal((await item(await send('GET /api/v1/usage', { key }), 'vaultBytes')).used, problem.details.used);
  assert.equal((await send('GET /api/v1/vault/notes/B.md', { key })).status, 404);
  const etag = made.headers.get('etag') ?? '';
  assert.equal((await send('DELETE /api/v1/vault/notes/A.md', { key, headers: { 'if-match': etag } })).status, 204);
});

test('only an operator sets limits, they count at once, and the tenant reads in its log who did it', async () => {
  const one = await buildCustomer();
  const key = await one.key();
  const path = `/api/v1/operator/tenants/${one.tenantId}/quotas` as const;
  const json = { limits: { vaultBytes: 1, eventsPerMinute: 7, maxRunning: 3 } };
  assert.equal((await send(`PUT ${path}`, { key, json })).status, 401);
  assert.equal((await send(`PUT ${path}`, { cookie: await one.signIn(), json })).status, 401);
  const cookie = await operator();
  const set = await item(await send(`PUT ${path}`, { cookie, json }), 'eventsPerMinute');
  assert.deepEqual([set.limit, set.standard], [7, 6_000]);
  assert.equal((await item(await send('GET /api/v1/usage', { key }), 'eventsPerMinute')).limit, 7);
  const note = { key, body: 'z', headers: { 'content-type': 'text/markdown' } };
  assert.equal((await send('PUT /api/v1/vault/notes/Z.md', note)).status, 429);
  const back = await item(await send(`PUT ${path}`, { cookie, json: { limits: { vaultBytes: null } } }), 'vaultBytes');
  assert.equal(back.limit, null);
  assert.equal((await send('PUT /api/v1/vault/notes/Z.md', note)).status, 201);
  assert.equal((await item(await send(`GET ${path}`, { cookie }), 'maxRunning')).limit, 3);
  await platform.sequencer.drained();
  const entries = await withTenant(platform.database.app.db, one.tenantId, (tx) => listEntries(tx, { tenantId: one.tenantId, limit: 100 }));
  const [first] = entries.filter(({ kind }) => kind === 'quota.changed').toReversed();
  assert.match(first?.actor ?? '', /^operator:usr_/);
  assert.deepEqual(first?.detail, {
    vaultBytes: { from: 2_000_000_000, to: 1 },
    eventsPerMinute: { from: 6_000, to: 7 },
    maxRunning: { from: 20, to: 3 },
  });
});

test('limits that are none are refused, each named, and nothing is changed', async () => {
  const one = await buildCustomer();
  const cookie = await operator();
  const path = `/api/v1/operator/tenants/${one.tenantId}/quotas` as const;
  const refused = await send(`PUT ${path}`, { cookie, json: { limits: { members: 5, maxRunning: 0, vaultBytes: 1.5, pigeons: 3 } } });
  assert.equal(refused.status, 400);
  const { detail } = (await refused.json()) as { detail: string };
  for (const name of ['maxRunning', 'vaultBytes', 'pigeons']) assert.match(detail, new RegExp(`${name}:`));
  assert.equal((await item(await send(`GET ${path}`, { cookie }), 'members')).limit, null);
  assert.equal((await send(`GET /api/v1/operator/tenants/${newId('tenant')}/quotas`, { cookie })).status, 404);
});

test('setting limits needs a proof of presence from the last ten minutes', async () => {
  const one = await buildCustomer();
  const cookie = await operator();
  aheadMs = 11 * 60_000;
  try {
    const response = await send(`PUT /api/v1/operator/tenants/${one.tenantId}/quotas`, { cookie, json: { limits: { members: 5 } } });
    assert.equal(response.status, 403);
    assert.equal(((await response.json()) as { code: string }).code, 'auth.step_up_required');
  } finally {
    aheadMs = 0;
  }
});

test('operators see what limits they set, from what to what, and can set them back', async () => {
  const { tenantId } = await buildCustomer();
  const cookie = await operator();
  const path = `/api/v1/operator/tenants/${tenantId}/quotas` as const;
  const { standard } = await item(await send(`GET ${path}`, { cookie }), 'members');
  assert.equal((await send(`PUT ${path}`, { cookie, json: { limits: { members: 7 } } })).status, 200);
  interface Change {
    readonly author: string;
    readonly changes: readonly { readonly name: string; readonly before: number; readonly after: number }[];
  }
  const history = async () => ((await (await send(`GET ${path}/history`, { cookie })).json()) as { items: Change[] }).items;
  const [change, ...others] = await history();
  assert.deepEqual([change?.changes, others], [[{ name: 'members', before: standard, after: 7 }], []]);
  assert.match(change?.author ?? '', /^operator:/);
  assert.equal((await send(`PUT ${path}`, { cookie, json: { limits: { members: null } } })).status, 200);
  assert.deepEqual((await history())[0]?.changes, [{ name: 'members', before: 7, after: standard }]);
});
