import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTenant } from '#kernel/database';
import { resumeTenant, suspendTenant } from '#trust/tenant';
import { bodyOf, browserHeaders, codeOf, newAddress, passphrase, testMembers, tokenIn } from '../members.ts';

const { platform, send, buildCustomer, join, membersOf } = await testMembers();
const act = () => ({ actor: 'operator:test', at: new Date() });

test('who may do less does not get the kept answer of who may do more, though both are one service account', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  const made = await send('POST /api/v1/service-accounts', {
    key,
    json: { name: 'robot', permissions: ['task:read', 'vault:read', 'member:admin'] },
  });
  const serviceAccountId = (await bodyOf(made)).id;
  const keyWith = async (permissions: string[]) =>
    (await bodyOf(await send('POST /api/v1/api-keys', { key, json: { name: permissions.join(), permissions, serviceAccountId } }))).key;
  const [strong, weak] = [await keyWith(['task:read', 'member:admin']), await keyWith(['task:read'])];
  const headers = { 'idempotency-key': 'token-of-the-day' };
  const first = await send('POST /api/v1/token', { key: strong, json: {}, headers });
  assert.equal(first.status, 200);
  assert.equal(await codeOf(await send('POST /api/v1/token', { key: weak, json: {}, headers })), '422 idempotency.key_reused');
  const again = await send('POST /api/v1/token', { key: strong, json: {}, headers });
  assert.equal(again.headers.get('idempotency-replayed'), 'true', 'the same key gets its own answer');
});

test('nobody joins a tenant that is suspended or being closed, by an invitation of before', async () => {
  const customer = await buildCustomer();
  const invited = await send('POST /api/v1/invitations', {
    cookie: await customer.signIn(),
    json: { email: newAddress(), roles: ['member'] },
  });
  const json = { token: tokenIn((await bodyOf(invited)).url), name: 'Mallory', password: passphrase };
  const accept = () => send('POST /api/v1/invitation/accept', { json, headers: browserHeaders });
  const inTenant = <R>(work: Parameters<typeof withTenant<R>>[2]) => withTenant(platform.database.app.db, customer.tenantId, work);
  await inTenant((tx) => suspendTenant(tx, customer.tenantId, act()));
  assert.equal(await codeOf(await accept()), '403 tenant.suspended');
  const { rows } = await platform.database.auth.pool.query('select from member where "organizationId" = $1', [customer.tenantId]);
  assert.equal(rows.length, 1, 'the owner alone');
  await inTenant((tx) => resumeTenant(tx, customer.tenantId, act()));
  assert.equal((await accept()).status, 204, 'the invitation was not used up');
});

test('a directory does not move the address of an owner, who would then be whoever reads the new one', async () => {
  const customer = await buildCustomer();
  const admin = await join(customer, ['admin']);
  const { token } = (await (await send('POST /api/v1/scim/tokens', { cookie: admin.cookie, json: { name: 'directory' } })).json()) as {
    token: string;
  }; // as the route declares
  const scim = (line: Parameters<typeof send>[0], body: object) =>
    send(line, { key: token, body: JSON.stringify(body), headers: { 'content-type': 'application/scim+json' } });
  const email = newAddress();
  const user = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: email, active: true };
  const { id } = await bodyOf(await scim('POST /scim/v2/Users', user));
  const owners = await send(`PUT /api/v1/members/${id}`, { cookie: await customer.signIn(), json: { roles: ['member', 'owner'] } });
  assert.equal(owners.status, 204);
  assert.equal((await scim(`PUT /scim/v2/Users/${id}`, { ...user, userName: newAddress() })).status, 200);
  assert.equal((await membersOf(customer)).find(({ userId }) => userId === id)?.email, email);
});
