import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '#kernel';
import { withTenant } from '#kernel/database';
import { cookiesOf, testOrigin } from '../../../test/identity.ts';
import { testMembers } from '../../../test/members.ts';

const { platform, send, buildCustomer, join } = await testMembers();

interface Answer {
  readonly total: { work: { arrived: number; failed: number }; value: { savedSeconds: number } };
  readonly counted: { isComplete: boolean };
  readonly approvers: unknown[] | null;
  readonly assumptions: { currency: string; minutesPerTask: number };
  readonly satisfaction: { question: string; answers: number; mean: number; counts: number[] }[];
  readonly items: { tenant: { id: string }; arrived: number }[];
}
const bodyOf = async (response: Response): Promise<Answer> => {
  assert.equal(response.status, 200);
  return (await response.json()) as Answer; // The conformity to the schema is checked as it is sent.
};

/** A customer to whom something has come. */
async function busy(events: number) {
  const customer = await buildCustomer();
  const key = await customer.key();
  for (let sent = 0; sent < events; sent += 1)
    await send('POST /api/v1/events', { key, json: { source: 'test', kind: 'test.x', externalId: String(sent), payload: {} } });
  await platform.sequencer.drained();
  return { ...customer, own: key };
}

test('figures are up to date when they are asked for, and their own tenant’s', async () => {
  const [one, other] = [await busy(3), await busy(1)];
  const { total, counted } = await bodyOf(await send('GET /api/v1/analytics', { key: one.own }));
  assert.deepEqual([total.work.arrived, counted.isComplete], [3, true]);
  assert.equal((await bodyOf(await send('GET /api/v1/analytics?bucket=day', { key: other.own }))).total.work.arrived, 1);
});

test('who answered what is for those who may read the log', async () => {
  const one = await busy(1);
  const key = await one.key('task:read');
  assert.equal((await bodyOf(await send('GET /api/v1/analytics', { key }))).approvers, null);
  assert.deepEqual((await bodyOf(await send('GET /api/v1/analytics', { key: one.own }))).approvers, []);
  assert.equal((await send('GET /api/v1/analytics/tables/approvers', { key })).status, 403);
  assert.equal((await send('GET /api/v1/analytics', { key: await one.key('vault:read') })).status, 403);
  assert.equal((await send('GET /api/v1/analytics')).status, 401);
});

test('a period that is none is refused', async () => {
  const { own } = await busy(0);
  for (const query of [
    ...['from=2026-02-30', 'from=2026-05-02&to=2026-05-01', 'bucket=year', 'from=2020-01-01&to=2026-01-01&bucket=day'],
    ...['from=0001-01-01&to=0020-01-01&bucket=month', 'to=0001-01-02', 'from=9999-01-01&to=9999-12-31'],
  ])
    assert.equal((await send(`GET /api/v1/analytics?${query}`, { key: own })).status, 400, query);
});

test('each table comes as CSV, a gap is an empty field, and there are no others', async () => {
  const { own } = await busy(2);
  const to = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
  const response = await send(`GET /api/v1/analytics/tables/work?bucket=day&to=${to}`, { key: own });
  assert.match(response.headers.get('content-type') ?? '', /^text\/csv/);
  const [head = '', ...lines] = (await response.text()).trimEnd().split('\r\n');
  assert.ok(head.startsWith('from,to,arrived,completed,'));
  assert.equal(lines.length, 90);
  assert.match(lines.at(-1) ?? '', /^[\d-]+,[\d-]+,{12}$/);
  assert.equal(
    lines.reduce((sum, line) => sum + Number(line.split(',')[2]), 0),
    2,
  );
  for (const table of ['approvals', 'tools', 'approvers', 'cost', 'planners', 'playbooks', 'models', 'value', 'satisfaction'])
    assert.equal((await send(`GET /api/v1/analytics/tables/${table}`, { key: own })).status, 200, table);
  assert.equal((await send('GET /api/v1/analytics/tables/secrets', { key: own })).status, 404);
});

