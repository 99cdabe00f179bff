import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { WebSocket } from 'ws';
import { type Id, newId } from '#kernel';
import { withTenant } from '#kernel/database';
import { createLive } from '#surface/live';
import { listEntries } from '#trust/audit';
import { asIntruder } from '../../../../test/audit.ts';
import { addressOf, bodyOf, group, kindOf, patch, run, testDirectories, user } from '../../../../test/directories.ts';
import { cookiesOf, testOrigin } from '../../../../test/identity.ts';

const { buildCustomer, buildDirectory, http, membersOf, platform, send } = await testDirectories();
const { pool } = platform.database.auth;

/** A session of somebody who has been provisioned, as single sign-on would begin it. */
async function signInAs(tenantId: Id<'tenant'>, userId: string): Promise<string> {
  const request = { method: 'POST', headers: new Headers({ origin: testOrigin }) };
  const { response } = await platform.identity.beginSession({ userId: userId as Id<'user'>, tenantId, method: 'link' }, request, {
    address: '10.0.0.1',
  });
  return cookiesOf(response);
}

async function proveDomain(tenantId: Id<'tenant'>, domain: string) {
  const provider = newId('ssoProvider');
  await pool.query(
    `insert into "ssoProvider" (id, "tenantId", kind, name, enabled, sealed, "createdAt", "updatedAt") values ($1, $2, 'oidc', 'x', true, '', now(), now())`,
    [provider, tenantId],
  );
  await pool.query(
    `insert into "ssoDomain" ("tenantId", domain, "providerId", token, "createdAt", "verifiedAt") values ($1, $2, $3, 't', now(), now())`,
    [tenantId, domain, provider],
  );
}

test('a group is a team whose members come and go, and brings the roles that the tenant has said', async () => {
  const { customer, cookie, ask, add } = await buildDirectory();
  const [anna, ben] = [await add('anna'), await add('ben')];
  const put = (roles: object) => send('PUT /api/v1/scim', { cookie, json: { roles } });
  assert.equal(
    (
      await put({
        rules: [
          { group: 'Deciders', role: 'approver' },
          { group: 'auditors', role: 'auditor' },
        ],
        fallback: ['member'],
      })
    ).status,
    200,
  );
  const made = await ask('POST /Groups', { schemas: [group], displayName: 'deciders', members: [{ value: anna.id, display: 'anna' }] });
  assert.equal(made.status, 201);
  const { id } = await bodyOf(made);
  const rolesOf = async ({ id: userId }: { id: string }) => (await membersOf(customer)).find((member) => member.userId === userId)?.roles;
  assert.deepEqual([await rolesOf(anna), await rolesOf(ben)], [['approver'], ['member']]);
  assert.deepEqual(
    (await bodyOf(await ask(`GET /Users/${anna.id}`))).groups.map(({ value, display }) => [value, display]),
    [[id, 'deciders']],
  );

  const membersAfter = async (...operations: object[]) => {
    const response = await ask(`PATCH /Groups/${id}`, patch(...operations));
    assert.equal(response.status, 200, await response.clone().text());
    return ((await bodyOf(response)).members ?? []).map(({ value }) => value).sort();
  };
  const both = [anna.id, ben.id].sort();
  assert.deepEqual(
    await membersAfter({ op: 'add', path: 'members', value: [{ display: 'ben', $ref: 'x', value: ben.id }, { value: anna.id }] }),
    both,
  );
  assert.deepEqual(await rolesOf(ben), ['approver']);
  assert.deepEqual(await membersAfter({ op: 'remove', path: `members[value eq "${anna.id}"]` }), [ben.id]);
  assert.deepEqual(await rolesOf(anna), ['member']);
  assert.deepEqual(await membersAfter({ op: 'Remove', path: 'members', value: [{ value: ben.id, display: 'ben' }] }), []);
  assert.deepEqual(await membersAfter({ op: 'replace', path: 'members', value: [{ value: anna.id }, { value: ben.id }] }), both);
  assert.deepEqual(await membersAfter({ op: 'remove', path: 'members' }), []);
  assert.deepEqual(await membersAfter({ op: 'add', value: { members: [{ value: anna.id }] } }), [anna.id]);
  assert.deepEqual(await membersAfter({ op: 'replace', value: { displayName: 'Auditors' } }), [anna.id]);
  assert.deepEqual(await rolesOf(anna), ['auditor'], 'the rule of its new name counts');
  assert.equal(
    (await bodyOf(await ask('GET /Groups?filter=displayName%20eq%20%22AUDITORS%22&excludedAttributes=members'))).Resources[0]?.members,
    undefined,
  );
  assert.equal(
    await kindOf(await ask(`PATCH /Groups/${id}`, patch({ op: 'add', path: 'members', value: [{ value: newId('user') }] }))),
    '400 invalidValue',
  );
  assert.equal(await kindOf(await ask('POST /Groups', { schemas: [group], displayName: 'AUDITORS' })), '409 uniqueness');

  const teams = (await (await send('GET /api/v1/teams', { cookie })).json()) as { items: { id: string; managedBy: string | null }[] };
  assert.deepEqual(
    teams.items.map((team) => [team.id, team.managedBy]),
    [[id, 'scim']],
  );
  assert.equal((await send(`PUT /api/v1/teams/${id}`, { cookie, json: { name: 'Mine' } })).status, 409);
  assert.equal((await ask(`DELETE /Groups/${id}`)).status, 204);
  assert.deepEqual(await rolesOf(anna), ['member']);
});

