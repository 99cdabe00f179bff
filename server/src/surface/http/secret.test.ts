import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { newId } from '#kernel';
import { withTenant } from '#kernel/database';
import { redact } from '#kernel/redact';
import { openSecret, tenantUnit } from '#trust/secret';
import { testHttp } from '../../../test/http.ts';

const { platform, send, buildCustomer } = await testHttp();

interface Listed {
  readonly items: readonly {
    readonly id: string;
    readonly name: string;
    readonly version: number;
    readonly state: string;
    readonly usedBy: readonly string[];
    readonly lastUsedAt: string | null;
  }[];
}
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

async function place() {
  const customer = await buildCustomer();
  const key = await customer.key();
  const cookie = await customer.signIn();
  const post = async (json: object) => send('POST /api/v1/secrets', { cookie, json });
  const made = async (json: object) => ((await (await post(json)).json()) as { id: string }).id;
  const list = async () => ((await (await send('GET /api/v1/secrets', { key })).json()) as Listed).items;
  return { ...customer, apiKey: key, cookie, post, made, list };
}

test('a value goes in and comes out of no answer: not of lists, versions, errors or the audit log', async () => {
  const { cookie, apiKey, made, post, list } = await place();
  const [first, second] = [randomBytes(18).toString('base64'), randomBytes(18).toString('base64')];
  const id = await made({ name: 'mail/password', value: first, kind: 'api-key', rotateAfterDays: 30 });
  const answers = [
    await post({ name: 'mail/password', value: second }),
    await post({ name: 'Not A Name', value: second }),
    await post({ name: 'both', value: second, reference: second }),
    await send(`PUT /api/v1/secrets/${id}`, { cookie, json: { value: second, ifVersion: 7 } }),
    await send(`PUT /api/v1/secrets/${id}`, { cookie, json: { value: second, ifVersion: 1 } }),
    await send('GET /api/v1/secrets', { key: apiKey }),
    await send(`GET /api/v1/secrets/${id}/versions`, { key: apiKey }),
    await send('GET /api/v1/secrets/sec_0123456789abcdef01234567/versions', { key: apiKey }),
  ];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [409, 400, 400, 412, 200, 200, 200, 404],
  );
  await platform.sequencer.drained();
  answers.push(await send('GET /api/v1/audit/entries', { key: apiKey }));
  for (const answer of answers) {
    const text = await answer.text();
    assert.ok(!text.includes(first) && !text.includes(second), text);
  }
  const [listed] = await list();
  assert.deepEqual([listed?.name, listed?.version, listed?.state], ['mail/password', 2, 'current']);
  assert.ok(!redact(`${first} ${second}`).includes(second), 'what was sent is known to the redactor');
});

test('a value is replaced only over the version that one has seen, and the one before it still opens', async () => {
  const { tenantId, cookie, apiKey, made } = await place();
  const id = await made({ name: 'one', value: 'first value' });
  const put = (value: string, ifVersion: number) => send(`PUT /api/v1/secrets/${id}`, { cookie, json: { value, ifVersion } });
  assert.equal((await put('second value', 1)).status, 200);
  assert.equal(await codeOf(await put('a late value', 1)), 'secret.changed');
  assert.equal((await put('third value', 2)).status, 200);
  const versions = (await (await send(`GET /api/v1/secrets/${id}/versions`, { key: apiKey })).json()) as {
    items: { version: number; state: string }[];
  };
  assert.deepEqual(
    versions.items.map(({ version, state }) => `${version} ${state}`),
    ['3 current', '2 previous', '1 revoked'],
  );
  const keys = await platform.keyring.of(tenantId);
  const open = (version: number) =>
    withTenant(platform.database.app.db, tenantId, (tx) => openSecret(tenantUnit(tx, keys), { id }, version));
  assert.deepEqual((await open(2)).content, { value: 'second value' });
  await assert.rejects(open(1), /no version 1 with a value/);
});

