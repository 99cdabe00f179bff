import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testBrowser } from '../../../test/sso/browser.ts';
import type { Accounts } from '../../../test/sso/oidc-idp.ts';
import { oidcWorld } from '../../../test/sso/oidc-world.ts';

const { site, sso, oidc, buildNorthwind, alice, upToCallback, signIn, me, entriesOf, userOf, addMemberByHand, ageProof, provenAtOf } =
  await oidcWorld();
const { platform, send, buildSso } = sso;

test('a person signs in with an account that OpenID Connect vouches for, becomes a member, and is sent to where they were going', async () => {
  const customer = await buildNorthwind(alice);
  const browser = testBrowser(sso);
  const page = await signIn(browser, customer, 'alice');
  assert.equal(page.status, 303);
  assert.equal(page.location, '/tasks');
  const who = await me(browser);
  assert.equal(who?.principal.email, `alice@${customer.domain}`);
  assert.equal(who?.principal.name, 'Alice Archer');
  assert.equal(who?.tenant.id, customer.tenantId);
  assert.ok(who?.permissions.includes('task:read') && !who.permissions.includes('approval:decide'));
  assert.equal(browser.cookie().includes('factotum-sso'), false, 'the cookie of the round is gone');
});

test('who somebody is hangs on the subject: a new address at the provider changes nobody, and a second account for an address opens nothing', async () => {
  const people: Accounts = {};
  const customer = await buildNorthwind((domain) => Object.assign(people, alice(domain)));
  const first = testBrowser(sso);
  await signIn(first, customer, 'alice');
  people.alice = { email: `renamed@${customer.domain}`, email_verified: true };
  people.successor = { email: `alice@${customer.domain}`, email_verified: true };
  const second = testBrowser(sso);
  await signIn(second, customer, 'alice');
  assert.equal((await me(second))?.principal.email, `alice@${customer.domain}`);
  const successor = testBrowser(sso);
  assert.equal((await signIn(successor, customer, 'successor')).location, '/sign-in?error=sso.other_account');
  assert.equal(await me(successor), null);
});

test('an address that the provider calls unverified, or has none of, or that is of a domain nobody has proven, opens nothing, and the log says so', async () => {
  const customer = await buildNorthwind((domain) => ({
    unverified: { email: `eve@${domain}`, email_verified: false },
    nameless: {},
    stranger: { email: 'eve@elsewhere.example', email_verified: true },
    below: { email: `eve@sub.${domain}`, email_verified: true },
    owner: { email: `owner@${domain}`, email_verified: 'no' },
  }));
  for (const login of ['unverified', 'nameless', 'stranger', 'below', 'owner']) {
    const browser = testBrowser(sso);
    assert.equal((await signIn(browser, customer, login)).location, '/sign-in?error=sso.address_refused', login);
    assert.equal(await me(browser), null, login);
  }
  const refusals = (await entriesOf(customer)).filter(({ kind }) => kind === 'session.refused');
  assert.equal(refusals.length, 5);
  assert.equal(refusals[0]?.detail.code, 'sso.address_refused');
});

test('without joining, only who is a member already is connected; what they may do stays as it is', async () => {
  const customer = await buildNorthwind((domain) => ({ ...alice(domain), bob: { email: `bob@${domain}`, email_verified: true } }), {
    joins: false,
  });
  await addMemberByHand(customer, `Bob@${customer.domain}`, 'auditor');
  const bob = testBrowser(sso);
  await signIn(bob, customer, 'bob');
  assert.deepEqual((await me(bob))?.permissions.includes('audit:read'), true);
  const stranger = testBrowser(sso);
  assert.equal((await signIn(stranger, customer, 'alice')).location, '/sign-in?error=sso.not_member');
});

test('somebody else’s account with the address, which never proved it, is not taken over and takes nothing over', async () => {
  const customer = await buildNorthwind(alice);
  const other = await sso.buildCustomer();
  await addMemberByHand(other, `alice@${customer.domain}`, 'member');
  const browser = testBrowser(sso);
  assert.equal((await signIn(browser, customer, 'alice')).location, '/sign-in?error=sso.address_refused');
});

test('whom a directory has switched off does not join again by signing in', async () => {
  const customer = await buildNorthwind(alice);
  const browser = testBrowser(sso);
  await signIn(browser, customer, 'alice');
  const { pool } = platform.database.auth;
  const userId = await userOf(`alice@${customer.domain}`);
  await pool.query(
    `insert into "scimUser" ("tenantId", "userId", "userName", active, made, attributes, "createdAt", "updatedAt") values ($1, $2, 'alice', false, true, '{}', now(), now())`,
    [customer.tenantId, userId],
  );
  await pool.query('delete from member where "userId" = $1', [userId]);
  assert.equal(await me(browser), null);
  assert.equal((await signIn(testBrowser(sso), customer, 'alice')).location, '/sign-in?error=sso.not_member');
});

