import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTenant } from '#kernel/database';
import { writeLimits } from '#trust/quota';
import { asIntruder } from '../../../test/audit.ts';
import { bodyOf, browserHeaders, codeOf, newAddress, testMembers, tokenIn } from '../../../test/members.ts';

const { buildCustomer, join, kindsOf, membersOf, platform, send } = await testMembers();
const { pool } = platform.database.auth;

test('who is removed is out at once: sessions, links, invitations that they made; keys stay', async () => {
  const one = await buildCustomer();
  const gone = await join(one, ['admin']);
  const key = await bodyOf(await send('POST /api/v1/api-keys', { cookie: gone.cookie, json: { name: 'k', permissions: ['task:read'] } }));
  const { url } = await bodyOf(
    await send('POST /api/v1/invitations', { cookie: gone.cookie, json: { email: newAddress(), roles: ['member'] } }),
  );
  const cookie = await one.signIn();
  assert.equal((await send(`DELETE /api/v1/members/${gone.userId}`, { cookie })).status, 204);
  assert.equal((await send('GET /api/v1/me', { cookie: gone.cookie })).status, 401);
  assert.equal(await codeOf(await send('POST /api/v1/invitation/look', { json: { token: tokenIn(url) } })), '401 invitation.invalid');
  assert.equal((await send('GET /api/v1/tasks', { key: key.key })).status, 200);
  assert.equal(await codeOf(await send(`DELETE /api/v1/members/${gone.userId}`, { cookie })), '404 member.not_found');
  const { rows } = await pool.query('select from "user" where id = $1', [gone.userId]);
  assert.equal(rows.length, 0, 'who belongs to nothing is forgotten');
  assert.ok((await kindsOf(one.tenantId, gone.userId)).includes('member.removed'));
});

test('that somebody was removed is in the log whatever becomes of what they kept', async () => {
  const one = await buildCustomer();
  const gone = await join(one, ['member']);
  const cookie = await one.signIn();
  const asOwner = (text: string) => asIntruder(platform.ownerUrl, (client) => client.query(text));
  await asOwner('revoke delete on app.saved_view from factotum_app');
  const { status } = await send(`DELETE /api/v1/members/${gone.userId}`, { cookie });
  await asOwner('grant delete on app.saved_view to factotum_app');
  assert.equal(status, 500);
  assert.equal(await codeOf(await send(`DELETE /api/v1/members/${gone.userId}`, { cookie })), '404 member.not_found');
  assert.ok((await kindsOf(one.tenantId, gone.userId)).includes('member.removed'));
});

test('the last owner stays an owner, also when two owners remove each other at once', async () => {
  const one = await buildCustomer();
  const cookie = await one.signIn();
  const [first] = await membersOf(one);
  assert.equal(
    await codeOf(await send(`PUT /api/v1/members/${first?.userId}`, { cookie, json: { roles: ['admin'] } })),
    '409 member.last_owner',
  );
  assert.equal(await codeOf(await send(`DELETE /api/v1/members/${first?.userId}`, { cookie })), '409 member.last_owner');
  const second = await join(one, ['owner']);
  const answers = await Promise.all([
    send(`DELETE /api/v1/members/${second.userId}`, { cookie }),
    send(`DELETE /api/v1/members/${first?.userId}`, { cookie: second.cookie }),
  ]);
  assert.deepEqual(answers.map(({ status }) => status === 204).sort(), [false, true]);
  assert.equal((await membersOf(one)).filter(({ roles }) => roles.includes('owner')).length, 1);
});

test('only owners touch owners, and nobody gives or takes up what they do not have', async () => {
  const one = await buildCustomer();
  const admin = await join(one, ['admin']);
  const approver = await join(one, ['approver']);
  const owner = (await membersOf(one)).find(({ roles }) => roles.includes('owner'))?.userId;
  const { cookie } = admin;
  const put = async (userId: string | undefined, roles: string[], who: object = { cookie }) =>
    codeOf(await send(`PUT /api/v1/members/${userId}`, { ...who, json: { roles } }));
  assert.equal(await put(admin.userId, ['admin', 'owner']), '403 auth.forbidden');
  assert.equal(
    await put(admin.userId, ['admin', 'approver']),
    '403 auth.forbidden',
    'an admin may not decide, so cannot make themselves an approver',
  );
  assert.equal(await put(owner, ['member']), '403 auth.forbidden');
  assert.equal(await codeOf(await send(`DELETE /api/v1/members/${owner}`, { cookie })), '403 auth.forbidden');
  assert.equal(await codeOf(await send(`DELETE /api/v1/members/${owner}/sessions`, { cookie })), '403 auth.forbidden');
  for (const role of ['owner', 'approver'])
    assert.equal(
      await codeOf(await send('POST /api/v1/invitations', { cookie, json: { email: newAddress(), roles: [role] } })),
      '403 auth.forbidden',
    );
  const key = await one.key();
  assert.equal(await put(admin.userId, ['owner'], { key }), '403 auth.forbidden', 'a key is no owner, whatever it may do');
  assert.equal(await put(approver.userId, ['approver', 'auditor']), '204', 'what somebody has they keep');
  assert.equal(await put(approver.userId, ['superuser']), '404 role.not_found');
  assert.equal(await put(approver.userId, []), '400 request.invalid');
  assert.equal(await put('usr_000000000000000000000000', ['member']), '404 member.not_found');
  assert.equal(await put("x' or 1=1", ['member']), '404 member.not_found');
});

