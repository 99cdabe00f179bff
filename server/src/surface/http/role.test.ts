import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allPermissions } from '#trust/identity';
import { type TestCustomer, testHttp } from '../../../test/http.ts';
import { cookiesOf, testOrigin } from '../../../test/identity.ts';

const { http, platform, send, buildCustomer } = await testHttp();
const { pool } = platform.database.auth;

interface Body {
  readonly id: string;
  readonly code: string;
  readonly url: string;
  readonly permissions: string[];
  readonly items: {
    id: string | null;
    name: string;
    permission: string;
    permissions: string[];
    members: unknown;
    userId: string;
    email: string;
  }[];
}
const bodyOf = async (response: Response) => (await response.json()) as Body;
const codeOf = async (response: Response) =>
  response.ok ? String(response.status) : `${response.status} ${(await bodyOf(response)).code}`;
let people = 0;

async function join(customer: TestCustomer, roles: string[]) {
  const email = `role-${++people}-${process.pid}@example.com`;
  const { url } = await bodyOf(await send('POST /api/v1/invitations', { cookie: await customer.signIn(), json: { email, roles } }));
  const json = { token: url.split('#token=')[1], name: `Person ${people}` };
  const accepted = await send('POST /api/v1/invitation/accept', { json, headers: { origin: testOrigin } });
  assert.equal(accepted.status, 204);
  const members = (await bodyOf(await send('GET /api/v1/members', { key: await customer.key('member:read') }))).items;
  return { cookie: cookiesOf(accepted), userId: members.find((member) => member.email === email)?.userId ?? '' };
}

const permissionsOf = async (cookie: string) => (await bodyOf(await send('GET /api/v1/me', { cookie }))).permissions;

test('every permission is listed with its meaning and the roles that bring it', async () => {
  const one = await buildCustomer();
  const { items } = await bodyOf(await send('GET /api/v1/permissions', { key: await one.key('task:read') }));
  assert.deepEqual(
    items.map(({ permission }) => permission),
    allPermissions,
  );
});

test('every permission opens a route, and every route asks for a permission that there is', () => {
  const asked = new Set(http.routes.map(({ access }) => access));
  const unused = allPermissions.filter((permission) => !asked.has(permission));
  assert.deepEqual(unused, []);
  const unknown = [...asked].filter((access) => access.includes(':') && !allPermissions.some((permission) => permission === access));
  assert.deepEqual(unknown, []);
});

test('a role of named permissions brings them with the next request, and takes them away with the next', async () => {
  const one = await buildCustomer();
  const owner = await one.signIn();
  const made = await send('POST /api/v1/roles', {
    cookie: owner,
    json: { name: 'clerk', title: 'Clerk', permissions: ['task:read', 'vault:read'] },
  });
  assert.equal(made.status, 201);
  const { id } = await bodyOf(made);
  const clerk = await join(one, ['clerk']);
  assert.deepEqual(await permissionsOf(clerk.cookie), ['task:read', 'vault:read']);
  const change = (permissions: string[]) => send(`PUT /api/v1/roles/${id}`, { cookie: owner, json: { title: 'Clerk', permissions } });
  assert.equal((await change(['approval:decide', 'task:read'])).status, 204);
  assert.deepEqual(await permissionsOf(clerk.cookie), ['approval:decide', 'task:read']);
  await send(`PUT /api/v1/members/${clerk.userId}`, { cookie: owner, json: { roles: ['clerk', 'auditor'] } });
  assert.ok((await permissionsOf(clerk.cookie)).includes('audit:read'));
  const { items } = await bodyOf(await send('GET /api/v1/roles', { cookie: owner }));
  assert.deepEqual(
    items.map(({ name, members }) => `${name} ${members}`),
    ['owner 1', 'admin 0', 'approver 0', 'member 0', 'auditor 1', 'clerk 1'],
  );
});

test('a role of one tenant brings nothing in another', async () => {
  const [one, two] = [await buildCustomer(), await buildCustomer()];
  const json = { name: 'clerk', title: 'Clerk', permissions: ['task:read'] };
  const { id } = await bodyOf(await send('POST /api/v1/roles', { cookie: await one.signIn(), json }));
  const cookie = await two.signIn();
  assert.equal(
    await codeOf(await send(`PUT /api/v1/roles/${id}`, { cookie, json: { title: 'x', permissions: ['task:read'] } })),
    '404 role.not_found',
  );
  assert.equal(await codeOf(await send(`DELETE /api/v1/roles/${id}`, { cookie })), '404 role.not_found');
  assert.equal(
    await codeOf(await send('POST /api/v1/invitations', { cookie, json: { email: 'x@example.com', roles: ['clerk'] } })),
    '404 role.not_found',
  );
  const member = await join(two, ['member']);
  await pool.query(`update member set role = 'clerk' where "userId" = $1`, [member.userId]);
  assert.deepEqual(await permissionsOf(member.cookie), []);
});

