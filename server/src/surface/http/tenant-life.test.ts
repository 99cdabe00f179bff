import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { withTenant } from '#kernel/database';
import { listEntries } from '#trust/audit';
import { openCertificate, resumeTenant, suspendTenant } from '#trust/tenant';
import { type Sent, type TestCustomer, testHttp } from '../../../test/http.ts';
import { cookiesOf, testOrigin } from '../../../test/identity.ts';
import { startJobs } from '../../../test/jobs.ts';
import { eventually } from '../../../test/platform.ts';

const { platform, send, buildCustomer, deps: testDeps } = await testHttp();
type Line = Parameters<typeof send>[0];

let customer: TestCustomer;
let owner: string;
let operator: string;
before(async () => {
  customer = await buildCustomer();
  owner = await customer.signIn();
  const { token } = await platform.identity.operators.create({ email: 'op@example.com', name: 'Op' });
  const begun = await send('POST /api/v1/session', { json: { token }, headers: { origin: testOrigin } });
  operator = cookiesOf(begun);
});

const ask = async (line: Line, sent: Sent = {}) => {
  const response = await send(line, sent);
  return { status: response.status, etag: response.headers.get('etag'), body: (await response.json()) as Record<string, unknown> };
};
const kindsOf = async ({ tenantId }: TestCustomer) => {
  await platform.sequencer.drained();
  return (await withTenant(platform.database.app.db, tenantId, (tx) => listEntries(tx, { tenantId, limit: 100 }))).map(({ kind }) => kind);
};

test('settings are read with their version and changed over it; what is not for the tenant to set is refused', async () => {
  const read = await ask('GET /api/v1/settings', { cookie: owner });
  assert.deepEqual([read.status, read.etag, read.body.title, read.body.timeZone], [200, '"1"', customer.name, 'UTC']);
  const put = (json: unknown, etag?: string) =>
    ask('PUT /api/v1/settings', { cookie: owner, json, ...(etag === undefined ? {} : { headers: { 'if-match': etag } }) });
  const written = await put(
    { title: 'Bäckerei', timeZone: 'Europe/Vienna', workingHours: { days: [1, 2], from: '08:00', to: '12:00' } },
    '"1"',
  );
  assert.deepEqual([written.status, written.etag, written.body.title, written.body.locale], [200, '"2"', 'Bäckerei', 'en']);
  assert.deepEqual([(await put({ locale: 'de' }, '"1"')).status, (await put({ locale: 'de' }, 'nonsense')).status], [412, 412]);
  for (const json of [
    { maySpendOperatorModelKey: true },
    { maxRunning: 1_000 },
    { name: 'other' },
    { state: 'active' },
    { custody: 'aws-kms' },
    { timeZone: 'Mars/Olympus' },
    { model: 'not-here' },
    { workingHours: { days: [1], from: '12:00', to: '08:00' } },
    { title: 'two\nlines' },
  ])
    assert.equal((await put(json)).status, 400, JSON.stringify(json));
  assert.match(JSON.stringify((await put({ custody: 'aws-kms' })).body), /PUT \/api\/v1\/encryption\/provider/);
  const reader = await customer.key('settings:read');
  assert.equal((await ask('PUT /api/v1/settings', { key: reader, json: { locale: 'de' } })).status, 403);
  const writer = await customer.key('settings:read', 'settings:write');
  assert.equal((await ask('PUT /api/v1/settings', { key: writer, json: { thresholds: {} } })).status, 403, 'thresholds are policies');
  assert.equal((await kindsOf(customer)).filter((kind) => kind === 'tenant.changed').length, 1);
});

test('an owner closes the tenant by its name, can still read, and calls it off', async () => {
  const own = await buildCustomer();
  const cookie = await own.signIn();
  assert.equal((await ask('POST /api/v1/closure', { cookie, json: { name: 'wrong' } })).status, 422);
  const key = await own.key('event:write', 'task:read', 'settings:read');
  const closed = await ask('POST /api/v1/closure', { cookie, json: { name: own.name } });
  assert.deepEqual([closed.status, closed.body.state], [202, 'closing']);
  // What was believed of the tenant before runs out within seconds; a process that never heard of it knows at once.
  const other = await freshProcess();
  const event = { source: 'test', kind: 'test.x', externalId: '1', payload: {} };
  const refused = await other('POST /api/v1/events', { key, json: event });
  assert.deepEqual([refused.status, refused.body.code], [403, 'tenant.closing']);
  assert.equal((await other('GET /api/v1/tasks', { key })).status, 200);
  const { body } = await other('GET /api/v1/jobs?kind=tenant.erase', { key });
  assert.deepEqual(
    (body.items as { state: string; runAt: string }[]).map(({ state, runAt }) => [state, runAt]),
    [['waiting', closed.body.erasesAt]],
  );
  const machine = await own.key('tenant:close');
  assert.equal((await other('DELETE /api/v1/closure', { key: machine })).status, 200);
  assert.equal((await (await freshProcess())('POST /api/v1/events', { key, json: event })).status, 202);
});

