import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Id } from '#kernel';
import { withTenant } from '#kernel/database';
import { createPostman } from '#kernel/mail';
import { listEntries } from '#trust/audit';
import { appCode, createAuthenticator } from '../../../test/authenticator.ts';
import { type Sent, type TestCustomer, testHttp } from '../../../test/http.ts';
import { testOrigin } from '../../../test/identity.ts';
import { startMailbox } from '../../../test/mailbox.ts';
import { createCookieJar, goodPassword, namedOrigin } from '../../../test/person.ts';
import { eventually } from '../../../test/platform.ts';

const mailbox = await startMailbox();
const postman = createPostman({ url: mailbox.url, from: 'factotum@example.com' });
after(() => postman.close());
const { platform, http, send, buildCustomer } = await testHttp({ deps: { postman } });
const { pool } = platform.database.auth;
type Line = Parameters<typeof send>[0];
/** What an attacker writes who wants our mail to lead to them. */
const poisoned = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example', 'x-original-host': 'evil.example' };

/** A browser on our own page, by name, which keeps its cookies. */
function openBrowser() {
  const jar = createCookieJar();
  return {
    cookie: jar.text,
    keep: jar.keep,
    async send(line: Line, json?: object, more: Sent = {}) {
      const headers = { origin: namedOrigin, ...more.headers };
      const response = await send(line, { cookie: jar.text(), ...(json === undefined ? {} : { json }), ...more, headers });
      jar.keep(response);
      return response;
    },
  };
}

async function emailOf({ tenantId }: TestCustomer): Promise<string> {
  const { rows } = await pool.query('select email from "user" join member on member."userId" = "user".id where "organizationId" = $1', [
    tenantId,
  ]);
  return rows[0].email;
}

/** The owner of a new tenant in a browser, with a password. */
async function buildPerson() {
  const customer = await buildCustomer();
  const browser = openBrowser();
  const token = await platform.identity.createSignInLink(customer.tenantId);
  assert.equal((await browser.send('POST /api/v1/session', { token })).status, 204);
  assert.equal((await browser.send('PUT /api/v1/account/password', { password: goodPassword })).status, 204);
  return { ...customer, email: await emailOf(customer), browser };
}

const entriesOf = async (tenantId: Id<'tenant'>, kind: string) => {
  await platform.sequencer.drained();
  const entries = await withTenant(platform.database.app.db, tenantId, (tx) => listEntries(tx, { tenantId, limit: 200 }));
  return entries.filter((entry) => entry.kind === kind);
};
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;
const json = async <T>(response: Response) => (await response.json()) as T; // what the route declares, which every test checks

test('what a sign-in page may offer is the same for every address', async () => {
  const { email } = await buildPerson();
  const known = await json(await send(`GET /api/v1/sign-in?email=${encodeURIComponent(email)}`));
  assert.deepEqual(known, { password: true, passkey: true, link: true, registration: false, sso: null });
  assert.deepEqual(await json(await send('GET /api/v1/sign-in?email=nobody@example.com')), known);
  assert.deepEqual(await json(await send('GET /api/v1/sign-in')), known);
});

test('a sign-in by password is in the log with how it was done, and so is a refused one, in the tenants of that person', async () => {
  const { tenantId, email } = await buildPerson();
  const browser = openBrowser();
  assert.equal((await browser.send('POST /api/v1/session/password', { email, password: goodPassword })).status, 204);
  assert.equal((await browser.send('GET /api/v1/me')).status, 200);
  const created = await entriesOf(tenantId, 'session.created');
  assert.ok(created.some(({ detail }) => detail.method === 'password'));
  const refused = await openBrowser().send('POST /api/v1/session/password', { email, password: 'falsch geraten' });
  assert.equal(refused.status, 401);
  const entry = await eventually(
    async () => (await entriesOf(tenantId, 'session.refused'))[0],
    () => 'the refusal is not in the log',
  );
  assert.deepEqual(entry.detail, { code: 'auth.failed', method: 'password' });
});

