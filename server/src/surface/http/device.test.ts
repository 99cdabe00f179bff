import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyOf, codeOf, testMembers } from '../../../test/members.ts';

const { buildCustomer, join, kindsOf, platform, send } = await testMembers();

const add = async (cookie: string, permissions: readonly string[] = ['vault:read', 'vault:write']) =>
  (await bodyOf(await send('POST /api/v1/me/devices', { cookie, json: { name: 'Laptop', permissions } }))) as unknown as {
    id: string;
    token: string;
  };
const notes = (key: string, address?: string) =>
  send('GET /api/v1/vault/notes', { key, ...(address === undefined ? {} : { address }) }).then(({ status }) => status);

test('a device acts in its person’s name, with what both may, and with nothing that needs presence', async () => {
  const one = await buildCustomer();
  const approver = await join(one, ['approver']);
  const { id, token } = await add(approver.cookie, ['vault:read', 'approval:decide']);
  assert.match(token, /^fdev_/);
  const me = (await (await send('GET /api/v1/me', { key: token })).json()) as { principal: { actor: string }; permissions: string[] };
  assert.equal(me.principal.actor, `user:${approver.userId}`);
  assert.deepEqual(me.permissions, ['approval:decide', 'vault:read']);
  assert.equal((await send('GET /api/v1/tasks', { key: token })).status, 403);
  assert.equal((await send('GET /api/v1/me/devices', { key: token })).status, 403);
  assert.equal(await codeOf(await send('POST /api/v1/token', { key: token, json: {} })), '403 auth.forbidden');
  const listed = (await (await send('GET /api/v1/me/devices', { cookie: approver.cookie })).json()) as { items: Record<string, unknown>[] };
  assert.deepEqual([listed.items[0]?.id, listed.items[0]?.name, listed.items[0]?.start], [id, 'Laptop', token.slice(0, 9)]);
  assert.ok(!JSON.stringify(listed).includes(token));
  const owner = await one.signIn();
  const roles = { json: { roles: ['auditor'] }, cookie: owner };
  assert.equal((await send(`PUT /api/v1/members/${approver.userId}`, roles)).status, 204);
  assert.equal(await notes(token), 403, 'what a member may no longer do their device may not either');
});

test('a device is given no more than its person may, and nothing that is not of the vault', async () => {
  const one = await buildCustomer();
  const approver = await join(one, ['approver']);
  const wanted = (permissions: string[]) => send('POST /api/v1/me/devices', { cookie: approver.cookie, json: { name: 'x', permissions } });
  assert.equal(await codeOf(await wanted(['vault:write'])), '403 auth.forbidden');
  assert.equal(await codeOf(await wanted(['key:admin'])), '400 request.invalid');
  assert.equal(await codeOf(await wanted([])), '400 request.invalid');
});

test('a device ends by its person, by an administrator, with the membership, with a new password, and everywhere at once', async () => {
  const one = await buildCustomer();
  const owner = await one.signIn();
  const ends: Record<string, (person: { cookie: string; userId: string }, id: string) => Promise<Response>> = {
    person: ({ cookie }, id) => send(`DELETE /api/v1/me/devices/${id}`, { cookie }),
    administrator: ({ userId }, id) => send(`DELETE /api/v1/members/${userId}/devices/${id}`, { cookie: owner }),
    'signing out everywhere': ({ userId }) => send(`DELETE /api/v1/members/${userId}/sessions`, { cookie: owner }),
    'a new password': ({ cookie }) => send('PUT /api/v1/account/password', { cookie, json: { password: 'plover quartz lantern sixty' } }),
    membership: ({ userId }) => send(`DELETE /api/v1/members/${userId}`, { cookie: owner }),
  };
  for (const [how, end] of Object.entries(ends)) {
    const person = await join(one, ['member']);
    const { id, token } = await add(person.cookie);
    assert.equal(await notes(token), 200, how);
    assert.equal((await end(person, id)).status, 204, how);
    assert.equal(await notes(token), 401, how);
    assert.ok((await kindsOf(one.tenantId, id)).includes('device.revoked'), how);
  }
});

test('a device of one person is nobody else’s to see or end', async () => {
  const [one, other] = [await buildCustomer(), await buildCustomer()];
  const [first, second] = [await join(one, ['member']), await join(one, ['member'])];
  const { id, token } = await add(first.cookie);
  assert.equal(await codeOf(await send(`DELETE /api/v1/me/devices/${id}`, { cookie: second.cookie })), '404 device_token.not_found');
  const stranger = await other.signIn();
  const theirs = `DELETE /api/v1/members/${first.userId}/devices/${id}` as const;
  assert.equal(await codeOf(await send(theirs, { cookie: stranger })), '404 device_token.not_found');
  const listed = `GET /api/v1/members/${first.userId}/devices` as const;
  assert.equal(await codeOf(await send(listed, { cookie: second.cookie })), '403 auth.forbidden');
  const seen = (await (await send(listed, { cookie: await one.signIn() })).json()) as { items: { id: string }[] }; // As the route declares.
  assert.deepEqual(
    seen.items.map((device) => device.id),
    [id],
  );
  assert.equal(await notes(token), 200);
});

test('a device is held to the tenant’s networks and to what it asks of sign-ins', async () => {
  const one = await buildCustomer();
  const person = await join(one, ['member']);
  const { token } = await add(person.cookie);
  const change = (set: string) =>
    platform.database.auth.pool.query(
      `insert into "tenantSecurity" ("tenantId", "ssoRequired", "secondFactorRequired", "allowedAddresses", "updatedAt")
        values ('${one.tenantId}', false, false, '{}', now()) on conflict ("tenantId") do update set ${set}`,
    );
  await change('"updatedAt" = now()');
  await change(`"allowedAddresses" = '{192.0.2.0/24}'`);
  assert.equal(await notes(token, '198.51.100.1'), 403);
  assert.equal(await notes(token, '192.0.2.7'), 200);
  await change(`"allowedAddresses" = '{}', "secondFactorRequired" = true`);
  assert.equal(await notes(token), 403);
  await change(`"secondFactorRequired" = false, "ssoRequired" = true`);
  assert.equal(await notes(token), 401);
});

test('a device’s token is kept as a hash, and ends when it says', async () => {
  const one = await buildCustomer();
  const person = await join(one, ['member']);
  const { id, token } = await add(person.cookie);
  const { pool } = platform.database.auth;
  const { rows } = await pool.query('select * from "deviceToken" where id = $1', [id]);
  assert.ok(!JSON.stringify(rows).includes(token));
  await pool.query(`update "deviceToken" set "expiresAt" = now() - interval '1 minute' where id = $1`, [id]);
  assert.equal(await notes(token), 401);
});
