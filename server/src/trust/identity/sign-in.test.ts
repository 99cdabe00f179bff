import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createLogger, systemClock } from '#kernel';
import { browser, cookiesOf, exchangeLink, someAddress, testIdentity, testOrigin } from '../../../test/identity.ts';
import { createAuth } from './auth.ts';
import { permissionsOf } from './permissions.ts';
import { readOrMakeSecret } from './secret.ts';

const { identity, database, folder, another, buildTenant, signIn, close } = await testIdentity();
after(close);
const { pool } = database.auth;
/** Name and value of the session's cookie; the other one says that the browser is known. */
const sessionCookie = (headers: Headers) => headers.get('cookie')?.split('; ')[0]?.split('=', 2) ?? [];
const log = createLogger({ level: 'silent' });

test('a sign-in link opens a session of its tenant, with all that an owner may do', async () => {
  const { tenantId, userId, email } = await buildTenant();
  const { response, principal, sessionId } = await exchangeLink(
    identity,
    await identity.createSignInLink(tenantId),
    browser(),
    someAddress(),
  );
  assert.equal(response.status, 204);
  assert.match(sessionId, /^ses_[0-9a-f]{24}$/);
  assert.ok(principal.session);
  const { session } = principal;
  assert.deepEqual([session.id, session.userId, session.method, session.provenAt], [sessionId, userId, 'link', session.startedAt]);
  const who = { kind: 'user', actor: `user:${userId}`, tenantId, permissions: permissionsOf(['owner']), name: 'Olivia Owner', email };
  const expected = { ...who, allowedAddresses: [], session };
  assert.deepEqual(principal, expected);
  assert.deepEqual(await identity.principalOf(new Headers({ cookie: cookiesOf(response) })), expected);
});

test('the session is a real one of better-auth, which names the tenant as active', async () => {
  const { tenantId, userId } = await buildTenant();
  const headers = await signIn(tenantId);
  const secret = await readOrMakeSecret(join(folder, 'keys', 'session.secret'));
  const auth = createAuth({ auth: database.auth, publicOrigins: () => [testOrigin], clock: systemClock, log }, secret);
  const session = await auth.api.getSession({ headers });
  assert.equal(session?.user.id, userId);
  assert.equal(Object(session?.session).activeOrganizationId, tenantId);
});

test('the cookie is out of reach of scripts and foreign sites, and named after us', async () => {
  const { tenantId } = await buildTenant();
  const { response } = await exchangeLink(identity, await identity.createSignInLink(tenantId), browser(), someAddress());
  const cookies = response.headers.getSetCookie();
  assert.equal(cookies.length, 2);
  assert.match(cookies[0] ?? '', /^factotum\.session_token=[^;]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/);
  assert.match(cookies[1] ?? '', /^factotum\.device-[\w-]{8}=[^;]+; Max-Age=31536000; Path=\/api\/v1; HttpOnly; SameSite=Lax$/);
});

test('behind https the cookie is Secure', async () => {
  const auth = createAuth(
    { auth: database.auth, publicOrigins: () => ['https://factotum.example'], clock: systemClock, log },
    'not-a-secret'.repeat(4),
  );
  const { authCookies } = await auth.$context;
  assert.equal(authCookies.sessionToken.name, '__Secure-factotum.session_token');
  assert.equal(authCookies.sessionToken.attributes.secure, true);
});

test('of fifty exchanges of one link at once, in two processes, exactly one gets a session', async () => {
  const { tenantId, userId } = await buildTenant();
  const second = await another();
  const token = await identity.createSignInLink(tenantId);
  const answers = await Promise.allSettled(
    Array.from({ length: 50 }, (_, index) => exchangeLink(index % 2 === 0 ? identity : second, token, browser(), someAddress())),
  );
  await second.stop();
  assert.equal(answers.filter((answer) => answer.status === 'fulfilled').length, 1);
  for (const answer of answers) if (answer.status === 'rejected') assert.equal(answer.reason.code, 'auth.link_invalid');
  const { rows } = await pool.query('select count(*)::int as count from session where "userId" = $1', [userId]);
  assert.equal(rows[0].count, 1);
});

test('of a link only the SHA-256 is kept, for 15 minutes', async () => {
  const { tenantId } = await buildTenant();
  const before = Date.now();
  const token = await identity.createSignInLink(tenantId);
  assert.match(token, /^[A-Za-z0-9_-]{43}$/);
  const { rows } = await pool.query('select * from verification where value like $1', [`%${tenantId}%`]);
  assert.equal(rows.length, 1);
  assert.equal(rows[0].identifier, `sign-in-link:${createHash('sha256').update(token).digest('hex')}`);
  assert.equal(JSON.stringify(rows).includes(token), false);
  assert.ok(Math.abs(rows[0].expiresAt.getTime() - before - 15 * 60_000) < 60_000);
});

test('an expired link opens nothing', async () => {
  const { tenantId } = await buildTenant();
  const token = await identity.createSignInLink(tenantId);
  await pool.query(`update verification set "expiresAt" = now() - interval '1 second' where value like $1`, [`%${tenantId}%`]);
  await assert.rejects(exchangeLink(identity, token, browser(), someAddress()), { code: 'auth.link_invalid' });
});

test('links that expired unused are cleared away when the next is made', async () => {
  const { tenantId } = await buildTenant();
  await identity.createSignInLink(tenantId);
  await pool.query(`update verification set "expiresAt" = now() - interval '1 second' where value like $1`, [`%${tenantId}%`]);
  await identity.createSignInLink(tenantId);
  const { rows } = await pool.query('select count(*)::int as count from verification where value like $1', [`%${tenantId}%`]);
  assert.equal(rows[0].count, 1);
});

