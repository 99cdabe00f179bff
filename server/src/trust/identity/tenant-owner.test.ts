import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { newId } from '#kernel';
import { browser, exchangeLink, someAddress, testIdentity } from '../../../test/identity.ts';

const { identity, database, buildTenant, signIn, close } = await testIdentity();
after(close);

const countRows = async () => {
  const { rows } = await database.auth.pool.query(
    'select (select count(*) from "user")::int as users, (select count(*) from organization)::int as organizations, (select count(*) from member)::int as members',
  );
  return rows[0];
};

test('a new tenant has an organisation of the same id, and one owner', async () => {
  const { tenantId, userId, name } = await buildTenant();
  assert.match(userId, /^usr_[0-9a-f]{24}$/);
  assert.equal((await identity.findTenant(tenantId))?.name, name);
  assert.equal((await identity.findTenant(name.toUpperCase()))?.id, tenantId);
  const { rows } = await database.auth.pool.query('select role, "userId" from member where "organizationId" = $1', [tenantId]);
  assert.deepEqual(rows, [{ role: 'owner', userId }]);
});

test('creating the same tenant again changes nothing, so a crash in between is healed by repeating', async () => {
  const { tenantId, userId, name, email } = await buildTenant();
  const before = await countRows();
  assert.equal(await identity.createTenantOwner({ tenantId, tenantName: name, email, name: 'Olivia Owner' }), userId);
  assert.deepEqual(await countRows(), before);
});

test('the same tenant created ten times at once is one tenant with one owner', async () => {
  const tenantId = newId('tenant');
  const owner = { tenantId, tenantName: `Race ${tenantId}`, email: `${tenantId}@race.example`, name: 'Rita' };
  const before = await countRows();
  const users = await Promise.all(Array.from({ length: 10 }, () => identity.createTenantOwner(owner)));
  assert.equal(new Set(users).size, 1);
  const now = await countRows();
  assert.deepEqual(now, { users: before.users + 1, organizations: before.organizations + 1, members: before.members + 1 });
});

test('of two tenants with one name at once the second is told that it is taken, and nothing of it stays', async () => {
  const before = await countRows();
  const name = `Acme ${newId('tenant')}`;
  const answers = await Promise.allSettled(
    [name, ` ${name.toUpperCase()}! `].map((tenantName) => {
      const tenantId = newId('tenant');
      return identity.createTenantOwner({ tenantId, tenantName, email: `${tenantId}@acme.example`, name: 'Ada' });
    }),
  );
  const refused = answers.filter((answer) => answer.status === 'rejected');
  assert.deepEqual(
    refused.map((answer) => answer.reason.code),
    ['tenant.name_taken'],
  );
  const now = await countRows();
  assert.deepEqual(now, { users: before.users + 1, organizations: before.organizations + 1, members: before.members + 1 });
});

test('a person may own two tenants and is one user', async () => {
  const first = await buildTenant();
  const secondId = newId('tenant');
  const second = await identity.createTenantOwner({
    tenantId: secondId,
    tenantName: `Second ${secondId}`,
    email: first.email.toUpperCase(),
    name: 'Olivia',
  });
  assert.equal(second, first.userId);
});

test('what is not a name or an address is refused', async () => {
  const tenantId = newId('tenant');
  for (const wrong of [{ tenantName: ' ' }, { email: 'nobody' }, { name: '' }])
    await assert.rejects(
      identity.createTenantOwner({ tenantId, tenantName: `T ${tenantId}`, email: 'a@example.com', name: 'A', ...wrong }),
      { code: 'request.invalid' },
    );
  assert.equal(await identity.findTenant(tenantId), null);
});

test('a tenant whose provisioning failed is taken out again with its keys, sessions and links, and its name is free', async () => {
  const before = await countRows();
  const { tenantId, name, email } = await buildTenant();
  const headers = await signIn(tenantId);
  const { key } = await identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read'] });
  const bearer = new Headers({ authorization: `Bearer ${key}` });
  const link = await identity.createSignInLink(tenantId);
  assert.ok(await identity.principalOf(bearer));
  await identity.removeTenantOwner(tenantId);
  assert.deepEqual(await countRows(), before);
  assert.equal(await identity.principalOf(headers), null);
  assert.equal(await identity.principalOf(bearer), null);
  await assert.rejects(exchangeLink(identity, link, browser(), someAddress()), { code: 'auth.link_invalid' });
  const again = newId('tenant');
  await identity.createTenantOwner({ tenantId: again, tenantName: name, email, name: 'Olivia' });
  assert.ok((await identity.listTenants()).some((tenant) => tenant.id === again && tenant.name === name));
});

test('taking a tenant out leaves its owner in their other tenant', async () => {
  const first = await buildTenant();
  const secondId = newId('tenant');
  await identity.createTenantOwner({ tenantId: secondId, tenantName: `Other ${secondId}`, email: first.email, name: 'Olivia' });
  await identity.removeTenantOwner(secondId);
  assert.ok(await identity.principalOf(await signIn(first.tenantId)));
});