test('roles follow the provider’s groups at each sign-in, owners are left alone, and who has no role stays outside', async () => {
  const people: Accounts = {};
  const customer = await buildNorthwind(
    (domain) =>
      Object.assign(people, {
        alice: { email: `alice@${domain}`, email_verified: true, groups: ['staff', 'deciders'] },
        olivia: { email: `olivia@${domain}`, email_verified: true, groups: [] },
        none: { email: `none@${domain}`, email_verified: true, groups: ['elsewhere', 'owner'] },
      }),
    {
      oidc: { ...oidc, scopes: ['openid', 'email', 'groups'] },
      roles: {
        claim: 'groups',
        rules: [
          { value: 'staff', role: 'member' },
          { value: 'deciders', role: 'approver' },
        ],
        fallback: [],
      },
    },
  );
  await addMemberByHand(customer, `olivia@${customer.domain}`, 'owner');
  const permissionsOf = async (login: string) => {
    const browser = testBrowser(sso);
    const page = await signIn(browser, customer, login);
    return (await me(browser))?.permissions ?? page.location;
  };
  assert.ok((await permissionsOf('alice'))?.includes('approval:decide'));
  people.alice = { ...people.alice, groups: ['staff'] };
  assert.equal((await permissionsOf('alice'))?.includes('approval:decide'), false);
  assert.ok((await permissionsOf('olivia'))?.includes('tenant:close'));
  assert.equal(await permissionsOf('none'), '/sign-in?error=sso.no_role');
  people.alice = { ...people.alice, groups: [] };
  assert.equal(await permissionsOf('alice'), '/sign-in?error=sso.no_role');
  assert.equal((await entriesOf(customer)).filter(({ kind }) => kind === 'member.changed').length, 1);
});

test('rules give no role that their maker could not give, and never the owner’s', async () => {
  const customer = await sso.buildCustomer();
  const key = await customer.key('security:admin', 'member:read');
  const describe = (role: string) => ({
    kind: 'oidc',
    name: 'Rules',
    enabled: false,
    joins: true,
    roles: { claim: 'groups', rules: [{ value: 'x', role }], fallback: [] },
    oidc,
  });
  for (const role of ['owner', 'approver', 'admin'])
    assert.equal((await send('POST /api/v1/sso/providers', { key, json: describe(role) })).status, 403, role);
  assert.equal((await send('POST /api/v1/sso/providers', { key, json: describe('no-such-role') })).status, 404);
});

test('an answer counts once, in the browser that asked for it, and with the state that was sent', async () => {
  const customer = await buildNorthwind(alice);
  const start = `/api/v1/sso/start?provider=${customer.provider.id}`;
  const victim = testBrowser(sso);
  const attacker = testBrowser(sso);
  const back = await upToCallback(attacker, start, 'alice');
  // Login CSRF: the victim's browser is sent to the end of the attacker's sign-in.
  assert.equal((await victim.open(back)).location, '/sign-in?error=sso.expired');
  await victim.open(start);
  assert.equal((await victim.open(back)).location, '/sign-in?error=sso.expired', 'not with a round of its own either');
  const altered = new URL(back);
  altered.searchParams.set('state', 'A'.repeat(43));
  assert.equal((await attacker.open(altered)).location, '/sign-in?error=sso.expired');
  const answers = await Promise.all([attacker.open(back), attacker.open(back), attacker.open(back)]);
  assert.deepEqual(answers.map(({ location }) => location).sort(), ['/', '/sign-in?error=sso.expired', '/sign-in?error=sso.expired']);
  assert.equal(await me(victim), null);
});

test('the answer of one provider is not taken at the address of another', async () => {
  const customer = await buildNorthwind(alice);
  const other = await buildSso(() => ({ kind: 'oidc', oidc }));
  const browser = testBrowser(sso);
  const back = await upToCallback(browser, `/api/v1/sso/start?provider=${customer.provider.id}`, 'alice');
  const misled = new URL(back.href.replace(customer.provider.id, other.provider.id));
  assert.equal((await browser.open(misled)).location, '/sign-in?error=sso.expired');
});

test('an answer that names another issuer is refused', async () => {
  const customer = await buildNorthwind(alice);
  const browser = testBrowser(sso);
  const back = await upToCallback(browser, `/api/v1/sso/start?provider=${customer.provider.id}`, 'alice');
  assert.equal(back.searchParams.get('iss'), site.origin);
  back.searchParams.set('iss', 'https://attacker.example');
  assert.equal((await browser.open(back)).location, '/sign-in?error=sso.failed');
});

test('a session that was planted in the browser is not the one that is signed in', async () => {
  const customer = await buildNorthwind(alice);
  const planted = await customer.signIn();
  const browser = testBrowser(sso);
  browser.plant(planted);
  await signIn(browser, customer, 'alice');
  assert.equal(browser.cookie().includes(planted), false);
  assert.equal((await me(browser))?.principal.email, `alice@${customer.domain}`);
  assert.equal((await send('GET /api/v1/me', { cookie: planted })).status, 401, 'it has ended');
});

