import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { newId } from '#kernel';
import { browser, exchangeLink, movedClock, someAddress, testIdentity } from '../../../../test/identity.ts';
import { addPasskey, createCookieJar, goodPassword, namedOrigin, selfOf, testPerson } from '../../../../test/person.ts';

const clock = movedClock();
const parts = await testIdentity(clock);
const { identity, database } = parts;
after(parts.close);
const { signIn, account, operators } = identity;
const { pool } = database.auth;
const post = (headers: Headers) => ({ method: 'POST', headers });

/** Another session of the same person, elsewhere. */
async function elsewhere(person: { tenantId: Awaited<ReturnType<typeof testPerson>>['tenantId'] }) {
  const jar = createCookieJar();
  const { response } = await exchangeLink(identity, await identity.createSignInLink(person.tenantId));
  jar.keep(response);
  return jar.headers();
}

test('a new password ends every other session, and the old password', async () => {
  const person = await testPerson(parts);
  const other = await elsewhere(person);
  const ended = await account.setPassword(await person.self(), { password: goodPassword });
  assert.deepEqual(
    ended.map(({ tenantId }) => tenantId),
    [person.tenantId],
  );
  assert.equal(await identity.principalOf(other), null);
  assert.ok(await identity.principalOf(person.headers()));
  await account.setPassword(await person.self(), { password: 'vier Enten schlafen fest', current: goodPassword });
  const outcome = await signIn.byPassword({ email: person.email, password: goodPassword }, browser(), someAddress());
  assert.equal(outcome.kind, 'refused');
});

test('the current password, where it is given, has to be right, and cannot be guessed', async () => {
  const person = await testPerson(parts);
  await account.setPassword(await person.self(), { password: goodPassword });
  const self = await person.self();
  const codes: string[] = [];
  // After the fifth it is one second to wait.
  await clock.standing(async () => {
    for (let guess = 0; guess < 7; guess++)
      await account
        .setPassword(self, { password: 'vier Enten schlafen fest', current: `geraten ${guess}` })
        .catch((error) => codes.push(error.code));
  });
  assert.deepEqual(codes, [...Array(5).fill('auth.failed'), 'auth.throttled', 'auth.throttled']);
});

test("a weak password is refused, the tenant's name among what is guessed", async () => {
  const person = await testPerson(parts);
  for (const password of ['kurz', person.name, `${person.email}1`, 'OliviaOwner1990'])
    await assert.rejects(account.setPassword(await person.self(), { password }), { code: 'auth.password_weak' });
});

test('a person sees where they are signed in, and ends one or all the others, of nobody else', async () => {
  const [person, stranger] = [await testPerson(parts), await testPerson(parts)];
  const [second, third] = [await elsewhere(person), await elsewhere(person)];
  const sessions = await account.sessions(await person.self());
  assert.deepEqual(sessions.map(({ current }) => current).sort(), [false, false, true]);
  for (const { method, address, expiresAt, lastSeenAt } of sessions) {
    assert.equal(method, 'link');
    assert.match(address ?? '', /^10\./);
    assert.ok(expiresAt > lastSeenAt);
  }
  const itsId = (await selfOf(identity, second)).session.id;
  await assert.rejects(account.endSession(await stranger.self(), itsId), { code: 'session.not_found' });
  assert.deepEqual(await account.endSession(await person.self(), itsId), { id: itsId, tenantId: person.tenantId });
  assert.equal(await identity.principalOf(second), null);
  assert.equal((await account.endOtherSessions(await person.self())).length, 1);
  assert.equal(await identity.principalOf(third), null);
  assert.ok(await identity.principalOf(person.headers()));
  assert.ok(await identity.principalOf(stranger.headers()));
});

test('confirming that one is still there counts from that moment, under a new token; the old one is dead', async () => {
  const person = await testPerson(parts);
  await account.setPassword(await person.self(), { password: goodPassword });
  const before = person.headers();
  clock.aheadMs += 3_600_000;
  const { session } = await person.self();
  const state = await signIn.stepUpState(session, true);
  assert.ok(state.freshUntil < clock.now());
  assert.deepEqual(state.methods, ['password', 'link']);
  await assert.rejects(signIn.stepUp(session, { password: 'falsch geraten' }, post(before)), { code: 'auth.failed' });
  const proved = await signIn.stepUp(session, { password: goodPassword }, post(before));
  person.keep(proved.response);
  assert.equal(await identity.principalOf(before), null);
  const now = await person.self();
  assert.equal(now.session.id, session.id);
  assert.ok(clock.now().getTime() - now.session.provenAt.getTime() < 600_000);
  clock.aheadMs = 0;
});

test('a passkey confirms only that it is its own person', async () => {
  const [person, other] = [await testPerson(parts), await testPerson(parts)];
  const { authenticator } = await addPasskey(identity, person);
  const { authenticator: others } = await addPasskey(identity, other);
  const { session } = await person.self();
  const ask = async (purpose: 'step-up' | 'sign-in', with_ = authenticator) => {
    const headers = person.headers();
    const { options, cookie } =
      purpose === 'step-up' ? await signIn.stepUpPasskeyOptions(session, post(headers)) : await signIn.passkeyOptions(post(headers));
    headers.set('cookie', `${headers.get('cookie')}; ${cookie.split(';', 1)[0]}`);
    return signIn.stepUp(session, { passkey: with_.get(options as never, { origin: namedOrigin }) }, post(headers));
  };
  await assert.rejects(ask('step-up', others), { code: 'auth.failed' });
  await assert.rejects(ask('sign-in'), { code: 'auth.failed' }, 'a challenge for signing in is not one for this');
  assert.equal((await ask('step-up')).method, 'passkey');
});

