import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { browser, exchangeLink, someAddress, testIdentity, testOrigin } from '../../../test/identity.ts';

const { identity, database, buildTenant, signIn, close } = await testIdentity();
after(close);

const request = (method: string, path: string, headers: Headers = new Headers(), body?: string) =>
  new Request(`${testOrigin}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });

test('a session is shown to its browser without its token', async () => {
  const { tenantId, userId } = await buildTenant();
  const headers = await signIn(tenantId);
  const answer = await identity.handle(request('GET', '/api/auth/get-session', headers), someAddress());
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const text = await answer.text();
  const { session, user } = JSON.parse(text);
  assert.deepEqual([user.id, session.activeOrganizationId], [userId, tenantId]);
  const token = decodeURIComponent(headers.get('cookie')?.split('=', 2)[1] ?? '').split('.')[0] ?? '';
  assert.ok(token.length > 20);
  assert.equal(text.includes(token), false);
});

test('who has no session is shown null', async () => {
  const answer = await identity.handle(request('GET', '/api/auth/get-session'), someAddress());
  assert.equal(await answer.json(), null);
});

test('signing out over the open path ends the session', async () => {
  const headers = await signIn((await buildTenant()).tenantId);
  const answer = await identity.handle(request('POST', '/api/auth/sign-out', headers), someAddress());
  assert.equal(answer.status, 200);
  assert.equal(await identity.principalOf(headers), null);
});

test('nothing else of better-auth is open, under no spelling', async () => {
  const headers = await signIn((await buildTenant()).tenantId);
  const paths = [
    'sign-up/email',
    'sign-in/email',
    'sign-in/social',
    'sign-in/link',
    'ok',
    'error',
    'list-sessions',
    'revoke-sessions',
    'update-session',
    'update-user',
    'delete-user',
    'change-password',
    'change-email',
    'request-password-reset',
    'organization/create',
    'organization/delete',
    'organization/invite-member',
    'organization/list',
    'organization/set-active',
    'organization/update-member-role',
    'organization/get-full-organization',
    'api-key/create',
    'api-key/verify',
    'api-key/list',
    'api-key/update',
    'api-key/delete',
    'api-key/get',
    'callback/github',
    'get-session/',
    '/get-session',
    'get%2Dsession',
    'get-session%00',
    'GET-SESSION',
    'sign-out/',
    '',
    '../auth/x',
    'sign-in/link?x=/get-session',
  ];
  for (const path of paths)
    for (const method of ['GET', 'POST', 'PUT', 'DELETE'])
      await assert.rejects(
        identity.handle(request(method, `/api/auth/${path}`, headers), someAddress()),
        { code: 'request.not_found' },
        `${method} ${path}`,
      );
  for (const [method, path] of [
    ['POST', 'get-session'],
    ['GET', 'sign-out'],
    ['HEAD', 'get-session'],
  ] as const)
    await assert.rejects(identity.handle(request(method, `/api/auth/${path}`, headers), someAddress()), { code: 'request.not_found' });
  for (const path of ['/get-session', '/api/authget-session', '/x/api/auth/get-session', '/__proto__'])
    await assert.rejects(identity.handle(request('GET', path, headers), someAddress()), { code: 'request.not_found' });
  const { rows } = await database.auth.pool.query(`select count(*)::int as count from "user" where email like '%intruder%'`);
  assert.equal(rows[0].count, 0);
});

test('a foreign page cannot use the cookie on the open paths', async () => {
  const headers = await signIn((await buildTenant()).tenantId);
  const foreign = new Headers(headers);
  foreign.set('origin', 'https://evil.example');
  for (const [method, path] of [
    ['POST', 'sign-out'],
    ['GET', 'get-session'],
  ] as const)
    await assert.rejects(identity.handle(request(method, `/api/auth/${path}`, foreign), someAddress()), { code: 'request.foreign_origin' });
  assert.ok(await identity.principalOf(headers));
});

test('a forged forwarding header per attempt does not evade the limit on sign-ins', async () => {
  const caller = someAddress();
  const codes: string[] = [];
  for (let attempt = 0; attempt < 12; attempt++) {
    const { method, headers } = browser();
    for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'cf-connecting-ip', 'x-factotum-client-address', 'x-client-ip'])
      headers.set(name, `203.0.113.${attempt}`);
    await exchangeLink(identity, 'A'.repeat(43), { method, headers }, caller).catch((error) => codes.push(error.code));
  }
  assert.deepEqual(codes, [...Array(10).fill('auth.link_invalid'), 'quota.exceeded', 'quota.exceeded']);
});

test('a limit says when to come back, holds across processes, and is counted per address', async () => {
  const caller = someAddress();
  const attempt = (its: { address: string | undefined }) => exchangeLink(identity, 'A'.repeat(43), browser(), its).catch((error) => error);
  for (let count = 0; count < 10; count++) await attempt(caller);
  const refused = await attempt(caller);
  assert.equal(refused.code, 'quota.exceeded');
  assert.ok(refused.details.retryAfterSeconds > 0 && refused.details.retryAfterSeconds <= 60);
  assert.equal((await attempt(someAddress())).code, 'auth.link_invalid');
  const { rows } = await database.auth.pool.query('select count from "rateLimit" where key = $1', [`${caller.address}|/sign-in/link`]);
  assert.deepEqual(rows, [{ count: 10 }]);
});

test('a session remembers the address of the socket, not one that the client wrote', async () => {
  const { tenantId, userId } = await buildTenant();
  const caller = someAddress();
  const { method, headers } = browser();
  headers.set('x-forwarded-for', '203.0.113.7');
  headers.set('x-factotum-client-address', '203.0.113.8');
  await exchangeLink(identity, await identity.createSignInLink(tenantId), { method, headers }, caller);
  const { rows } = await database.auth.pool.query('select "ipAddress" from session where "userId" = $1', [userId]);
  assert.deepEqual(rows, [{ ipAddress: caller.address }]);
});

test('callers without an address share one limit instead of having none', async () => {
  const codes: string[] = [];
  for (let attempt = 0; attempt < 12; attempt++)
    await exchangeLink(identity, 'A'.repeat(43), browser(), { address: attempt % 2 === 0 ? undefined : 'not an address' }).catch((error) =>
      codes.push(error.code),
    );
  assert.equal(codes.filter((code) => code === 'quota.exceeded').length, 2);
});