test('people are led to our own pages afterwards, whatever the link says', async () => {
  const customer = await buildNorthwind(alice);
  const elsewhere = [
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '\\\\evil.example',
    'javascript:alert(1)',
    '/api/v1/sso/start?provider=x',
    '/%0d%0aset-cookie:a=b\r\n',
  ];
  for (const to of elsewhere) assert.equal((await signIn(testBrowser(sso), customer, 'alice', to)).location, '/', to);
  assert.equal((await signIn(testBrowser(sso), customer, 'alice', '/tasks/x?tab=1#two')).location, '/tasks/x?tab=1#two');
});

test('an address leads to the provider of its proven domain, and to nothing otherwise', async () => {
  const customer = await buildNorthwind(alice);
  const browser = testBrowser(sso);
  const page = await browser.open(`/api/v1/sso/start?email=anybody@${customer.domain.toUpperCase()}`);
  assert.ok(page.location?.startsWith(`${site.origin}/auth?`), page.location ?? '');
  const sent = new URL(page.location ?? '').searchParams;
  assert.equal(sent.get('code_challenge_method'), 'S256');
  assert.equal(sent.get('redirect_uri'), customer.provider.own.redirectUri);
  for (const email of ['anybody@unproven.example', 'no address', `x@sub.${customer.domain}`])
    assert.equal((await browser.open(`/api/v1/sso/start?email=${encodeURIComponent(email)}`)).location, '/sign-in?error=sso.not_found');
});

test('to confirm a session the provider asks the person anew, and somebody else’s proof does not count', async () => {
  const customer = await buildNorthwind((domain) => ({ ...alice(domain), mallory: { email: `m@${domain}`, email_verified: true } }));
  const browser = testBrowser(sso);
  await signIn(browser, customer, 'alice');
  await ageProof(`alice@${customer.domain}`);
  const before = await provenAtOf(`alice@${customer.domain}`);
  const start = '/api/v1/sso/start?purpose=step-up&to=/settings';
  // The provider has a session of its own; it is not enough.
  const shown = await browser.follow(await browser.open(start));
  assert.match(shown.body, /name="login"/);
  browser.forget(site.origin);
  assert.equal((await browser.open(await upToCallback(browser, start, 'mallory'))).location, '/sign-in?error=sso.failed');
  assert.deepEqual(await provenAtOf(`alice@${customer.domain}`), before);
  browser.forget(site.origin);
  const copied = browser.cookie();
  assert.equal((await browser.open(await upToCallback(browser, start, 'alice'))).location, '/settings');
  assert.ok(await me(browser));
  assert.equal((await send('GET /api/v1/me', { cookie: copied })).status, 401, 'the session has a new token');
  assert.ok((await provenAtOf(`alice@${customer.domain}`)) > before);
  assert.equal((await testBrowser(sso).open(start)).location, '/sign-in?error=auth.required');
});

test('signing in silently, by a session at the provider, is no proof of presence', async () => {
  const customer = await buildNorthwind(alice);
  const browser = testBrowser(sso);
  await signIn(browser, customer, 'alice');
  const entry = await provenAtOf(`alice@${customer.domain}`);
  assert.ok(Date.now() - entry.getTime() > 3_600_000, 'this provider does not tell when somebody signed in');
});

test('a test shows what the provider says and what would come of it, and signs nobody in', async () => {
  const customer = await buildNorthwind(alice);
  await customer.change({ enabled: false });
  const { id } = customer.provider;
  const begin = async () =>
    (await (await send(`POST /api/v1/sso/providers/${id}/test`, { key: customer.apiKey })).json()) as { testId: string; url: string }; // as declared
  const { testId, url } = await begin();
  const read = async (test: string) => (await send(`GET /api/v1/sso/tests/${test}`, { key: customer.apiKey })).json();
  assert.deepEqual(await read(testId), { state: 'waiting', claims: null, roles: null, error: null });
  const browser = testBrowser(sso);
  const page = await browser.open(await upToCallback(browser, url, 'alice'));
  assert.equal(page.location, `/settings/sso?test=${testId}`);
  assert.equal(await me(browser), null);
  const result = (await read(testId)) as { state: string; claims: { email: string }; roles: string[] }; // as declared
  assert.equal(result.state, 'ok');
  assert.equal(result.claims.email, `alice@${customer.domain}`);
  assert.deepEqual(result.roles, ['member']);
  assert.equal((await testBrowser(sso).open(url)).location, '/settings/sso?error=sso.expired', 'a test begins once');
  assert.equal((await send(`GET /api/v1/sso/tests/${testId}`, { key: await (await sso.buildCustomer()).key() })).status, 404);
  const shown = (await (await send(`GET /api/v1/sso/providers/${id}`, { key: customer.apiKey })).json()) as { lastTest: { ok: boolean } }; // as declared
  assert.equal(shown.lastTest.ok, true);
  assert.equal((await testBrowser(sso).open(`/api/v1/sso/start?provider=${id}`)).location, '/sign-in?error=sso.not_found', 'it is off');
});