test('a changed value is what is found at once, and a deleted one is not found', async () => {
  const { tenantId, cookie, made } = await place();
  const id = await made({ name: 'found', value: '{"user":"robot","password":"first password"}' });
  const resolve = () => platform.secretResolver.resolve(tenantId, 'secret://db/found#password');
  assert.equal(await resolve(), 'first password');
  await send(`PUT /api/v1/secrets/${id}`, { cookie, json: { value: '{"password":"second password"}', ifVersion: 1 } });
  assert.equal(await resolve(), 'second password');
  assert.equal((await send(`DELETE /api/v1/secrets/${id}`, { cookie })).status, 204);
  await assert.rejects(resolve(), /There is no secret/);
});

test('a secret that an identity provider refers to is not deleted, and the list says who uses it', async () => {
  const { cookie, made, list } = await place();
  const id = await made({ name: 'okta', value: 'the client secret of okta' });
  const provider = (clientSecret: string) => ({
    kind: 'oidc',
    name: 'Okta',
    enabled: false,
    joins: false,
    roles: { claim: null, rules: [], fallback: ['member'] },
    oidc: { issuer: 'https://idp.example', clientId: 'us', clientSecret },
  });
  const set = (clientSecret: string) => send('POST /api/v1/sso/providers', { cookie, json: provider(clientSecret) });
  assert.equal(await codeOf(await set('secret://db/nothing')), 'secret.not_found');
  assert.equal(await codeOf(await set('secret://file/etc/passwd')), 'auth.forbidden');
  assert.equal(await codeOf(await set('secret://nowhere/x')), 'secret.reference_invalid');
  const saved = await set('secret://db/okta');
  assert.equal(saved.status, 201);
  assert.deepEqual((await list())[0]?.usedBy, ['identity provider Okta']);
  const refused = await send(`DELETE /api/v1/secrets/${id}`, { cookie });
  assert.equal(refused.status, 409);
  assert.match(await refused.text(), /identity provider Okta/);
  await send(`DELETE /api/v1/sso/providers/${((await saved.json()) as { id: string }).id}`, { cookie });
  assert.equal((await send(`DELETE /api/v1/secrets/${id}`, { cookie })).status, 204);
});

test('whoever only reads changes nothing, and a change asks whether it is really them', async () => {
  const customer = await place();
  const id = await customer.made({ name: 'guarded', value: 'a guarded value' });
  const reader = await customer.key('secret:read');
  const nobody = await customer.key('task:read');
  assert.equal((await send('GET /api/v1/secrets', { key: reader })).status, 200);
  assert.equal((await send('GET /api/v1/secrets', { key: nobody })).status, 403);
  for (const line of ['POST /api/v1/secrets', `PUT /api/v1/secrets/${id}`, `DELETE /api/v1/secrets/${id}`] as const)
    assert.equal((await send(line, { key: reader, json: { name: 'x', value: 'y', ifVersion: 1 } })).status, 403, line);
  const other = await place();
  assert.equal((await send(`DELETE /api/v1/secrets/${id}`, { cookie: other.cookie })).status, 404);
});

test('sizes end at 64 KiB in bytes, whatever the characters', async () => {
  const { post } = await place();
  assert.equal((await post({ name: 'largest', value: 'x'.repeat(65_536) })).status, 201);
  assert.equal((await post({ name: 'more', value: 'é'.repeat(40_000) })).status, 400);
  assert.equal((await post({ name: 'empty', value: '' })).status, 400);
  assert.equal((await post({ name: 'pasted', value: 'secret://db/other' })).status, 400);
});

test('a tenant keeps a thousand secrets and no more', async () => {
  const { tenantId, cookie, post, made } = await place();
  const id = await made({ name: 'one', value: 'a value of it' });
  await platform.inSecretUnit(tenantId, async ({ rows }) => {
    const row = await rows.find({ id });
    assert.ok(row);
    for (let number = 1; number < 1_000; number += 1) await rows.insert({ ...row, secretId: newId('secret'), name: `secret-${number}` });
  });
  assert.equal(await codeOf(await post({ name: 'one-more', value: 'a value too many' })), 'request.invalid');
  assert.equal((await send(`DELETE /api/v1/secrets/${id}`, { cookie })).status, 204);
  assert.equal((await post({ name: 'one-more', value: 'a value that fits' })).status, 201);
});