test('operators see and change tenants from outside; their people cannot, nor do operators get in', async () => {
  const tenants = '/api/v1/operator/tenants';
  for (const sent of [{ cookie: owner }, { key: await customer.key() }, {}]) assert.equal((await ask(`GET ${tenants}`, sent)).status, 401);
  assert.equal((await ask('GET /api/v1/settings', { cookie: operator })).status, 401);

  const made = await ask(`POST ${tenants}`, {
    cookie: operator,
    json: { name: 'made-here', title: 'Made Here', ownerEmail: 'o@example.com' },
  });
  assert.deepEqual([made.status, made.body.state, made.body.title, made.body.members], [201, 'active', 'Made Here', 1]);
  const id = String(made.body.id);
  assert.equal((await ask(`POST ${tenants}`, { cookie: operator, json: { name: 'made-here', ownerEmail: 'p@example.com' } })).status, 409);
  const found = await ask(`GET ${tenants}?find=made&limit=1`, { cookie: operator });
  assert.deepEqual(
    (found.body.items as { id: string }[]).map((item) => item.id),
    [id],
  );
  assert.equal(
    (await ask(`PUT ${tenants}/${id}`, { cookie: operator, json: { maySpendOperatorModelKey: true } })).body.maySpendOperatorModelKey,
    true,
  );
  const change = (verb: string, json: unknown) => ask(`POST ${tenants}/${id}/${verb}` as Line, { cookie: operator, json });
  assert.equal((await change('suspend', { reason: 'unpaid' })).body.stateReason, 'unpaid');
  assert.equal((await change('suspend', {})).status, 409);
  assert.equal((await change('resume', {})).body.state, 'active');
  assert.equal((await change('close', { name: 'made-here' })).body.state, 'closing');
  assert.equal((await change('resume', {})).body.state, 'active');
  assert.equal((await change('erase', { name: 'made' })).status, 422);
  for (const line of [`GET ${tenants}/ten_000000000000000000000000`, `GET ${tenants}/x`, `GET ${tenants}/${id}/certificate`] as Line[])
    assert.equal((await ask(line, { cookie: operator })).status, 404, line);
});

test('an erased tenant is gone for its people, and its certificate is there for operators', async () => {
  const doomed = await buildCustomer();
  const key = await doomed.key();
  const path = `/api/v1/operator/tenants/${doomed.tenantId}` as const;
  assert.equal((await ask(`POST ${path}/erase`, { cookie: operator, json: { name: doomed.name } })).status, 200);
  startJobs(platform);
  const certificate = await eventually(async () => {
    const { status, body } = await ask(`GET ${path}/certificate`, { cookie: operator });
    return status === 200 ? body : undefined;
  });
  assert.equal(openCertificate(String(certificate.note), String(certificate.verifierKey)).tenantId, doomed.tenantId);
  assert.equal((await ask('GET /api/v1/me', { key })).status, 401);
  assert.equal((await ask(`GET ${path}`, { cookie: operator })).body.state, 'erased');
  const { body } = await ask(`GET /api/v1/operator/jobs?tenantId=${doomed.tenantId}`, { cookie: operator });
  const [job] = body.items as { id: string; state: string; result: { erased: boolean } }[];
  assert.equal((await ask(`GET /api/v1/operator/jobs/${job?.id}` as Line, { cookie: operator })).status, 200);
  assert.equal((await ask('GET /api/v1/operator/jobs/job_0', { cookie: operator })).status, 404);
});

test('a process that has seen a tenant at work obeys its suspension within five seconds', async () => {
  let laterMs = 0;
  const clock = { now: () => new Date(), monotonicMs: () => performance.now() + laterMs };
  const there = await testHttp({ clock });
  const own = await there.buildCustomer();
  const key = await own.key();
  const status = async () => (await there.send('GET /api/v1/tasks', { key })).status;
  assert.equal(await status(), 200);
  const { database } = there.platform;
  await withTenant(database.app.db, own.tenantId, (tx) => suspendTenant(tx, own.tenantId, { actor: 'operator:test', at: new Date() }));
  laterMs += 5_001;
  assert.equal(await status(), 403);
  await withTenant(database.app.db, own.tenantId, (tx) => resumeTenant(tx, own.tenantId, { actor: 'operator:test', at: new Date() }));
  laterMs += 5_001;
  assert.equal(await status(), 200);
});

test("a tenant's jobs are nobody else's", async () => {
  const other = await buildCustomer();
  const cookie = await other.signIn();
  await ask('POST /api/v1/closure', { cookie, json: { name: other.name } });
  const { rows } = await platform.database.engine.pool.query<{ id: string }>('select job_id as id from app.job where tenant_id = $1', [
    other.tenantId,
  ]);
  assert.equal((await ask(`GET /api/v1/jobs/${rows[0]?.id}` as Line, { key: await customer.key() })).status, 404);
});

/** The same installation as another process would serve it: it has seen no tenant yet. */
async function freshProcess() {
  const { createHttp } = await import('#surface/http');
  const http = await createHttp({ ...testDeps, metrics: new (await import('prom-client')).Registry() });
  return async (line: Line, sent: Sent = {}) => {
    const [method = '', path = ''] = line.split(' ');
    const headers = new Headers(sent.json === undefined ? {} : { 'content-type': 'application/json' });
    if (sent.key !== undefined) headers.set('authorization', `Bearer ${sent.key}`);
    const body = sent.json === undefined ? {} : { body: JSON.stringify(sent.json) };
    const response = await http.fetch(new Request(new URL(path, testOrigin), { method, headers, ...body }), {});
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
}