test('nobody makes a role that brings more than they have', async () => {
  const one = await buildCustomer();
  const admin = await join(one, ['admin']);
  const { cookie } = admin;
  const role = (name: string, permissions: string[]) => ({ cookie, json: { name, title: 'T', permissions } });
  assert.equal(await codeOf(await send('POST /api/v1/roles', role('boss', ['approval:decide']))), '403 auth.forbidden');
  assert.equal(await codeOf(await send('POST /api/v1/roles', role('boss', ['tenant:close']))), '403 auth.forbidden');
  const { id } = await bodyOf(await send('POST /api/v1/roles', role('reader', ['task:read'])));
  const put = (permissions: string[]) => send(`PUT /api/v1/roles/${id}`, { cookie, json: { title: 'T', permissions } });
  assert.equal(await codeOf(await put(['task:read', 'approval:decide'])), '403 auth.forbidden');
  const owners = { cookie: await one.signIn(), json: { title: 'T', permissions: ['task:read', 'approval:decide'] } };
  assert.equal(await codeOf(await send(`PUT /api/v1/roles/${id}`, owners)), '204');
  assert.equal(await codeOf(await put(['approval:decide'])), '204', 'what it brings already an admin may leave in it');
  assert.equal(
    await codeOf(await send(`PUT /api/v1/members/${admin.userId}`, { cookie, json: { roles: ['admin', 'reader'] } })),
    '403 auth.forbidden',
    'and not take for themselves',
  );
});

test('a role has a name of its own, known permissions, and stays while somebody has it or is invited for it', async () => {
  const one = await buildCustomer();
  const cookie = await one.signIn();
  const post = async (name: string, permissions = ['task:read']) =>
    codeOf(await send('POST /api/v1/roles', { cookie, json: { name, title: 'T', permissions } }));
  for (const name of ['owner', 'operator', 'Clerk', 'a,b', '', 'ä']) assert.equal(await post(name), '400 request.invalid', name);
  assert.equal(await post('clerk', ['task:fly']), '400 request.invalid');
  assert.equal(await post('clerk', []), '400 request.invalid');
  assert.deepEqual([await post('clerk'), await post('clerk')], ['201', '409 role.name_taken']);
  const id = (await bodyOf(await send('GET /api/v1/roles', { cookie }))).items.find(({ name }) => name === 'clerk')?.id;
  const clerk = await join(one, ['clerk']);
  assert.equal(await codeOf(await send(`DELETE /api/v1/roles/${id}`, { cookie })), '409 role.in_use');
  await send(`DELETE /api/v1/members/${clerk.userId}`, { cookie });
  const invitation = await bodyOf(
    await send('POST /api/v1/invitations', { cookie, json: { email: 'in-use@example.com', roles: ['clerk'] } }),
  );
  assert.equal(await codeOf(await send(`DELETE /api/v1/roles/${id}`, { cookie })), '409 role.in_use');
  await send(`DELETE /api/v1/invitations/${invitation.id}`, { cookie });
  assert.equal(await codeOf(await send(`DELETE /api/v1/roles/${id}`, { cookie })), '204');
});

test('teams hold members of their tenant, once under each name', async () => {
  const [one, two] = [await buildCustomer(), await buildCustomer()];
  const cookie = await one.signIn();
  const [member, stranger] = [await join(one, ['member']), await join(two, ['member'])];
  const post = (json: object) => send('POST /api/v1/teams', { cookie, json });
  const { id } = await bodyOf(await post({ name: 'Books', members: [member.userId] }));
  assert.equal(await codeOf(await post({ name: 'BOOKS' })), '409 team.name_taken');
  assert.equal(await codeOf(await post({ name: 'Other', members: [stranger.userId] })), '404 member.not_found');
  const { items } = await bodyOf(await send('GET /api/v1/teams', { cookie }));
  assert.deepEqual(items, [{ id, name: 'Books', members: [member.userId], managedBy: null }]);
  const theirs = await two.signIn();
  assert.equal(await codeOf(await send(`PUT /api/v1/teams/${id}`, { cookie: theirs, json: { name: 'x' } })), '404 team.not_found');
  assert.equal(await codeOf(await send(`DELETE /api/v1/teams/${id}`, { cookie: theirs })), '404 team.not_found');
  assert.equal(await codeOf(await send(`PUT /api/v1/teams/${id}`, { cookie, json: { name: 'Ledgers', members: [member.userId] } })), '204');
  await send(`DELETE /api/v1/members/${member.userId}`, { cookie });
  assert.deepEqual((await bodyOf(await send('GET /api/v1/teams', { cookie }))).items[0]?.members, []);
  assert.equal(await codeOf(await send(`DELETE /api/v1/teams/${id}`, { cookie })), '204');
});
