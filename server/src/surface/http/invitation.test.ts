import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '#kernel';
import { cookiesOf, testOrigin } from '../../../test/identity.ts';
import { bodyOf, browserHeaders, codeOf, newAddress, passphrase, testMembers, tokenIn } from '../../../test/members.ts';

const { buildCustomer, join, kindsOf, mail, membersOf, send, platform } = await testMembers();
const { pool } = platform.database.auth;

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
  assert.deepEqual([me.principal.name, me.tenant], ['Nora New', { id: one.tenantId, name: one.name, language: 'en' }]);
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
  mail.state = 'working';
  try {
    const made = await bodyOf(await send('POST /api/v1/invitations', { cookie, json: { email, roles: ['member'] } }));
    assert.deepEqual([made.url, made.mailed], [null, true]);
    const letter = mail.letters.at(-1);
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
    mail.state = 'failing';
    const unsent = { cookie, json: { email: newAddress(), roles: ['member'] } };
    assert.equal(await codeOf(await send('POST /api/v1/invitations', unsent)), '503 mail.unavailable');
    mail.state = 'working';
    assert.equal((await send('POST /api/v1/invitations', unsent)).status, 201, 'what did not go out may be tried again at once');
  } finally {
    mail.state = 'none';
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
  mail.state = 'working';
  try {
    await send('POST /api/v1/invitations', { cookie: await two.signIn(), json: { email: victim, roles: ['admin'] } });
    const token = tokenIn(/http\S+/.exec(mail.letters.at(-1)?.text ?? '')?.[0] ?? '');
    const accepted = await send('POST /api/v1/invitation/accept', { json: { token }, cookie: planted.cookie });
    assert.equal(accepted.status, 204);
    assert.equal((await send('GET /api/v1/me', { cookie: planted.cookie })).status, 401);
    const { rows } = await pool.query('select from account where "userId" = $1', [planted.userId]);
    assert.equal(rows.length, 0);
  } finally {
    mail.state = 'none';
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
