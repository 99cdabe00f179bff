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
