import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FactotumError, type Id, newId } from '#kernel';
import { withTenant } from '#kernel/database';
import type { Letter } from '#kernel/mail';
import { listEntries } from '#trust/audit';
import { writeLimits } from '#trust/quota';
import { type TestCustomer, testHttp } from '../../../test/http.ts';
import { cookiesOf, testOrigin } from '../../../test/identity.ts';

const letters: Letter[] = [];
let mailWorks: boolean | null = null;
const postman = {
  get isConfigured() {
    return mailWorks !== null;
  },
  send: async (letter: Letter) => {
    if (mailWorks === false) throw new FactotumError('mail.unavailable', 'The mail server does not answer.');
    letters.push(letter);
  },
  close: () => undefined,
};
const { platform, send, buildCustomer } = await testHttp({ deps: { postman } });
const { pool } = platform.database.auth;

interface Member {
  readonly userId: string;
  readonly name: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly roles: string[];
}
/** What the routes of this file answer, of which each test reads what it asked for. */
interface Body {
  readonly id: string;
  readonly code: string;
  readonly url: string;
  readonly mailed: boolean;
  readonly account: string;
  readonly details: Record<string, unknown>;
  readonly items: (Member & { id: string; state: string })[];
  readonly nextCursor: string | null;
}
const bodyOf = async (response: Response) => (await response.json()) as Body;
const codeOf = async (response: Response) =>
  response.ok ? String(response.status) : `${response.status} ${(await bodyOf(response)).code}`;
const tokenIn = (url: string) => url.split('#token=')[1] ?? '';
const browserHeaders = { origin: testOrigin };
const passphrase = 'nineteen purple lanterns';
let people = 0;
const newAddress = () => `person-${++people}-${process.pid}@example.com`;

/** Invites and accepts: somebody new with these roles, with their cookie and id. */
async function join(customer: TestCustomer, roles: string[], email = newAddress()) {
  const cookie = await customer.signIn();
  const invited = await send('POST /api/v1/invitations', { cookie, json: { email, roles } });
  assert.equal(invited.status, 201);
  const token = tokenIn((await bodyOf(invited)).url);
  const accepted = await send('POST /api/v1/invitation/accept', {
    json: { token, name: `Person ${people}`, password: passphrase },
    headers: browserHeaders,
  });
  assert.equal(accepted.status, 204);
  const userId = (await membersOf(customer)).find((member) => member.email === email)?.userId ?? '';
  return { email, userId, cookie: cookiesOf(accepted) };
}

async function membersOf(customer: TestCustomer): Promise<Member[]> {
  return (await bodyOf(await send('GET /api/v1/members?limit=200', { key: await customer.key('member:read') }))).items;
}

async function kindsOf(tenantId: Id<'tenant'>, object: string): Promise<string[]> {
  await platform.sequencer.drained();
  const entries = await withTenant(platform.database.app.db, tenantId, (tx) => listEntries(tx, { tenantId, limit: 200 }));
  return entries.filter(({ objectId }) => objectId === object).map(({ kind }) => kind);
}

test('somebody who is invited joins with the roles that they were invited for, and the log tells of it', async () => {
  const one = await buildCustomer();
  const cookie = await one.signIn();
  const email = newAddress();
  const made = await send('POST /api/v1/invitations', { cookie, json: { email: email.toUpperCase(), roles: ['member', 'auditor'] } });
  const { id, url, mailed } = await bodyOf(made);
  assert.equal(made.status, 201);
  assert.deepEqual([url.startsWith(`${testOrigin}/join#token=`), mailed], [true, false]);
  const token = tokenIn(url);
  const look = await send('POST /api/v1/invitation/look', { json: { token } });
  assert.deepEqual(await look.json(), { tenant: { name: one.name }, email, roles: ['member', 'auditor'], account: 'new' });
  const listed = (await bodyOf(await send('GET /api/v1/invitations', { cookie }))).items;
  assert.deepEqual(
    listed.map((item) => [item.id, item.state, JSON.stringify(item).includes(token)]),
    [[id, 'open', false]],
  );
  const accept = { json: { token, name: ' Nora New ', password: passphrase }, headers: browserHeaders };
  const accepted = await send('POST /api/v1/invitation/accept', accept);
  assert.equal(accepted.status, 204);
  const me = (await (await send('GET /api/v1/me', { cookie: cookiesOf(accepted) })).json()) as {
    principal: { name: string };
    tenant: object;
  };
  assert.deepEqual([me.principal.name, me.tenant], ['Nora New', { id: one.tenantId, name: one.name }]);
  const member = (await membersOf(one)).find((each) => each.email === email);
  // The link was handed over, so nobody knows that the address is theirs.
  assert.deepEqual([member?.roles, member?.emailVerified], [['member', 'auditor'], false]);
  assert.equal(await codeOf(await send('POST /api/v1/invitation/accept', accept)), '401 invitation.invalid');
  assert.deepEqual((await bodyOf(await send('GET /api/v1/invitations', { cookie }))).items, []);
  assert.deepEqual(await kindsOf(one.tenantId, id), ['member.invited']);
  assert.deepEqual(await kindsOf(one.tenantId, member?.userId ?? ''), ['member.joined']);
  const { rows } = await pool.query('select password from account where "userId" = $1', [member?.userId]);
  assert.match(rows[0].password, /^\$argon2id\$/);
});