test('what groups bring is within what its administrator has, names roles that there are, and never makes an owner', async () => {
  const { customer, cookie } = await buildDirectory();
  const put = async (roles: object, who: object = { cookie }) => {
    const response = await send('PUT /api/v1/scim', { ...who, json: { roles } });
    return response.ok ? '200' : `${response.status} ${((await response.json()) as { code: string }).code}`;
  };
  assert.equal(await put({ rules: [{ group: 'x', role: 'owner' }], fallback: ['member'] }), '400 request.invalid');
  assert.equal(await put({ rules: [], fallback: ['nobody'] }), '404 role.not_found');
  const key = await customer.key('security:admin', 'security:read');
  assert.equal(await put({ rules: [{ group: 'x', role: 'approver' }], fallback: ['member'] }, { key }), '403 auth.forbidden');
  const role = await send('POST /api/v1/roles', { cookie, json: { name: 'clerk', title: 'Clerk', permissions: ['task:read'] } });
  assert.equal(await put({ rules: [{ group: 'x', role: 'clerk' }], fallback: ['member'] }), '200');
  const { id } = await bodyOf(role);
  assert.equal((await send(`DELETE /api/v1/roles/${id}`, { cookie })).status, 409, 'a rule names it');
});

test('whom the directory switches off is out at once, at every door, and only the directory lets them in again', async () => {
  const { customer, cookie, ask, add } = await buildDirectory();
  const { tenantId } = customer;
  const live = createLive({ ...platform, isOurs: () => true });
  await platform.sequencer.start();
  after(async () => {
    live.close();
    await http.close(100);
    await platform.sequencer.stop();
  });
  const port = await http.listen({ host: '127.0.0.1', port: 0, onUpgrade: live.onUpgrade });
  const { id } = await add('offline');
  const theirs = await signInAs(tenantId, id);
  const { token: jwt } = await bodyOf(await send('POST /api/v1/token', { cookie: theirs, json: {} }));
  assert.equal((await send('GET /api/v1/tasks', { key: jwt })).status, 200);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/live`, { headers: { cookie: theirs, origin: testOrigin } });
  await once(socket, 'message');
  const closed = once(socket, 'close');

  assert.equal((await ask(`PATCH /Users/${id}`, patch({ op: 'replace', path: 'active', value: false }))).status, 200);
  assert.equal((await send('GET /api/v1/me', { cookie: theirs })).status, 401);
  assert.equal((await send('GET /api/v1/tasks', { key: jwt })).status, 401);
  assert.equal((await closed)[0], 4401);
  await assert.rejects(signInAs(tenantId, id), { code: 'auth.failed' });
  const invited = await bodyOf(
    await send('POST /api/v1/invitations', { cookie, json: { email: addressOf('offline'), roles: ['member'] } }),
  );
  const accept = { json: { token: invited.url.split('#token=')[1], name: 'Again' }, headers: { origin: testOrigin } };
  assert.equal((await send('POST /api/v1/invitation/accept', accept)).ok, false);
  assert.equal((await bodyOf(await ask(`GET /Users/${id}`))).active, false);
  assert.equal(
    (await ask(`PUT /Users/${id}`, { schemas: [user], userName: 'offline', emails: [{ value: addressOf('offline') }] })).status,
    200,
  );
  assert.equal((await bodyOf(await ask(`GET /Users/${id}`))).active, false, 'leaving it out does not switch anybody on');

  await ask(`PATCH /Users/${id}`, patch({ op: 'replace', path: 'active', value: true }));
  assert.equal((await send('GET /api/v1/me', { cookie: await signInAs(tenantId, id) })).status, 200);
  await platform.sequencer.drained();
  const entries = await withTenant(platform.database.app.db, tenantId, (tx) => listEntries(tx, { tenantId, limit: 200 }));
  const told = entries.filter(({ actor, objectId }) => actor.startsWith('scim:sct_') && objectId === id).map(({ kind }) => kind);
  assert.deepEqual(told, ['member.joined', 'member.changed', 'member.removed', 'member.joined']);
});

test('that a directory has put somebody out is in the log whatever becomes of what they kept', async () => {
  const { customer, ask, add } = await buildDirectory();
  const { id } = await add('leaver');
  const asOwner = (text: string) => asIntruder(platform.ownerUrl, (client) => client.query(text));
  await asOwner('revoke delete on app.saved_view from factotum_app');
  const answered = await ask(`DELETE /Users/${id}`);
  await asOwner('grant delete on app.saved_view to factotum_app');
  assert.equal(answered.status, 500);
  assert.deepEqual([(await ask(`GET /Users/${id}`)).status, (await ask(`DELETE /Users/${id}`)).status], [404, 404]);
  await platform.sequencer.drained();
  const { tenantId } = customer;
  const entries = await withTenant(platform.database.app.db, tenantId, (tx) => listEntries(tx, { tenantId, limit: 100 }));
  assert.equal(entries.filter(({ kind, objectId }) => kind === 'member.removed' && objectId === id).length, 1);
});

test('members of a directory are changed there and not by hand; their sessions can be ended', async () => {
  const { cookie, add } = await buildDirectory();
  const { id } = await add('managed');
  const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;
  assert.equal(await codeOf(await send(`PUT /api/v1/members/${id}`, { cookie, json: { roles: ['admin'] } })), 'member.managed');
  assert.equal(await codeOf(await send(`DELETE /api/v1/members/${id}`, { cookie })), 'member.managed');
  assert.equal((await send(`DELETE /api/v1/members/${id}/sessions`, { cookie })).status, 204);
  assert.equal(
    (await send(`PUT /api/v1/members/${id}`, { cookie, json: { roles: ['member', 'owner'] } })).status,
    204,
    'who owns is decided by owners',
  );
  assert.equal((await send(`PUT /api/v1/members/${id}`, { cookie, json: { roles: ['member'] } })).status, 204);
});

test('a directory whose tokens are all revoked manages nobody, and goes on where it was with a new one', async () => {
  const { customer, cookie, tokenId, ask, add } = await buildDirectory();
  const [kept, removed, off] = [await add('kept'), await add('removed'), await add('switched-off')];
  await ask(`PATCH /Users/${off.id}`, patch({ op: 'replace', path: 'active', value: false }));
  const { id: team } = await bodyOf(
    await ask('POST /Groups', { schemas: [group], displayName: 'Left behind', members: [{ value: kept.id }] }),
  );
  await send(`DELETE /api/v1/scim/tokens/${tokenId}`, { cookie });
  assert.equal((await send(`PUT /api/v1/members/${kept.id}`, { cookie, json: { roles: ['auditor'] } })).status, 204);
  assert.equal((await send(`DELETE /api/v1/members/${removed.id}`, { cookie })).status, 204);
  assert.equal((await send(`PUT /api/v1/teams/${team}`, { cookie, json: { name: 'Ours', members: [kept.id] } })).status, 204);
  await pool.query('update "user" set "emailVerified" = true where id = $1', [off.id]);
  await pool.query(`insert into member (id, "organizationId", "userId", role, "createdAt") values ('x' || $1, $2, $1, 'member', now())`, [
    off.id,
    (await buildCustomer()).tenantId,
  ]);
  const invited = await bodyOf(
    await send('POST /api/v1/invitations', { cookie, json: { email: addressOf('switched-off'), roles: ['member'] } }),
  );
  const elsewhere = await pool.query('select "organizationId" as id from member where "userId" = $1', [off.id]);
  const accept = { json: { token: invited.url.split('#token=')[1] }, cookie: await signInAs(elsewhere.rows[0].id, off.id) };
  assert.equal((await send('POST /api/v1/invitation/accept', accept)).status, 204);
  const { token } = await bodyOf(await send('POST /api/v1/scim/tokens', { cookie, json: { name: 'Again' } }));
  const users = await bodyOf(await send('GET /scim/v2/Users', { key: token }));
  assert.deepEqual(
    users.Resources.map(({ id }) => id),
    [kept.id],
  );
  assert.equal((await send(`DELETE /api/v1/members/${kept.id}`, { cookie })).status, 409);
  assert.equal((await membersOf(customer)).length, 3);
});

test('whoever is provisioned needs no invitation any more', async () => {
  const { cookie, add } = await buildDirectory();
  await send('POST /api/v1/invitations', { cookie, json: { email: addressOf('twice'), roles: ['member'] } });
  await add('twice');
  const { items } = await bodyOf(await send('GET /api/v1/invitations', { cookie }));
  assert.deepEqual(items, []);
});

test('a directory cannot put out the last owner', async () => {
  const { customer, ask } = await buildDirectory();
  const [owner] = await membersOf(customer);
  const linked = await bodyOf(await ask('POST /Users', { schemas: [user], userName: 'boss', emails: [{ value: owner?.email }] }));
  assert.equal(linked.id, owner?.userId);
  assert.ok((await membersOf(customer))[0]?.roles.includes('owner'), 'and does not take it from them');
  assert.equal(
    await kindOf(await ask(`PATCH /Users/${linked.id}`, patch({ op: 'replace', path: 'active', value: false }))),
    '409 mutability',
  );
  assert.equal(await kindOf(await ask(`DELETE /Users/${linked.id}`)), '409 mutability');
});

test('nobody of another tenant is taken over: they are connected only where their domain is proven, and never renamed', async () => {
  const [one, two] = [await buildDirectory(), await buildDirectory()];
  const theirs = await one.add('elsewhere', { displayName: 'Real Name' });
  await pool.query('update "user" set "emailVerified" = true where id = $1', [theirs.id]);
  const take = () =>
    two.ask('POST /Users', { schemas: [user], userName: 'mine', displayName: 'Renamed', emails: [{ value: addressOf('elsewhere') }] });
  assert.equal(await kindOf(await take()), '409 uniqueness');
  await proveDomain(two.customer.tenantId, `${run}.example.com`);
  const connected = await bodyOf(await take());
  assert.equal(connected.id, theirs.id);
  await two.ask(
    `PATCH /Users/${theirs.id}`,
    patch(
      { op: 'replace', path: 'emails', value: [{ value: addressOf('hijacked') }] },
      { op: 'replace', path: 'displayName', value: 'Renamed' },
    ),
  );
  const { rows } = await pool.query('select name, email from "user" where id = $1', [theirs.id]);
  assert.deepEqual(rows, [{ name: 'Real Name', email: addressOf('elsewhere') }]);
  await two.ask(`DELETE /Users/${theirs.id}`);
  assert.equal((await one.ask(`GET /Users/${theirs.id}`)).status, 200);
  const fresh = await two.add('proven');
  const loose = await one.add('unproven');
  const verified = await pool.query('select id, "emailVerified" from "user" where id = any($1) order by "emailVerified"', [
    [fresh.id, loose.id],
  ]);
  assert.deepEqual(verified.rows, [
    { id: loose.id, emailVerified: false },
    { id: fresh.id, emailVerified: true },
  ]);
  const squatted = await one.add('squatted');
  assert.equal(
    await kindOf(await two.ask('POST /Users', { schemas: [user], userName: 's', emails: [{ value: addressOf('squatted') }] })),
    '409 uniqueness',
  );
  assert.ok(squatted.id);
});

test('a directory sees and changes nothing of another tenant', async () => {
  const [one, two] = [await buildDirectory(), await buildDirectory()];
  const { id } = await one.add('walled');
  const made = await bodyOf(await one.ask('POST /Groups', { schemas: [group], displayName: 'Walled', members: [{ value: id }] }));
  for (const [line, json] of [
    [`GET /Users/${id}`, undefined],
    [`PUT /Users/${id}`, { schemas: [user], userName: 'x', emails: [{ value: addressOf('x') }] }],
    [`PATCH /Users/${id}`, patch({ op: 'replace', path: 'active', value: false })],
    [`DELETE /Users/${id}`, undefined],
    [`GET /Groups/${made.id}`, undefined],
    [`PUT /Groups/${made.id}`, { schemas: [group], displayName: 'x' }],
    [`PATCH /Groups/${made.id}`, patch({ op: 'remove', path: 'members' })],
    [`DELETE /Groups/${made.id}`, undefined],
  ] as const)
    assert.equal(await kindOf(await two.ask(line, json)), '404', line);
  assert.equal(
    await kindOf(await two.ask('POST /Groups', { schemas: [group], displayName: 'Mine', members: [{ value: id }] })),
    '400 invalidValue',
  );
  for (const list of [
    'GET /Users',
    'GET /Groups',
    `GET /Users?filter=${encodeURIComponent(`id eq "${id}"`)}`,
    'GET /Users?filter=userName%20pr',
  ] as const)
    assert.equal((await bodyOf(await two.ask(list))).totalResults, 0, list);
  const cookie = await two.customer.signIn();
  assert.equal((await send(`DELETE /api/v1/scim/tokens/${one.tokenId}`, { cookie })).status, 404);
  const kept = await bodyOf(await one.ask(`GET /Groups/${made.id}`));
  assert.deepEqual([kept.displayName, kept.members.length], ['Walled', 1]);
});

test('a token is kept as a hash, opens this door alone, and is refused as soon as it is revoked or expired', async () => {
  const { customer, cookie, token, tokenId, ask } = await buildDirectory();
  const { rows } = await pool.query('select * from "scimToken" where id = $1', [tokenId]);
  assert.equal(JSON.stringify(rows).includes(token), false);
  assert.equal(JSON.stringify(await (await send('GET /api/v1/scim/tokens', { cookie })).json()).includes(token), false);
  assert.equal((await send('GET /api/v1/members', { key: token })).status, 401);
  assert.equal((await send('GET /scim/v2/Users', { key: await customer.key() })).status, 401);
  assert.equal((await send('GET /scim/v2/Users', { cookie })).status, 401);
  assert.equal((await send('GET /scim/v2/Users')).status, 401);
  const short = await bodyOf(
    await send('POST /api/v1/scim/tokens', { cookie, json: { name: 'short', expiresAt: new Date(Date.now() + 60_000).toISOString() } }),
  );
  assert.equal((await send('GET /scim/v2/Users', { key: short.token })).status, 200);
  await pool.query(`update "scimToken" set "expiresAt" = now() - interval '1 minute' where id = $1`, [short.id]);
  assert.equal((await send('GET /scim/v2/Users', { key: short.token })).status, 401);
  assert.equal((await ask('GET /Users')).status, 200);
  assert.equal((await send(`DELETE /api/v1/scim/tokens/${tokenId}`, { cookie })).status, 204);
  assert.equal((await ask('GET /Users')).status, 401);
  await pool.query(`update session set "createdAt" = now() - interval '11 minutes' where "activeOrganizationId" = $1`, [customer.tenantId]);
  assert.equal((await send('POST /api/v1/scim/tokens', { cookie, json: { name: 'stale' } })).status, 403);
});

test('a directory is held to the tenant’s networks, its state and its quota of members', async () => {
  const { customer, ask } = await buildDirectory();
  const { tenantId } = customer;
  await pool.query(`insert into "tenantSecurity" ("tenantId", "allowedAddresses") values ($1, '{192.0.2.0/24}')`, [tenantId]);
  assert.equal((await ask('GET /Users')).status, 403);
  await pool.query('delete from "tenantSecurity" where "tenantId" = $1', [tenantId]);
  await platform.quotas.change(tenantId, { members: 2 }, 'operator:test');
  const adding = Array.from({ length: 6 }, (_, at) =>
    ask('POST /Users', { schemas: [user], userName: `full-${at}`, emails: [{ value: addressOf(`full-${at}`) }] }),
  );
  const statuses = (await Promise.all(adding)).map(({ status }) => status).sort();
  assert.deepEqual(statuses, [201, 429, 429, 429, 429, 429]);
  assert.equal((await bodyOf(await ask('GET /Users'))).totalResults, 1);
});
