import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { withTenant } from '#kernel/database';
import { savePolicy } from '#trust/policy';
import { testHttp } from '../../../test/http.ts';

const { platform, send, ask, buildCustomer } = await testHttp();

interface Change {
  readonly id: string;
  readonly topic: string;
  readonly subject: string | null;
  readonly obstacle: string | null;
  readonly author: string;
  readonly changes: readonly { readonly name: string; readonly before: unknown; readonly after: unknown }[];
  readonly restorable: boolean;
}

const history = async (key: string) => (await ask<{ items: Change[] }>('GET /api/v1/settings/history', { key })).items;

test('what was changed is kept with what was there before, and can be put back', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  assert.deepEqual(await history(key), [], 'what a tenant begins with changes nothing');
  await ask('PUT /api/v1/settings', { key, json: { title: 'Canary Ltd', approvalTtlHours: 48, timeZone: 'UTC' } });
  const [first] = await history(key);
  assert.deepEqual(
    [first?.topic, first?.restorable, first?.changes],
    [
      'settings',
      true,
      [
        { name: 'approvalTtlHours', before: 24, after: 48 },
        { name: 'title', before: customer.name, after: 'Canary Ltd' },
      ],
    ],
    'what stayed as it was is not among it',
  );
  assert.match(first?.author ?? '', /^key:key_/);
  await ask('PUT /api/v1/settings', { key, json: { setup: 'mail' } });
  assert.equal((await history(key)).length, 1, 'how far the set-up is is nothing to go back to');
  await ask(`POST /api/v1/settings/history/${first?.id}/restore`, { key });
  const settings = await ask<{ approvalTtlHours: number; title: string }>('GET /api/v1/settings', { key });
  assert.deepEqual([settings.approvalTtlHours, settings.title], [24, customer.name]);
  const [undone, ...rest] = await history(key);
  assert.deepEqual(
    [undone?.changes[0], rest.length],
    [{ name: 'approvalTtlHours', before: 48, after: 24 }, 1],
    'going back is a change itself',
  );
  const rows = await withTenant(platform.database.app.db, customer.tenantId, (tx) =>
    tx.selectFrom('settingVersion').select(sql<string>`encode(body, 'escape')`.as('text')).execute(),
  );
  assert.ok(rows.length === 2 && rows.every(({ text }) => !text.includes('Canary')), 'sealed');
});

test('policies go back to the version before, by whoever may change policies', async () => {
  const key = await (await buildCustomer()).key();
  const before = await ask<{ text: string; version: number }>('GET /api/v1/policy', { key });
  await ask('PUT /api/v1/settings', { key, json: { thresholds: { recipientsMax: 9 } } });
  const [change, ...others] = await history(key);
  assert.deepEqual([change?.topic, change?.changes], ['policy', [{ name: 'version', before: before.version, after: before.version + 1 }]]);
  assert.deepEqual(others, [], 'thresholds are policies, and said once');
  await ask(`POST /api/v1/settings/history/${change?.id}/restore`, { key });
  const restored = await ask<{ text: string; version: number }>('GET /api/v1/policy', { key });
  assert.deepEqual([restored.text, restored.version], [before.text, before.version + 2]);
});

test('an old version that speaks of a tool that is there no more is not put back', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  const { text, version } = await ask<{ text: string; version: number }>('GET /api/v1/policy', { key });
  const keys = await platform.keyring.of(customer.tenantId);
  const save = (saved: string, basedOn: number) =>
    withTenant(platform.database.app.db, customer.tenantId, (tx) =>
      savePolicy(tx, keys, customer.tenantId, { text: saved, basedOn, actor: 'key:test', at: new Date() }),
    );
  await save(
    `${text}\n@id("gone-tool") @title("Gone") permit (principal, action == Action::"callWithApproval", resource == Tool::"gone.tool");\n`,
    version,
  );
  await save(text, version + 1);
  const [change] = await history(key);
  const refused = await send(`POST /api/v1/settings/history/${change?.id}/restore`, { key });
  assert.deepEqual([refused.status, ((await refused.json()) as { code: string }).code], [422, 'policy.invalid']);
});

test('a change of policies is not put back by somebody who may change settings alone', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  await ask('PUT /api/v1/policy', { key, json: { thresholds: { recipientsMax: 9 } } });
  const [change] = await history(key);
  const clerk = await customer.key('settings:read', 'settings:write');
  const refused = await send(`POST /api/v1/settings/history/${change?.id}/restore`, { key: clerk });
  assert.deepEqual([refused.status, ((await refused.json()) as { code: string }).code], [403, 'auth.forbidden']);
});

test('what an operator set is shown to the tenant and put back by the operator alone', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  await platform.quotas.change(customer.tenantId, { members: 7 }, 'operator:test');
  const [change] = await history(key);
  assert.deepEqual([change?.topic, change?.author, change?.restorable], ['quotas', 'operator:test', false]);
  assert.deepEqual([change?.changes[0]?.name, change?.changes[0]?.after], ['members', 7]);
  const refused = await send(`POST /api/v1/settings/history/${change?.id}/restore`, { key });
  assert.deepEqual([refused.status, ((await refused.json()) as { code: string }).code], [409, 'history.not_restorable']);
});

test('the model goes back to the one before, with the key it was named with', async () => {
  const key = await (await buildCustomer()).key();
  const local = { provider: 'openai-compatible', name: 'first', url: 'http://127.0.0.1:9/v1', key: null };
  await ask('PUT /api/v1/model', { key, json: { own: local } });
  await ask('PUT /api/v1/model', { key, json: { own: { ...local, name: 'second' } } });
  const [change, first] = await history(key);
  assert.deepEqual([change?.topic, change?.restorable], ['model', true]);
  assert.deepEqual(change?.changes, [{ name: 'own', before: local, after: { ...local, name: 'second' } }]);
  const model = async () => (await ask<{ own: { name: string } | null }>('GET /api/v1/model', { key })).own;
  await ask(`POST /api/v1/settings/history/${change?.id}/restore`, { key });
  assert.equal((await model())?.name, 'first');
  await ask(`POST /api/v1/settings/history/${first?.id}/restore`, { key });
  assert.equal(await model(), null);
});

test('how somebody likes to see things goes with them to the next browser', async () => {
  const customer = await buildCustomer();
  const me = async (cookie: string) => (await ask<{ appearance: object | null }>('GET /api/v1/me', { cookie })).appearance;
  const first = await customer.signIn();
  assert.equal(await me(first), null);
  await ask('PUT /api/v1/me/appearance', { cookie: first, json: { theme: 'dark', density: 'compact' } });
  assert.deepEqual(await me(await customer.signIn()), { theme: 'dark', density: 'compact' });
  const odd = await send('PUT /api/v1/me/appearance', { cookie: first, json: { theme: 'pink', density: 'compact' } });
  assert.equal(odd.status, 400);
});