test('of twenty who accept one invitation at once, one joins', async () => {
  const one = await buildCustomer();
  const { url } = await bodyOf(
    await send('POST /api/v1/invitations', { cookie: await one.signIn(), json: { email: newAddress(), roles: ['member'] } }),
  );
  const tries = Array.from({ length: 20 }, (_, at) =>
    send('POST /api/v1/invitation/accept', { json: { token: tokenIn(url), name: `Racer ${at}` }, headers: browserHeaders }),
  );
  const answers = await Promise.all((await Promise.all(tries)).map(codeOf));
  assert.deepEqual(Map.groupBy(answers, (code) => code).get('204')?.length, 1);
  assert.deepEqual(
    answers.filter((code) => code !== '204' && code !== '401 invitation.invalid'),
    [],
  );
  assert.equal((await membersOf(one)).length, 2);
});

test('what is kept of an invitation does not let anybody in, and it ends after seven days', async () => {
  const one = await buildCustomer();
  const cookie = await one.signIn();
  const { id, url } = await bodyOf(await send('POST /api/v1/invitations', { cookie, json: { email: newAddress(), roles: ['member'] } }));
  const { rows } = await pool.query('select * from invitation where id = $1', [id]);
  assert.equal(JSON.stringify(rows).includes(tokenIn(url)), false);
  for (const token of [rows[0].tokenHash, '', 'x', `${tokenIn(url)}x`])
    assert.equal(await codeOf(await send('POST /api/v1/invitation/look', { json: { token } })), '401 invitation.invalid');
  await pool.query(`update invitation set "expiresAt" = now() - interval '1 second' where id = $1`, [id]);
  assert.equal(await codeOf(await send('POST /api/v1/invitation/look', { json: { token: tokenIn(url) } })), '401 invitation.invalid');
  assert.equal(
    await codeOf(await send('POST /api/v1/invitation/accept', { json: { token: tokenIn(url), name: 'Late' }, headers: browserHeaders })),
    '401 invitation.invalid',
  );
  const key = await one.key();
  assert.equal((await bodyOf(await send('GET /api/v1/invitations', { key }))).items[0]?.state, 'expired');
  const renewed = await bodyOf(await send(`POST /api/v1/invitations/${id}/renew`, { key }));
  assert.equal((await send('POST /api/v1/invitation/look', { json: { token: tokenIn(renewed.url) } })).status, 200);
});

test('an invitation that is renewed, replaced or withdrawn is dead', async () => {
  const one = await buildCustomer();
  const cookie = await one.signIn();
  const email = newAddress();
  const look = async (url: string) => codeOf(await send('POST /api/v1/invitation/look', { json: { token: tokenIn(url) } }));
  const first = await bodyOf(await send('POST /api/v1/invitations', { cookie, json: { email, roles: ['member'] } }));
  const renewed = await bodyOf(await send(`POST /api/v1/invitations/${first.id}/renew`, { cookie }));
  assert.deepEqual([await look(first.url), await look(renewed.url)], ['401 invitation.invalid', '200']);
  const again = await bodyOf(await send('POST /api/v1/invitations', { cookie, json: { email, roles: ['auditor'] } }));
  assert.deepEqual([await look(renewed.url), await look(again.url)], ['401 invitation.invalid', '200']);
  assert.equal((await send(`DELETE /api/v1/invitations/${again.id}`, { cookie })).status, 204);
  assert.equal(await look(again.url), '401 invitation.invalid');
  assert.equal(await codeOf(await send(`DELETE /api/v1/invitations/${again.id}`, { cookie })), '404 invitation.not_found');
});