test('answers about known and unknown people are the same, to the letter', async () => {
  const { email } = await buildPerson();
  const texts = new Set<string>();
  for (const address of [email, 'nobody@example.com', 'no address at all']) {
    const response = await send('POST /api/v1/session/password', { json: { email: address, password: 'falsch geraten' } });
    assert.deepEqual(response.headers.getSetCookie(), []);
    texts.add((await response.text()).replace(/"requestId":"[^"]*"/, ''));
    const link = await send('POST /api/v1/session/link', { json: { email: address } });
    assert.equal(link.status, 202);
    assert.equal(await link.text(), '');
  }
  assert.equal(texts.size, 1);
});

test('too many attempts are told when to come back', async () => {
  const { email } = await buildPerson();
  const attempt = () => send('POST /api/v1/session/password', { json: { email, password: 'falsch geraten' }, address: '203.0.113.50' });
  for (let guess = 0; guess < 7; guess++) await attempt();
  const response = await attempt();
  assert.equal(response.status, 429);
  assert.ok(Number(response.headers.get('retry-after')) >= 1);
  assert.equal(await codeOf(response), 'auth.throttled');
});

test('a link is mailed to who asks for it, and signs in by its fragment', async () => {
  const { email } = await buildPerson();
  assert.equal((await send('POST /api/v1/session/link', { json: { email }, headers: poisoned })).status, 202);
  const [, address, token] = /(http:\S+)\/#token=([\w-]{43})/.exec(await mailbox.letterTo(email)) ?? [];
  assert.equal(address, testOrigin, 'the address that we know ourselves by, whatever the request named');
  const browser = openBrowser();
  assert.equal((await browser.send('POST /api/v1/session', { token })).status, 204);
  const account = await json<{ user: { emailVerified: boolean } }>(await browser.send('GET /api/v1/account'));
  assert.equal(account.user.emailVerified, true);
});

test('nobody makes themselves more than they are by what they send along', async () => {
  const { browser } = await buildPerson();
  const more = {
    emailVerified: true,
    operator: true,
    roles: ['owner'],
    tenantId: 'ten_000000000000000000000000',
    userId: 'usr_000000000000000000000000',
  };
  for (const [name, value] of Object.entries(more))
    assert.equal((await browser.send('PUT /api/v1/account', { name: 'Olivia', [name]: value })).status, 400, name);
  const account = await json<{ user: { emailVerified: boolean }; operator: boolean }>(await browser.send('GET /api/v1/account'));
  assert.deepEqual([account.user.emailVerified, account.operator], [false, false]);
});

test('an app is set up, asked for, stood in for by a recovery code, and removed', async () => {
  const { tenantId, email, browser } = await buildPerson();
  const { uri, secret } = await json<{ uri: string; secret: string }>(await browser.send('POST /api/v1/account/totp'));
  assert.match(uri, /^otpauth:\/\/totp\/Factotum/);
  assert.match(secret, /^[A-Z2-7]{32}$/);
  assert.equal(await codeOf(await browser.send('POST /api/v1/account/totp/confirm', { code: '000000' })), 'auth.code_invalid');
  // The next half minute's code is taken as well: each is of use once.
  const code = (ahead: number) => appCode(secret, new Date(Date.now() + ahead * 30_000));
  const confirmed = await browser.send('POST /api/v1/account/totp/confirm', { code: code(0) });
  const { recoveryCodes } = await json<{ recoveryCodes: string[] }>(confirmed);
  assert.equal((await browser.send('GET /api/v1/me')).status, 200, 'the session goes on under its new token');
  assert.ok((await entriesOf(tenantId, 'account.changed')).some(({ detail }) => detail.what === 'authenticator app'));

  const second = openBrowser();
  const begun = await second.send('POST /api/v1/session/password', { email, password: goodPassword });
  assert.equal(begun.status, 200);
  assert.deepEqual(await json(begun), { secondFactor: ['totp', 'recovery'] });
  assert.equal((await second.send('GET /api/v1/me')).status, 401);
  assert.equal(await codeOf(await second.send('POST /api/v1/session/second-factor', { code: '000000' })), 'auth.code_invalid');
  assert.equal((await second.send('POST /api/v1/session/second-factor', { code: code(1) })).status, 204);
  assert.equal((await second.send('GET /api/v1/me')).status, 200);

  const third = openBrowser();
  await third.send('POST /api/v1/session/password', { email, password: goodPassword });
  assert.equal((await third.send('POST /api/v1/session/second-factor', { recoveryCode: recoveryCodes[3] })).status, 204);
  const account = await json<{ recoveryCodesLeft: number; totp: boolean }>(await third.send('GET /api/v1/account'));
  assert.deepEqual([account.recoveryCodesLeft, account.totp], [9, true]);
  assert.equal((await third.send('POST /api/v1/account/recovery-codes')).status, 200);
  assert.equal((await third.send('DELETE /api/v1/account/totp')).status, 204);
});

test('a passkey is made, signs in, confirms and is removed', async () => {
  const { tenantId, browser } = await buildPerson();
  const authenticator = createAuthenticator();
  const creation = await json<Parameters<typeof authenticator.create>[0]>(await browser.send('POST /api/v1/account/passkeys/options'));
  const added = await browser.send('POST /api/v1/account/passkeys', {
    name: 'Laptop',
    response: authenticator.create(creation, { origin: namedOrigin }),
  });
  assert.equal(added.status, 201);
  const { id } = await json<{ id: string }>(added);

  const second = openBrowser();
  type Options = Parameters<typeof authenticator.get>[0];
  const request = await json<Options>(await second.send('POST /api/v1/session/passkey/options'));
  const response = authenticator.get(request, { origin: namedOrigin });
  assert.equal((await second.send('POST /api/v1/session/passkey', { response })).status, 204);
  assert.ok((await entriesOf(tenantId, 'session.created')).some(({ detail }) => detail.method === 'passkey'));
  assert.equal(await codeOf(await openBrowser().send('POST /api/v1/session/passkey', { response })), 'auth.failed');

  const stepUp = await json<Options>(await second.send('POST /api/v1/session/step-up/passkey/options'));
  const proof = authenticator.get(stepUp, { origin: namedOrigin });
  assert.equal((await second.send('POST /api/v1/session/step-up/passkey', { response: proof })).status, 204);
  assert.ok((await entriesOf(tenantId, 'session.stepped_up')).some(({ detail }) => detail.method === 'passkey'));
  assert.equal((await browser.send(`DELETE /api/v1/account/passkeys/${id}`)).status, 204);
  assert.equal(await codeOf(await browser.send(`DELETE /api/v1/account/passkeys/${id}`)), 'passkey.not_found');
});

test('what is dangerous asks for a proof of the last ten minutes', async () => {
  const { tenantId, browser } = await buildPerson();
  const password = 'vier Enten schlafen fest';
  await pool.query(`update session set "createdAt" = "createdAt" - interval '11 minutes' where "activeOrganizationId" = $1`, [tenantId]);
  assert.equal(await codeOf(await browser.send('PUT /api/v1/account/password', { password })), 'auth.step_up_required');
  const { methods } = await json<{ methods: string[] }>(await browser.send('GET /api/v1/session/step-up'));
  assert.deepEqual(methods, ['password', 'link']);
  assert.equal(await codeOf(await browser.send('POST /api/v1/session/step-up', { password: 'falsch geraten' })), 'auth.failed');
  const before = browser.cookie();
  assert.equal((await browser.send('POST /api/v1/session/step-up', { password: goodPassword })).status, 204);
  assert.notEqual(browser.cookie(), before);
  assert.equal((await send('GET /api/v1/me', { cookie: before })).status, 401);
  assert.equal((await browser.send('PUT /api/v1/account/password', { password })).status, 204);
  assert.ok((await entriesOf(tenantId, 'session.stepped_up')).some(({ detail }) => detail.method === 'password'));
});

test('a person sees and ends their sessions, and changes what they are called', async () => {
  const { tenantId, email, browser } = await buildPerson();
  const second = openBrowser();
  await second.send('POST /api/v1/session/password', { email, password: goodPassword });
  type Sessions = { items: { id: string; current: boolean; method: string }[] };
  const { items } = await json<Sessions>(await browser.send('GET /api/v1/account/sessions'));
  assert.deepEqual(items.map(({ method }) => method).sort(), ['link', 'password']);
  const other = items.find(({ current }) => !current);
  assert.equal((await browser.send(`DELETE /api/v1/account/sessions/${other?.id}`)).status, 204);
  assert.equal((await second.send('GET /api/v1/me')).status, 401);
  assert.equal(await codeOf(await browser.send(`DELETE /api/v1/account/sessions/${other?.id}`)), 'session.not_found');
  assert.equal((await browser.send('DELETE /api/v1/account/sessions')).status, 204);
  assert.ok((await entriesOf(tenantId, 'session.ended')).some(({ objectId }) => objectId === other?.id));
  assert.equal((await browser.send('PUT /api/v1/account', { name: 'Olivia Neu' })).status, 204);
  const me = await json<{ principal: { name: string }; operator: boolean; tenants: { id: string }[] }>(
    await browser.send('GET /api/v1/me'),
  );
  assert.deepEqual([me.principal.name, me.operator, me.tenants.map(({ id }) => id)], ['Olivia Neu', false, [tenantId]]);
  assert.equal((await browser.send('DELETE /api/v1/account/password')).status, 204);
});

test('who has to set a second factor up first may do that and nothing else, by any route', async () => {
  const { tenantId, browser } = await buildPerson();
  await pool.query('insert into "tenantSecurity" ("tenantId", "secondFactorRequired") values ($1, true)', [tenantId]);
  const ofTenant = http.routes.filter(({ access }) => !['open', 'operator', 'person', 'known'].includes(access));
  assert.ok(ofTenant.length > 20);
  for (const { spec } of ofTenant) {
    const line = `${spec.method.toUpperCase()} ${spec.path.replaceAll(/\{\w+\}/g, 'x')}` as Line; // a method and a path, as they were
    assert.equal(await codeOf(await browser.send(line)), 'auth.second_factor_required', line);
  }
  const me = await json<{ pending: string; permissions: string[] }>(await browser.send('GET /api/v1/me'));
  assert.deepEqual([me.pending, me.permissions], ['second_factor', []]);
  assert.equal((await browser.send('POST /api/v1/account/totp')).status, 200);
});

test('an operator has an account and no tenant, and comes back from one to none', async () => {
  const { token } = await platform.identity.operators.create({ email: 'ops@example.com', name: 'Olga Operator' });
  const browser = openBrowser();
  assert.equal((await browser.send('POST /api/v1/session', { token })).status, 204);
  type Me = { tenant: unknown; principal: { kind: string }; permissions: string[]; operator: boolean };
  const me = await json<Me>(await browser.send('GET /api/v1/me'));
  assert.deepEqual([me.tenant, me.principal.kind, me.permissions, me.operator], [null, 'operator', [], true]);
  assert.equal((await browser.send('GET /api/v1/account')).status, 200);
  assert.equal((await browser.send('GET /api/v1/tasks')).status, 401);
  const { tenantId } = await buildCustomer();
  assert.equal(await codeOf(await browser.send('POST /api/v1/session/tenant', { tenantId })), 'tenant.not_found');
  assert.equal((await browser.send('POST /api/v1/session/tenant', { tenantId: null })).status, 204);
  assert.equal((await browser.send('DELETE /api/v1/session')).status, 204);
  assert.equal((await browser.send('GET /api/v1/me')).status, 401);
});

test('a change of tenant ends the session in one log and begins it in the other', async () => {
  const { tenantId, email, browser } = await buildPerson();
  const second = await buildCustomer();
  await pool.query(
    `insert into member (id, "organizationId", "userId", role, "createdAt") select $1, $2, id, 'member', now() from "user" where email = $3`,
    [`mem${Date.now()}`, second.tenantId, email],
  );
  const before = browser.cookie();
  assert.equal((await browser.send('POST /api/v1/session/tenant', { tenantId: second.tenantId })).status, 204);
  assert.equal((await send('GET /api/v1/me', { cookie: before })).status, 401);
  const me = await json<{ tenant: { id: string } }>(await browser.send('GET /api/v1/me'));
  assert.equal(me.tenant.id, second.tenantId);
  assert.ok((await entriesOf(tenantId, 'session.ended')).some(({ detail }) => detail.reason === 'switched'));
  assert.ok((await entriesOf(second.tenantId, 'session.created')).some(({ detail }) => detail.reason === 'switched'));
});

test('a foreign page signs nobody in, whichever way', async () => {
  const { email } = await buildPerson();
  const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  for (const [line, body] of [
    ['POST /api/v1/session/password', { email, password: goodPassword }],
    ['POST /api/v1/session/second-factor', { code: '123456' }],
    ['POST /api/v1/session/passkey/options', undefined],
  ] as const) {
    const response = await send(line, { headers, ...(body === undefined ? {} : { json: body }) });
    assert.equal(await codeOf(response), 'request.foreign_origin', line);
  }
  assert.notEqual(testOrigin, namedOrigin);
});