test('what figures of value rest on is set by the tenant and said with them', async () => {
  const { own } = await busy(1);
  const usual = (await bodyOf(await send('GET /api/v1/analytics', { key: own }))).assumptions;
  const analytics = { ...usual, currency: 'EUR', wageMinor: 4_200, minutesPerTask: 7 };
  assert.equal((await send('PUT /api/v1/settings', { key: own, json: { analytics } })).status, 200);
  assert.deepEqual((await bodyOf(await send('GET /api/v1/analytics', { key: own }))).assumptions, analytics);
  assert.equal((await send('PUT /api/v1/settings', { key: own, json: { analytics: { ...analytics, wageMinor: -1 } } })).status, 400);
});

test('people are asked once a quarter; what they say is shown from three answers on, then by three, and is nobody’s', async () => {
  const one = await busy(0);
  const cookies = [await one.signIn()];
  const leaver = await join(one, ['member']);
  cookies.push(leaver.cookie);
  for (let count = 0; count < 3; count += 1) cookies.push((await join(one, ['member'])).cookie);
  const asked = async (cookie: string) => ((await (await send('GET /api/v1/me/survey', { cookie })).json()) as { isDue: boolean }).isDue;
  const satisfaction = async () => (await bodyOf(await send('GET /api/v1/analytics', { key: one.own }))).satisfaction;
  for (const [at, cookie] of cookies.entries()) {
    assert.equal(await asked(cookie), true);
    assert.equal((await send('POST /api/v1/me/survey', { cookie, json: { scores: { useful: at + 1 } } })).status, 204);
    assert.equal(await asked(cookie), false);
    assert.equal((await send('POST /api/v1/me/survey', { cookie, json: { scores: { useful: 1 } } })).status, 409);
    const shown = await satisfaction();
    assert.deepEqual(
      shown.map(({ question, answers, mean, counts }) => ({ question, answers, mean, counts })),
      at < 2 ? [] : [{ question: 'useful', answers: 3, mean: 2, counts: [1, 1, 1, 0, 0] }],
    );
  }
  assert.equal((await send('GET /api/v1/me/survey', { key: one.own })).status, 403);
  const turns = async () =>
    (
      await withTenant(platform.database.app.db, one.tenantId, (tx) =>
        sql<{ userId: string }>`select user_id from app.survey_turn where tenant_id = ${one.tenantId}`.execute(tx),
      )
    ).rows.map(({ userId }) => userId);
  assert.ok((await turns()).includes(leaver.userId));
  assert.equal((await send(`DELETE /api/v1/members/${leaver.userId}`, { cookie: cookies[0] ?? '' })).status, 204);
  assert.ok(!(await turns()).includes(leaver.userId), 'of who leaves nothing is kept');
  assert.equal((await satisfaction()).length, 1, 'what they answered is nobody’s');
});

test('where the tenant does not want it, nobody is asked', async () => {
  const one = await busy(0);
  const { assumptions } = await bodyOf(await send('GET /api/v1/analytics', { key: one.own }));
  await send('PUT /api/v1/settings', { key: one.own, json: { analytics: { ...assumptions, survey: false } } });
  const cookie = await one.signIn();
  assert.deepEqual(((await (await send('GET /api/v1/me/survey', { cookie })).json()) as { isDue: boolean }).isDue, false);
});

test('operators see how much tenants do, and nothing else; tenants do not see it', async () => {
  const one = await busy(2);
  await bodyOf(await send('GET /api/v1/analytics', { key: one.own }));
  const { token } = await platform.identity.operators.create({ email: `${newId('user')}@example.com`, name: 'Olga' });
  const signedIn = await send('POST /api/v1/session', { json: { token }, headers: { origin: testOrigin } });
  const { items } = await bodyOf(await send('GET /api/v1/operator/analytics', { cookie: cookiesOf(signedIn) }));
  assert.equal(items.find(({ tenant }) => tenant.id === one.tenantId)?.arrived, 2);
  assert.notEqual((await send('GET /api/v1/operator/analytics', { cookie: await one.signIn() })).status, 200);
});