test('an address counts as verified when the link was mailed to it, and then nobody else is shown the link', async () => {
  const one = await buildCustomer();
  const cookie = await one.signIn();
  const email = newAddress();
  mailWorks = true;
  try {
    const made = await bodyOf(await send('POST /api/v1/invitations', { cookie, json: { email, roles: ['member'] } }));
    assert.deepEqual([made.url, made.mailed], [null, true]);
    const letter = letters.at(-1);
    assert.equal(letter?.to, email);
    assert.equal(
      await codeOf(await send('POST /api/v1/invitations', { cookie, json: { email, roles: ['member'] } })),
      '429 auth.throttled',
    );
    assert.equal(await codeOf(await send(`POST /api/v1/invitations/${made.id}/renew`, { cookie })), '429 auth.throttled');
    const url = /http\S+/.exec(letter?.text ?? '')?.[0] ?? '';
    const accept = { json: { token: tokenIn(url), name: 'Mia Mail' }, headers: browserHeaders };
    assert.equal((await send('POST /api/v1/invitation/accept', accept)).status, 204);
    assert.equal((await membersOf(one)).find((member) => member.email === email)?.emailVerified, true);
    mailWorks = false;
    const unsent = { cookie, json: { email: newAddress(), roles: ['member'] } };
    assert.equal(await codeOf(await send('POST /api/v1/invitations', unsent)), '503 mail.unavailable');
    mailWorks = true;
    assert.equal((await send('POST /api/v1/invitations', unsent)).status, 201, 'what did not go out may be tried again at once');
  } finally {
    mailWorks = null;
  }
});

test('somebody who has an account here accepts only while signed in as that address', async () => {
  const [one, two] = [await buildCustomer(), await buildCustomer()];
  const known = await join(one, ['member']);
  const other = await join(one, ['member']);
  const { url } = await bodyOf(
    await send('POST /api/v1/invitations', { cookie: await two.signIn(), json: { email: known.email, roles: ['auditor'] } }),
  );
  const token = tokenIn(url);
  assert.equal((await bodyOf(await send('POST /api/v1/invitation/look', { json: { token } }))).account, 'existing');
  const accept = (cookie?: string, json: object = { token }) =>
    send('POST /api/v1/invitation/accept', cookie === undefined ? { json, headers: browserHeaders } : { json, cookie });
  assert.equal(await codeOf(await accept()), '401 auth.required');
  assert.equal(await codeOf(await accept(undefined, { token, name: 'Thief', password: passphrase })), '401 auth.required');
  assert.equal(await codeOf(await accept(other.cookie)), '401 auth.required');
  assert.equal(await codeOf(await accept(known.cookie, { token, password: passphrase })), '400 request.invalid');
  const accepted = await accept(known.cookie);
  assert.equal(accepted.status, 204);
  const me = (await (await send('GET /api/v1/me', { cookie: cookiesOf(accepted) })).json()) as { tenant: { id: string } };
  assert.equal(me.tenant.id, two.tenantId);
  assert.equal((await membersOf(two)).find((member) => member.email === known.email)?.userId, known.userId);
});

test('an account that somebody made in another’s name is worth nothing once the address is proven', async () => {
  const [attacker, two] = [await buildCustomer(), await buildCustomer()];
  const victim = newAddress();
  const planted = await join(attacker, ['member'], victim);
  mailWorks = true;
  try {
    await send('POST /api/v1/invitations', { cookie: await two.signIn(), json: { email: victim, roles: ['admin'] } });
    const token = tokenIn(/http\S+/.exec(letters.at(-1)?.text ?? '')?.[0] ?? '');
    const accepted = await send('POST /api/v1/invitation/accept', { json: { token }, cookie: planted.cookie });
    assert.equal(accepted.status, 204);
    assert.equal((await send('GET /api/v1/me', { cookie: planted.cookie })).status, 401);
    const { rows } = await pool.query('select from account where "userId" = $1', [planted.userId]);
    assert.equal(rows.length, 0);
  } finally {
    mailWorks = null;
  }
});

