import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { withTenant } from '#kernel/database';
import { suspendTenant } from '#trust/tenant';
import { bodyOf, browserHeaders, passphrase, tokenIn } from '../members.ts';
import { testBrowser } from '../sso/browser.ts';
import { type SsoCustomer, ssoHttp } from '../sso/customer.ts';

/** An identity provider in the hands of whoever set it up: it says of everybody what it likes. */
let claimed = '';
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://provider');
  const json = (body: object) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (pathname === '/token') return json({ access_token: 'a', token_type: 'bearer' });
  if (pathname === '/user') return json({ id: `subject of ${claimed}`, email: claimed, verified: true });
  const back = new URL(searchParams.get('redirect_uri') ?? '');
  back.search = new URLSearchParams({ code: 'c', state: searchParams.get('state') ?? '' }).toString();
  return response.writeHead(302, { location: back.href }).end();
});
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
after(() => server.close().closeAllConnections());
const address = server.address();
const host = typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : '';
const sso = await ssoHttp([host]);
const { platform, send, buildSso, buildCustomer } = sso;

const description = {
  kind: 'oauth2',
  oauth2: {
    authorizationUrl: `http://${host}/authorize`,
    tokenUrl: `http://${host}/token`,
    userInfoUrl: `http://${host}/user`,
    clientId: 'factotum',
    clientSecret: 'a-secret-of-the-client',
    fields: { subject: 'id', email: 'email', emailVerified: 'verified', name: null },
  },
};

/** Whom the provider signs in when it says that they have this address; null when nobody. */
async function signInAs(customer: SsoCustomer, email: string) {
  claimed = email;
  const browser = testBrowser(sso);
  await browser.follow(await browser.open(`/api/v1/sso/start?provider=${customer.provider.id}`), (next) =>
    next.pathname.endsWith('/tasks'),
  );
  return browser.cookie() === '' ? null : browser.cookie();
}

const isSignedIn = async (cookie: string | null) => cookie !== null && (await send('GET /api/v1/me', { cookie })).status === 200;

async function addMember(customer: { signIn(): Promise<string> }, email: string, role: string): Promise<string> {
  const invited = await send('POST /api/v1/invitations', { cookie: await customer.signIn(), json: { email, roles: [role] } });
  const json = { token: tokenIn((await bodyOf(invited)).url), name: 'Olivia', password: passphrase };
  const joined = await send('POST /api/v1/invitation/accept', { json, headers: browserHeaders });
  assert.equal(joined.status, 204);
  return joined.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ');
}

test('an administrator does not become an owner by letting a provider of their own say so', async () => {
  const customer = await buildSso(() => description);
  const owner = `olivia@${customer.domain}`;
  await addMember(customer, owner, 'owner');
  assert.ok(await isSignedIn(await signInAs(customer, owner)), 'an owner has set it up');
  const moved = { ...description, oauth2: { ...description.oauth2, authorizationUrl: `http://${host}/elsewhere` } };
  assert.equal((await customer.change(moved)).status, 200, 'by a key, which is no owner');
  assert.equal(await isSignedIn(await signInAs(customer, owner)), false, 'neither who is connected');
  assert.equal(await isSignedIn(await signInAs(customer, `otto@${customer.domain}`)), true, 'others as before');
  await addMember(customer, `oscar@${customer.domain}`, 'owner');
  assert.equal(await isSignedIn(await signInAs(customer, `oscar@${customer.domain}`)), false, 'nor who would be');
  const saved = { name: 'Northwind', enabled: true, joins: true, roles: { claim: null, rules: [], fallback: ['member'] }, ...moved };
  const put = await send(`PUT /api/v1/sso/providers/${customer.provider.id}`, { cookie: await customer.signIn(), json: saved });
  assert.equal(put.status, 200);
  assert.ok(await isSignedIn(await signInAs(customer, owner)), 'an owner has saved it');
  assert.equal((await customer.change({ ...moved, joins: false })).status, 200);
  assert.ok(await isSignedIn(await signInAs(customer, owner)), 'what does not change the party changes nothing');
});

test('who was on the way to the provider when the tenant was suspended does not join it', async () => {
  const customer = await buildSso(() => description);
  const email = `late@${customer.domain}`;
  claimed = email;
  const browser = testBrowser(sso);
  const isBack = (next: URL) => next.pathname.includes('/sso/callback/');
  const start = await browser.open(`/api/v1/sso/start?provider=${customer.provider.id}`);
  const { location, url } = await browser.follow(start, isBack);
  await withTenant(platform.database.app.db, customer.tenantId, (tx) =>
    suspendTenant(tx, customer.tenantId, { actor: 'operator:test', at: new Date() }),
  );
  const answer = await browser.open(new URL(location ?? '', url));
  assert.equal(answer.location, '/sign-in?error=tenant.suspended');
  const { rows } = await platform.database.auth.pool.query('select from "user" where email = $1', [email]);
  assert.equal(rows.length, 0, 'nor is anybody made');
});

test("a provider's session shows and ends nothing that its person has in other tenants", async () => {
  const [theirs, other] = [await buildSso(() => description), await buildCustomer()];
  const email = `petra@${theirs.domain}`;
  const elsewhere = await addMember(other, email, 'member');
  await platform.database.auth.pool.query('update "user" set "emailVerified" = true where email = $1', [email]);
  const cookie = await signInAs(theirs, email);
  assert.ok(cookie !== null && (await isSignedIn(cookie)));
  for (const path of ['/api/v1/me', '/api/v1/account'] as const) {
    const shown = await (await send(`GET ${path}`, { cookie })).text();
    assert.ok(shown.includes(theirs.tenantId), path);
    assert.equal(shown.includes(other.tenantId), false, path);
  }
  const { items } = await bodyOf(await send('GET /api/v1/account/sessions', { cookie }));
  assert.equal(items.length, 1, 'its own session');
  const [session] = (await bodyOf(await send('GET /api/v1/account/sessions', { cookie: elsewhere }))).items.filter(
    ({ id }) => id !== items[0]?.id,
  );
  assert.equal((await send(`DELETE /api/v1/account/sessions/${session?.id}`, { cookie })).status, 404);
  assert.equal((await send('DELETE /api/v1/account/sessions', { cookie })).status, 204);
  assert.ok(await isSignedIn(elsewhere), 'what was there before is there');
  assert.equal((await send('PUT /api/v1/account', { cookie, json: { name: 'Somebody Else' } })).status, 403, 'a name is shown everywhere');
  assert.equal((await send('PUT /api/v1/account', { cookie: elsewhere, json: { name: 'Petra' } })).status, 204);
});
