import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testBrowser } from '../../../test/sso/browser.ts';
import { oidcWorld } from '../../../test/sso/oidc-world.ts';

const { sso, oidc, buildNorthwind, alice, signIn } = await oidcWorld();
const { send } = sso;

test('a provider whose client secret is referred to signs people in, and goes by its new value at once', async () => {
  const customer = await buildNorthwind(alice);
  const cookie = await customer.signIn();
  const made = await send('POST /api/v1/secrets', { cookie, json: { name: 'idp', value: oidc.clientSecret } });
  const { id } = (await made.json()) as { id: string };
  const change = async (value: string, ifVersion: number) =>
    assert.equal((await send(`PUT /api/v1/secrets/${id}`, { cookie, json: { value, ifVersion } })).status, 200);
  const ends = async () => (await signIn(testBrowser(sso), customer, 'alice')).location;

  assert.equal((await customer.change({ kind: 'oidc', oidc: { ...oidc, clientSecret: 'secret://db/idp' } })).status, 200);
  assert.equal(await ends(), '/tasks');
  await change('another secret than the provider knows', 1);
  assert.equal(await ends(), '/sign-in?error=sso.failed');
  await change(oidc.clientSecret, 2);
  assert.equal(await ends(), '/tasks');
  const listed = await (await send('GET /api/v1/sso/providers', { key: customer.apiKey })).text();
  assert.ok(!listed.includes(oidc.clientSecret));
});

test('who changes how people sign in and no secrets sends none to a provider of their own', async () => {
  const customer = await buildNorthwind(alice);
  const { clientSecret: _, ...without } = oidc;
  const body = { kind: 'oidc', name: 'Northwind', enabled: true, joins: true, roles: { claim: null, rules: [], fallback: ['member'] } };
  assert.equal(
    (await send('POST /api/v1/secrets', { key: customer.apiKey, json: { name: 'bank', value: 'the key to the bank' } })).status,
    201,
  );
  const key = await customer.key(
    'security:read',
    'security:admin',
    'vault:read',
    'task:read',
    'approval:read',
    'event:write',
    'vault:write',
  );
  const line = `PUT /api/v1/sso/providers/${customer.provider.id}` as const;
  const put = (by: string, over: object) => send(line, { key: by, json: { ...body, oidc: { ...oidc, ...over } } });

  for (const reference of ['secret://db/bank', 'secret://db/no-such-secret']) {
    assert.equal((await put(key, { clientSecret: reference })).status, 403, reference);
    const made = await send('POST /api/v1/sso/providers', { key, json: { ...body, oidc: { ...oidc, clientSecret: reference } } });
    assert.equal(made.status, 403, reference);
  }
  // Nor the one that is kept, whoever asks: values never come out.
  for (const clientSecret of ['a value', 'secret://db/bank']) {
    assert.equal((await put(customer.apiKey, { clientSecret })).status, 200);
    const moved = { ...body, oidc: { ...without, issuer: 'https://elsewhere.example' } };
    assert.equal((await send(line, { key: customer.apiKey, json: moved })).status, 400);
    assert.equal((await send(line, { key, json: { ...body, name: 'Renamed', oidc: without } })).status, 200);
  }
  assert.equal((await put(key, { issuer: 'https://elsewhere.example', clientSecret: 'a value for there' })).status, 200);
});