test('a foreign page can neither accept for somebody nor sign them in', async () => {
  const one = await buildCustomer();
  const known = await join(one, ['member']);
  const { url } = await bodyOf(
    await send('POST /api/v1/invitations', { cookie: await one.signIn(), json: { email: newAddress(), roles: ['member'] } }),
  );
  const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  for (const cookie of [known.cookie, undefined]) {
    const response = await send('POST /api/v1/invitation/accept', {
      json: { token: tokenIn(url), name: 'x' },
      ...(cookie === undefined ? {} : { cookie }),
      headers: foreign,
    });
    assert.equal(await codeOf(response), '403 request.foreign_origin');
  }
});

test('who is removed is out at once: sessions, links, invitations that they made; keys stay', async () => {
  const one = await buildCustomer();
  const gone = await join(one, ['admin']);
  const key = (await bodyOf(
    await send('POST /api/v1/api-keys', { cookie: gone.cookie, json: { name: 'k', permissions: ['task:read'] } }),
  )) as unknown as {
    key: string;
  };
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

test('an address that two tenants invite joins both as one person, however it is accepted', async () => {
  const [one, two] = [await buildCustomer(), await buildCustomer()];
  const email = newAddress();
  const urls = [];
  for (const customer of [one, two]) {
    const invited = await send('POST /api/v1/invitations', { cookie: await customer.signIn(), json: { email, roles: ['member'] } });
    urls.push((await bodyOf(invited)).url);
  }
  const accepts = urls.map((url) =>
    send('POST /api/v1/invitation/accept', { json: { token: tokenIn(url), name: 'Twin' }, headers: browserHeaders }),
  );
  const answers = await Promise.all(accepts);
  const winner = answers.find(({ status }) => status === 204);
  assert.ok(winner);
  // Who was a moment later found an account, and has to sign in to it.
  assert.deepEqual((await Promise.all(answers.map(codeOf))).sort(), ['204', '401 auth.required']);
  const late = urls[answers.findIndex(({ status }) => status === 401)] ?? '';
  assert.equal((await send('POST /api/v1/invitation/accept', { json: { token: tokenIn(late) }, cookie: cookiesOf(winner) })).status, 204);
  const { rows } = await pool.query('select from "user" where email = $1', [email]);
  assert.equal(rows.length, 1);
});

test('what a body says besides is refused, and a header does not say where a link leads', async () => {
  const [one, two] = [await buildCustomer(), await buildCustomer()];
  const cookie = await one.signIn();
  const json = { email: newAddress(), roles: ['member'] };
  for (const extra of [{ tenantId: two.tenantId }, { mailed: true }, { invitedBy: 'user:usr_0' }])
    assert.equal(await codeOf(await send('POST /api/v1/invitations', { cookie, json: { ...json, ...extra } })), '400 request.invalid');
  const { userId } = await join(one, ['member']);
  assert.equal(
    await codeOf(await send(`PUT /api/v1/members/${userId}`, { cookie, json: { roles: ['member'], managedBy: 'scim' } })),
    '400 request.invalid',
  );
  const poisoned = { cookie, json, headers: { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' } };
  assert.ok((await bodyOf(await send('POST /api/v1/invitations', poisoned))).url.startsWith(`${testOrigin}/join#`));
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

test('who signed in through the identity provider of one tenant joins another, and gets no session there by that', async () => {
  const [one, two] = [await buildCustomer(), await buildCustomer()];
  const known = await join(one, ['member']);
  const provider = newId('ssoProvider');
  await pool.query(
    `insert into "ssoProvider" (id, "tenantId", kind, name, enabled, sealed, "createdAt", "updatedAt") values ($1, $2, 'oidc', 'x', true, '', now(), now())`,
    [provider, one.tenantId],
  );
  await pool.query('update session set method = $1 where "userId" = $2', [`sso:${provider}`, known.userId]);
  const invited = await send('POST /api/v1/invitations', { cookie: await two.signIn(), json: { email: known.email, roles: ['member'] } });
  const accepted = await send('POST /api/v1/invitation/accept', {
    json: { token: tokenIn((await bodyOf(invited)).url) },
    cookie: known.cookie,
  });
  assert.deepEqual([accepted.status, accepted.headers.getSetCookie()], [204, []]);
  assert.ok((await membersOf(two)).some(({ userId }) => userId === known.userId));
  const me = (await (await send('GET /api/v1/me', { cookie: known.cookie })).json()) as { tenant: { id: string } };
  assert.equal(me.tenant.id, one.tenantId);
});
