import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '#kernel';
import { testHttp } from '../../../test/http.ts';

const { platform, send, buildCustomer } = await testHttp();
const { pool } = platform.database.auth;

const asItIs = {
  ssoRequired: false,
  breakGlassUserId: null,
  secondFactorRequired: false,
  allowedAddresses: [],
  sessionIdleMinutes: 720,
  sessionAbsoluteHours: 720,
};
const codeOf = async (response: Response) =>
  response.ok ? String(response.status) : `${response.status} ${((await response.json()) as { code: string }).code}`;

async function buildOwner() {
  const customer = await buildCustomer();
  const cookie = await customer.signIn();
  const { rows } = await pool.query<{ userId: string }>('select "userId" from member where "organizationId" = $1', [customer.tenantId]);
  const put = (change: object, address?: string) =>
    send('PUT /api/v1/security', { cookie, json: { ...asItIs, ...change }, ...(address === undefined ? {} : { address }) });
  return { customer, cookie, userId: rows[0]?.userId ?? '', put };
}

test('a tenant that has said nothing asks for what the installation asks for', async () => {
  const { cookie } = await buildOwner();
  assert.deepEqual(await (await send('GET /api/v1/security', { cookie })).json(), asItIs);
});

test('networks are kept in one form, and every request from elsewhere is refused, of people and keys', async () => {
  const { customer, cookie, put } = await buildOwner();
  const key = await customer.key();
  const answer = await put({ allowedAddresses: ['10.20.30.40/8', '2001:DB8::1/32', '10.0.0.0/8', '192.0.2.7'] }, '10.9.8.7');
  assert.equal(answer.status, 200);
  const { allowedAddresses } = (await answer.json()) as typeof asItIs;
  assert.deepEqual(allowedAddresses, ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7/32']);
  for (const who of [{ cookie }, { key }]) {
    assert.equal((await send('GET /api/v1/me', { ...who, address: '10.1.1.1' })).status, 200);
    assert.equal((await send('GET /api/v1/me', { ...who, address: '::ffff:10.1.1.1' })).status, 200);
    assert.equal(await codeOf(await send('GET /api/v1/me', { ...who, address: '11.1.1.1' })), '403 auth.address_refused');
  }
});

test('what is no network is refused by name', async () => {
  const { put } = await buildOwner();
  for (const network of [
    '10.0.0.0/33',
    '10.0.0/8',
    '010.0.0.1',
    '0x7f.1',
    '2130706433',
    '::ffff:10.0.0.0/104',
    'fe80::1%eth0/64',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'example.com',
  ])
    assert.equal(await codeOf(await put({ allowedAddresses: [network] }, '10.0.0.1')), '400 request.invalid', network);
});

test('rules that would lock the caller out are refused', async () => {
  const { customer, cookie, userId, put } = await buildOwner();
  assert.equal(await codeOf(await put({ allowedAddresses: ['192.0.2.0/24'] }, '10.0.0.1')), '409 security.lockout');
  assert.equal(await codeOf(await put({ ssoRequired: true })), '409 security.lockout', 'without a break-glass owner');
  assert.equal(await codeOf(await put({ ssoRequired: true, breakGlassUserId: userId })), '409 security.lockout', 'without a provider');
  assert.equal(await codeOf(await put({ secondFactorRequired: true })), '409 security.lockout', 'without an own second factor');
  assert.equal(await codeOf(await put({ breakGlassUserId: newId('user') })), '400 request.invalid');
  assert.equal(await codeOf(await put({ sessionIdleMinutes: 1 })), '400 request.invalid');
  const provider = newId('ssoProvider');
  await pool.query(
    `insert into "ssoProvider" (id, "tenantId", kind, name, enabled, sealed, "createdAt", "updatedAt") values ($1, $2, 'oidc', 'x', true, '', now(), now())`,
    [provider, customer.tenantId],
  );
  const domain = `${provider.slice(4)}.example`;
  await pool.query(`insert into "ssoDomain" ("tenantId", domain, "providerId", token, "createdAt") values ($1, $2, $3, 't', now())`, [
    customer.tenantId,
    domain,
    provider,
  ]);
  assert.equal(await codeOf(await put({ ssoRequired: true, breakGlassUserId: userId })), '409 security.lockout', 'with an unproven domain');
  await pool.query('update "ssoDomain" set "verifiedAt" = now() where domain = $1', [domain]);
  await pool.query(`insert into "twoFactor" ("userId", secret, verified) values ($1, 'x', true)`, [userId]);
  assert.equal(await codeOf(await put({ ssoRequired: true, breakGlassUserId: userId, secondFactorRequired: true })), '200');
  assert.equal((await send('GET /api/v1/me', { cookie })).status, 200);
});

test('the break-glass owner stays an owner', async () => {
  const { customer, cookie, userId, put } = await buildOwner();
  const other = newId('user');
  await pool.query(`insert into "user" (id, name, email, "emailVerified") values ($1, 'Other', $2, true)`, [other, `${other}@example.com`]);
  await pool.query(`insert into member (id, "organizationId", "userId", role, "createdAt") values ($1, $2, $1, 'owner', now())`, [
    other,
    customer.tenantId,
  ]);
  assert.equal(await codeOf(await put({ breakGlassUserId: userId })), '200');
  assert.equal(await codeOf(await send(`PUT /api/v1/members/${userId}`, { cookie, json: { roles: ['admin'] } })), '409 member.break_glass');
  assert.equal(await codeOf(await send(`DELETE /api/v1/members/${userId}`, { cookie })), '409 member.break_glass');
  assert.equal(await codeOf(await put({ breakGlassUserId: other })), '200');
  assert.equal(await codeOf(await send(`PUT /api/v1/members/${userId}`, { cookie, json: { roles: ['admin'] } })), '204');
});