test('what is dangerous asks for a proof of presence from the last ten minutes', async () => {
  const one = await buildCustomer();
  const { userId } = await join(one, ['member']);
  const cookie = await one.signIn();
  await pool.query(`update session set "createdAt" = now() - interval '11 minutes'`);
  for (const [line, json] of [
    [`PUT /api/v1/members/${userId}`, { roles: ['auditor'] }],
    [`DELETE /api/v1/members/${userId}`, undefined],
    ['POST /api/v1/roles', { name: 'x', title: 'X', permissions: ['task:read'] }],
  ] as const)
    assert.equal(await codeOf(await send(line, { cookie, ...(json === undefined ? {} : { json }) })), '403 auth.step_up_required', line);
});

test('the sessions of a member are ended, and they may sign in again', async () => {
  const one = await buildCustomer();
  const member = await join(one, ['member']);
  assert.equal((await send(`DELETE /api/v1/members/${member.userId}/sessions`, { cookie: await one.signIn() })).status, 204);
  assert.equal((await send('GET /api/v1/me', { cookie: member.cookie })).status, 401);
  assert.equal((await membersOf(one)).length, 2);
});

test('members and open invitations never pass the quota, however many join at once', async () => {
  const one = await buildCustomer();
  const { tenantId } = one;
  const cookie = await one.signIn();
  const limit = (members: number) =>
    withTenant(platform.database.app.db, tenantId, (tx) => writeLimits(tx, tenantId, { members }, { by: 'operator:test', at: new Date() }));
  await limit(6);
  const invites = Array.from({ length: 12 }, () =>
    send('POST /api/v1/invitations', { cookie, json: { email: newAddress(), roles: ['member'] } }),
  );
  const answers = await Promise.all(invites);
  assert.deepEqual(
    Object.fromEntries(
      Map.groupBy(answers, ({ status }) => status)
        .entries()
        .map(([status, same]) => [status, same.length]),
    ),
    { 201: 5, 429: 7 },
  );
  const urls = await Promise.all(answers.filter(({ status }) => status === 201).map(async (answer) => (await bodyOf(answer)).url));
  await limit(4);
  const accepts = urls.map((url, at) =>
    send('POST /api/v1/invitation/accept', { json: { token: tokenIn(url), name: `N ${at}` }, headers: browserHeaders }),
  );
  const codes = await Promise.all((await Promise.all(accepts)).map(codeOf));
  assert.ok(
    codes.every((code) => code === '204' || code === '429 quota.exceeded'),
    codes.join(),
  );
  assert.ok((await membersOf(one)).length <= 4);
});

test('the list of members goes on where a page ended, and a cursor is of no use elsewhere', async () => {
  const [one, two] = [await buildCustomer(), await buildCustomer()];
  for (let at = 0; at < 4; at++) await join(one, ['member']);
  const key = await one.key('member:read');
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await bodyOf(await send(`GET /api/v1/members?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`, { key }));
    seen.push(...page.items.map(({ name }) => name));
    cursor = page.nextCursor;
    if (cursor !== null)
      assert.equal(
        await codeOf(await send(`GET /api/v1/members?cursor=${cursor}`, { key: await two.key('member:read') })),
        '400 request.cursor_invalid',
      );
  }
  assert.equal(seen.length, 5);
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => a.toLowerCase().localeCompare(b.toLowerCase())),
  );
});

test("another tenant's members and invitations are not there", async () => {
  const [one, two] = [await buildCustomer(), await buildCustomer()];
  const { userId } = await join(one, ['member']);
  const { id } = await bodyOf(
    await send('POST /api/v1/invitations', { cookie: await one.signIn(), json: { email: newAddress(), roles: ['member'] } }),
  );
  const cookie = await two.signIn();
  for (const [line, json] of [
    [`PUT /api/v1/members/${userId}`, { roles: ['owner'] }],
    [`DELETE /api/v1/members/${userId}`, undefined],
    [`DELETE /api/v1/members/${userId}/sessions`, undefined],
    [`POST /api/v1/invitations/${id}/renew`, {}],
    [`DELETE /api/v1/invitations/${id}`, undefined],
  ] as const)
    assert.match(await codeOf(await send(line, { cookie, ...(json === undefined ? {} : { json }) })), /^404 /, line);
  assert.deepEqual((await bodyOf(await send('GET /api/v1/invitations', { cookie }))).items, []);
  assert.equal((await membersOf(one)).length, 2);
});