test('a link of somebody who is no longer a member opens nothing', async () => {
  const { tenantId, userId } = await buildTenant();
  const token = await identity.createSignInLink(tenantId);
  await pool.query('delete from member where "userId" = $1', [userId]);
  await assert.rejects(exchangeLink(identity, token, browser(), someAddress()), { code: 'auth.link_invalid' });
});

test('unknown, malformed and empty tokens get the same answer', async () => {
  for (const token of ['', 'x', 'A'.repeat(43), `${'A'.repeat(42)}\0`, 'A'.repeat(100_000)])
    await assert.rejects(exchangeLink(identity, token, browser(), someAddress()), { code: 'auth.link_invalid' });
});

test('a link for no tenant is refused', async () => {
  await assert.rejects(identity.createSignInLink('ten_000000000000000000000000' as never), { code: 'tenant.not_found' });
});

test('a session planted before signing in is not the one that is signed in, and ends', async () => {
  const attacker = await buildTenant();
  const victim = await buildTenant();
  const planted = await signIn(attacker.tenantId);
  const token = await identity.createSignInLink(victim.tenantId);
  const { response } = await exchangeLink(identity, token, browser(planted.get('cookie') ?? ''), someAddress());
  assert.notEqual(cookiesOf(response), planted.get('cookie'));
  assert.equal((await identity.principalOf(new Headers({ cookie: cookiesOf(response) })))?.tenantId, victim.tenantId);
  assert.equal(await identity.principalOf(planted), null);
});

test('a foreign page cannot sign its visitor in', async () => {
  const { tenantId } = await buildTenant();
  const token = await identity.createSignInLink(tenantId);
  for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }])
    await assert.rejects(exchangeLink(identity, token, { method: 'POST', headers: new Headers(headers) }, someAddress()), {
      code: 'request.foreign_origin',
    });
  // The refusals did not use the link up.
  assert.ok(await exchangeLink(identity, token, { method: 'POST', headers: new Headers() }, someAddress()));
});

test('a cookie that was tampered with in any place is no session', async () => {
  const { tenantId } = await buildTenant();
  const [name = '', value = ''] = sessionCookie(await signIn(tenantId));
  const [token = '', signature = ''] = decodeURIComponent(value).split('.');
  const flip = (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1);
  const [, otherCookie = ''] = sessionCookie(await signIn((await buildTenant()).tenantId));
  const otherSignature = decodeURIComponent(otherCookie).split('.')[1] ?? '';
  assert.ok(await identity.principalOf(new Headers({ cookie: `${name}=${encodeURIComponent(`${token}.${signature}`)}` })));
  for (const forged of [
    `${flip(token)}.${signature}`,
    `${token}.${flip(signature)}`,
    `${token}.${otherSignature}`,
    `${token}.`,
    token,
    '',
    '.',
    '%',
  ])
    for (const cookie of [`${name}=${encodeURIComponent(forged)}`, `${name}=${forged}`])
      assert.equal(await identity.principalOf(new Headers({ cookie })), null, cookie);
});

test('a cookie signed by another installation is no session', async () => {
  const { tenantId } = await buildTenant();
  const [, token = ''] = sessionCookie(await signIn(tenantId));
  const foreign = createAuth({ auth: database.auth, publicOrigins: () => [testOrigin], clock: systemClock, log }, 'other-secret'.repeat(4));
  const headers = new Headers({ cookie: `factotum.session_token=${token}` });
  assert.equal(await foreign.api.readSessionToken({ headers }), null);
  assert.ok(await identity.principalOf(headers));
});

test('who is removed from the tenant is out with the next request, in every process', async () => {
  const { tenantId, userId } = await buildTenant();
  const headers = await signIn(tenantId);
  assert.ok(await identity.principalOf(headers));
  await pool.query('delete from member where "userId" = $1 and "organizationId" = $2', [userId, tenantId]);
  assert.equal(await identity.principalOf(headers), null);
});

test('a change of role counts from the next request', async () => {
  const { tenantId, userId } = await buildTenant();
  const headers = await signIn(tenantId);
  await pool.query(`update member set role = 'auditor,approver' where "userId" = $1`, [userId]);
  assert.deepEqual((await identity.principalOf(headers))?.permissions, permissionsOf(['auditor', 'approver']));
});

test('a session for a tenant one is no member of is nobody', async () => {
  const { tenantId, userId } = await buildTenant();
  const stranger = await buildTenant();
  const headers = await signIn(tenantId);
  await pool.query('update session set "activeOrganizationId" = $1 where "userId" = $2', [stranger.tenantId, userId]);
  assert.equal(await identity.principalOf(headers), null);
  await pool.query('update session set "activeOrganizationId" = null where "userId" = $1', [userId]);
  assert.equal(await identity.principalOf(headers), null);
});

test('signing out ends the session for good and clears the cookie', async () => {
  const { tenantId, userId } = await buildTenant();
  const headers = await signIn(tenantId);
  const { response, ended } = await identity.endSession({ method: 'DELETE', headers }, someAddress());
  assert.equal(response.status, 204);
  assert.match(response.headers.getSetCookie().join('\n'), /factotum\.session_token=; Max-Age=0/);
  assert.equal(ended?.principal.actor, `user:${userId}`);
  assert.equal(await identity.principalOf(headers), null);
  assert.equal((await identity.endSession({ method: 'DELETE', headers }, someAddress())).ended, null);
});

test('a foreign page cannot sign its visitor out', async () => {
  const headers = new Headers(await signIn((await buildTenant()).tenantId));
  const foreign = new Headers(headers);
  foreign.set('origin', 'https://evil.example');
  await assert.rejects(identity.endSession({ method: 'DELETE', headers: foreign }, someAddress()), { code: 'request.foreign_origin' });
  assert.ok(await identity.principalOf(headers));
});