test('a person goes from tenant to tenant of theirs, under a new token, and into no other', async () => {
  const [person, stranger] = [await testPerson(parts), await testPerson(parts)];
  const second = newId('tenant');
  await identity.createTenantOwner({ tenantId: second, tenantName: `Zweite ${second}`, email: person.email, name: 'Olivia' });
  const { session } = await person.self();
  await assert.rejects(signIn.switchTenant(session, stranger.tenantId), { code: 'tenant.not_found' });
  await assert.rejects(signIn.switchTenant(session, newId('tenant')), { code: 'tenant.not_found' });
  await assert.rejects(signIn.switchTenant(session, null), { code: 'tenant.not_found' }, 'who is no operator');
  const before = person.headers();
  const { response, principal } = await signIn.switchTenant(session, second);
  person.keep(response);
  assert.equal('tenantId' in principal && principal.tenantId, second);
  assert.equal(await identity.principalOf(before), null);
  const { tenants } = await account.read(await person.self());
  assert.deepEqual(
    tenants.map(({ id, current }) => [id, current]).sort(),
    [
      [person.tenantId, false],
      [second, true],
    ].sort(),
  );
});

test('what one identity provider says neither opens another tenant nor changes how the person signs in', async () => {
  const person = await testPerson(parts);
  const second = newId('tenant');
  await identity.createTenantOwner({ tenantId: second, tenantName: `Zweite ${second}`, email: person.email, name: 'Olivia' });
  const provider = newId('ssoProvider');
  await pool.query(`insert into "ssoProvider" values ($1, $2, 'oidc', 'Provider', true, '', now(), now())`, [provider, person.tenantId]);
  const begun = await identity.beginSession(
    { userId: person.userId, tenantId: person.tenantId, method: `sso:${provider}` },
    browser(),
    someAddress(),
  );
  const jar = createCookieJar();
  jar.keep(begun.response);
  const self = await selfOf(identity, jar.headers());
  await assert.rejects(signIn.switchTenant(self.session, second), { code: 'auth.forbidden' });
  for (const change of [
    () => account.setPassword(self, { password: goodPassword }),
    () => account.removePassword(self),
    () => account.beginTotp(self),
    () => account.passkeyOptions(self, post(jar.headers())),
    () => signIn.stepUp(self.session, { password: goodPassword }, post(jar.headers())),
  ])
    await assert.rejects(change(), { code: 'auth.forbidden' });
  assert.deepEqual((await signIn.stepUpState(self.session, true)).methods, ['sso']);
});

test('an app in use is not replaced by setting another one up', async () => {
  const person = await testPerson(parts);
  await account.beginTotp(await person.self());
  await account.beginTotp(await person.self());
  await pool.query('update "twoFactor" set verified = true where "userId" = $1', [person.userId]);
  await assert.rejects(account.beginTotp(await person.self()), { code: 'request.invalid' });
  assert.equal(await account.removeTotp(await person.self()), true);
  assert.equal(await account.removeTotp(await person.self()), false);
  await assert.rejects(account.renewRecoveryCodes(await person.self()), { code: 'request.invalid' });
});

test('an operator signs in by link to no tenant, is nobody there, and is out when removed', async () => {
  const { id, token } = await operators.create({ email: 'Root@Example.com', name: 'Rita Root' });
  const begun = await exchangeLink(identity, token);
  const jar = createCookieJar();
  jar.keep(begun.response);
  assert.equal(begun.principal.actor, `operator:${id}`);
  assert.equal(await identity.principalOf(jar.headers()), null);
  assert.equal((await identity.operatorOf(jar.headers()))?.email, 'root@example.com');
  assert.deepEqual(
    (await operators.list()).map(({ email }) => email),
    ['root@example.com'],
  );
  const self = await selfOf(identity, jar.headers());
  await account.setPassword(self, { password: goodPassword });
  const outcome = await signIn.byPassword({ email: 'root@example.com', password: goodPassword }, browser(), someAddress());
  assert.ok(outcome.kind === 'signed_in' && outcome.begun.principal.kind === 'operator');
  assert.equal(await operators.remove('root@example.com'), id);
  assert.equal(await operators.remove('root@example.com'), null);
  assert.equal(await identity.operatorOf(jar.headers()), null);
});

test('an operator who is also a member goes back and forth', async () => {
  const person = await testPerson(parts);
  const { id } = await operators.create({ email: person.email, name: 'ignored' });
  assert.equal(id, person.userId);
  const { response } = await signIn.switchTenant((await person.self()).session, null);
  person.keep(response);
  const self = await person.self();
  assert.equal(self.principal.kind, 'operator');
  const back = await signIn.switchTenant(self.session, person.tenantId);
  assert.equal(back.principal.kind, 'user');
});

test('a link is printed for a member by address, and for nobody who is none', async () => {
  const [person, stranger] = [await testPerson(parts), await testPerson(parts)];
  const begun = await exchangeLink(identity, await identity.createSignInLink(person.tenantId, ` ${person.email.toUpperCase()} `));
  assert.equal(begun.principal.actor, `user:${person.userId}`);
  await assert.rejects(identity.createSignInLink(person.tenantId, stranger.email), { code: 'member.not_found' });
});
