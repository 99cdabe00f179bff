import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testOrigin } from '../../../test/identity.ts';
import { testBrowser } from '../../../test/sso/browser.ts';
import { oidcWorld } from '../../../test/sso/oidc-world.ts';

const { site, sso, oidc, buildNorthwind, alice, signIn, me, userOf, addMemberByHand } = await oidcWorld();
const { platform, send, buildSso } = sso;

test('a secret goes in and never comes out, neither by the API nor in clear from the database', async () => {
  const customer = await buildNorthwind(alice);
  const secret = oidc.clientSecret;
  const { clientSecret: _, ...without } = oidc;
  const answer = await customer.change({ oidc: without, name: 'Renamed' });
  assert.equal((await answer.clone().text()).includes(secret), false);
  assert.equal(((await answer.json()) as { oidc: { hasSecret: boolean } }).oidc.hasSecret, true, 'it was kept'); // as declared
  assert.equal((await signIn(testBrowser(sso), customer, 'alice')).location, '/tasks');
  const { rows } = await platform.database.auth.pool.query<{ row: string }>(
    `select to_jsonb(p)::text || encode(sealed, 'escape') as row from "ssoProvider" p`,
  );
  assert.ok(rows.length > 0);
  for (const { row } of rows) assert.equal(row.includes(secret) || row.includes(site.origin), false);
  // A row's seal is for that row: nothing is gained by copying it to another provider.
  const other = await buildSso(() => ({ kind: 'oidc', oidc }));
  await platform.database.auth.pool.query(
    'update "ssoProvider" set sealed = (select sealed from "ssoProvider" where id = $1) where id = $2',
    [customer.provider.id, other.provider.id],
  );
  const start = await sso.http.fetch(new Request(`${testOrigin}/api/v1/sso/start?provider=${other.provider.id}`));
  assert.equal(start.headers.get('location'), '/sign-in?error=seal.broken');
});

test('what is kept of a provider, its secret included, goes when the tenant’s keys are revoked', async () => {
  const customer = await buildNorthwind(alice);
  const start = async () => {
    const answer = await sso.http.fetch(new Request(`${testOrigin}/api/v1/sso/start?provider=${customer.provider.id}`));
    assert.ok(answer.headers.get('location')?.startsWith(site.origin));
    return site.asked.filter((path) => path === '/.well-known/openid-configuration').length;
  };
  await platform.keyWatch.look();
  const before = await start();
  assert.equal(await start(), before, 'it is kept');
  await platform.encryption.revoke(customer.tenantId, { actor: 'user:usr_1', at: platform.clock.now() });
  await platform.keyWatch.look();
  assert.equal(await start(), before + 1);
});

test('a session that a provider began ends when it is switched off, becomes another party, or is removed', async () => {
  const customer = await buildNorthwind(alice);
  for (const change of [{ enabled: false }, { oidc: { ...oidc, issuer: 'https://other.example' } }]) {
    await customer.change({});
    const browser = testBrowser(sso);
    await signIn(browser, customer, 'alice');
    assert.ok(await me(browser));
    assert.equal((await customer.change(change)).status, 200);
    assert.equal(await me(browser), null);
  }
  await customer.change({});
  const browser = testBrowser(sso);
  await signIn(browser, customer, 'alice');
  assert.equal((await send(`DELETE /api/v1/sso/providers/${customer.provider.id}`, { key: customer.apiKey })).status, 204);
  assert.equal(await me(browser), null);
});

test('a session of one tenant’s provider counts in no other tenant, nor as the operator’s', async () => {
  const customer = await buildNorthwind(alice);
  const other = await sso.buildCustomer();
  const browser = testBrowser(sso);
  await signIn(browser, customer, 'alice');
  const userId = await userOf(`alice@${customer.domain}`);
  await addMemberByHand(other, `alice@${customer.domain}`, 'owner');
  const { pool } = platform.database.auth;
  await pool.query('insert into operator ("userId") values ($1)', [userId]);
  for (const tenantId of [other.tenantId, null]) {
    await pool.query('update session set "activeOrganizationId" = $1 where "userId" = $2', [tenantId, userId]);
    assert.equal(await me(browser), null);
  }
});

test('where single sign-on is required nothing else opens, and its last provider stays', async () => {
  const customer = await buildNorthwind(alice);
  const owner = await customer.signIn();
  const { pool } = platform.database.auth;
  await pool.query('insert into "tenantSecurity" ("tenantId", "ssoRequired") values ($1, true)', [customer.tenantId]);
  assert.equal((await send('GET /api/v1/me', { cookie: owner })).status, 401);
  const browser = testBrowser(sso);
  await signIn(browser, customer, 'alice');
  assert.ok(await me(browser));
  assert.equal((await customer.change({ enabled: false })).status, 409);
  assert.equal((await send(`DELETE /api/v1/sso/providers/${customer.provider.id}`, { key: customer.apiKey })).status, 409);
});

test('who is removed is out, and an old connection does not bring them back where nobody joins', async () => {
  const customer = await buildNorthwind(alice);
  const browser = testBrowser(sso);
  await signIn(browser, customer, 'alice');
  await customer.change({ joins: false });
  const userId = await userOf(`alice@${customer.domain}`);
  assert.equal((await send(`DELETE /api/v1/members/${userId}`, { key: customer.apiKey })).status, 204);
  assert.equal(await me(browser), null);
  assert.equal((await signIn(testBrowser(sso), customer, 'alice')).location, '/sign-in?error=sso.not_member');
});
