import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createAuthenticator } from '../../../../test/authenticator.ts';
import { someAddress, testIdentity, testOrigin } from '../../../../test/identity.ts';
import { addPasskey, createCookieJar, namedOrigin, testPerson } from '../../../../test/person.ts';

let aheadMs = 0;
const clock = { now: () => new Date(Date.now() + aheadMs), monotonicMs: () => performance.now() + aheadMs };
const parts = await testIdentity(clock);
const { identity, database, another } = parts;
after(parts.close);
const { signIn, account } = identity;
const post = (headers: Headers) => ({ method: 'POST', headers });
type Authenticator = ReturnType<typeof createAuthenticator>;

/** A browser that has asked for a challenge. */
async function challenged(at = identity) {
  const jar = createCookieJar();
  const { options, cookie } = await at.signIn.passkeyOptions(post(jar.headers()));
  jar.keepText(cookie);
  return { options: options as never as Parameters<Authenticator['get']>[0], headers: jar.headers() };
}

async function outcomeOf(authenticator: Authenticator, how: Partial<Parameters<Authenticator['get']>[1]> = {}) {
  const { options, headers } = await challenged();
  return signIn.byPasskey(authenticator.get(options, { origin: namedOrigin, ...how }), post(headers), someAddress());
}

test('a passkey signs its person in without anybody saying who they are, as two factors at once', async () => {
  const person = await testPerson(parts);
  const { authenticator } = await addPasskey(identity, person);
  const outcome = await outcomeOf(authenticator);
  assert.ok(outcome.kind === 'signed_in');
  assert.deepEqual([outcome.method, outcome.secondFactor], ['passkey', 'passkey']);
  assert.equal(outcome.begun.principal.session?.userId, person.userId);
  const { passkeys } = await account.read(await person.self());
  assert.equal(passkeys[0]?.name, 'Key ring');
  assert.ok(passkeys[0]?.lastUsedAt instanceof Date);
});

test('browsers are told to ask for a finger or a PIN, for keys that say whose they are, and for none by name', async () => {
  const { options } = await signIn.passkeyOptions(post(createCookieJar().headers()));
  assert.equal(options.userVerification, 'required');
  assert.equal(options.rpId, 'localhost');
  assert.deepEqual(options.allowCredentials, []);
  const person = await testPerson(parts);
  const created = await account.passkeyOptions(await person.self(), post(person.headers()));
  assert.equal(created.options.authenticatorSelection?.residentKey, 'required');
  assert.equal(created.options.authenticatorSelection?.userVerification, 'required');
});

test('an answer is taken once, for its own challenge, from its own page, with its own key and a verified person', async () => {
  const [person, other] = [await testPerson(parts), await testPerson(parts)];
  const [{ authenticator }, { authenticator: others }] = [await addPasskey(identity, person), await addPasskey(identity, other)];
  for (const how of [{ origin: 'https://evil.example' }, { origin: testOrigin }, { verifiesUser: false }])
    assert.equal((await outcomeOf(authenticator, how)).kind, 'refused', JSON.stringify(how));
  assert.equal((await outcomeOf(createAuthenticator())).kind, 'refused', 'a key that nobody has');

  const { options, headers } = await challenged();
  const later = await challenged();
  const answer = authenticator.get(options, { origin: namedOrigin });
  assert.equal((await signIn.byPasskey(answer, post(later.headers), someAddress())).kind, 'refused', 'another challenge');
  assert.equal((await signIn.byPasskey(answer, post(createCookieJar().headers()), someAddress())).kind, 'refused', 'no challenge');
  const signature = others.get(options, { origin: namedOrigin }).response.signature;
  const swapped = { ...answer, response: { ...answer.response, signature } };
  assert.equal((await signIn.byPasskey(swapped, post(headers), someAddress())).kind, 'refused', "another's signature");
  const handle = { ...answer, response: { ...answer.response, userHandle: Buffer.from(other.userId).toString('base64url') } };
  assert.equal((await signIn.byPasskey(handle, post(headers), someAddress())).kind, 'refused', "another's name on it");

  const second = await another();
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, index) => (index % 2 ? identity : second).signIn.byPasskey(answer, post(headers), someAddress())),
  );
  await second.stop();
  assert.equal(answers.filter(({ kind }) => kind === 'signed_in').length, 1);
});

test('an answer that comes after five minutes is none', async () => {
  const { authenticator } = await addPasskey(identity, await testPerson(parts));
  const { options, headers } = await challenged();
  aheadMs += 301_000;
  assert.equal((await signIn.byPasskey(authenticator.get(options, { origin: namedOrigin }), post(headers), someAddress())).kind, 'refused');
});

test('a key whose count does not go up has a copy, and is refused', async () => {
  const { authenticator } = await addPasskey(identity, await testPerson(parts));
  assert.equal((await outcomeOf(authenticator, { counter: 7 })).kind, 'signed_in');
  for (const counter of [7, 3]) assert.equal((await outcomeOf(authenticator, { counter })).kind, 'refused');
  assert.equal((await outcomeOf(authenticator)).kind, 'refused', 'nor does it stop counting');
  assert.equal((await outcomeOf(authenticator, { counter: 8 })).kind, 'signed_in');
});

test('a passkey works however often others have failed', async () => {
  const person = await testPerson(parts);
  const { authenticator } = await addPasskey(identity, person);
  const caller = someAddress();
  for (let guess = 0; guess < 40; guess++)
    await signIn
      .byPassword({ email: person.email, password: 'falsch geraten' }, post(createCookieJar().headers()), caller)
      .catch(() => null);
  const { options, headers } = await challenged();
  const outcome = await signIn.byPasskey(authenticator.get(options, { origin: namedOrigin }), post(headers), caller);
  assert.equal(outcome.kind, 'signed_in');
});

test("a key that is somebody's cannot be added again, and an answer to another person's question adds nothing", async () => {
  const [person, other] = [await testPerson(parts), await testPerson(parts)];
  const { authenticator } = await addPasskey(identity, person);
  const { options, cookie } = await account.passkeyOptions(await other.self(), post(other.headers()));
  const withChallenge = (who: typeof person) => {
    const headers = who.headers();
    headers.set('cookie', `${headers.get('cookie')}; ${cookie.split(';', 1)[0]}`);
    return post(headers);
  };
  const answer = authenticator.create(options as never, { origin: namedOrigin });
  await assert.rejects(account.addPasskey(await person.self(), { name: 'x', response: answer }, withChallenge(person)), {
    code: 'auth.failed',
  });
  await assert.rejects(account.addPasskey(await other.self(), { name: 'x', response: answer }, withChallenge(other)), {
    code: 'auth.failed',
  });
  const unverified = createAuthenticator().create(options as never, { origin: namedOrigin, verifiesUser: false });
  await assert.rejects(account.addPasskey(await other.self(), { name: 'x', response: unverified }, withChallenge(other)), {
    code: 'auth.failed',
  });
});

test('passkeys are for pages under a name of ours', async () => {
  const headers = createCookieJar().headers();
  headers.set('origin', testOrigin);
  await assert.rejects(signIn.passkeyOptions(post(headers)), { code: 'request.invalid' });
  headers.set('origin', 'https://evil.example');
  await assert.rejects(signIn.passkeyOptions(post(headers)), { code: 'request.foreign_origin' });
  headers.delete('origin');
  await assert.rejects(signIn.passkeyOptions(post(headers)), { code: 'request.foreign_origin' });
});

test('nobody removes the passkey of somebody else; what was removed signs nobody in', async () => {
  const [person, other] = [await testPerson(parts), await testPerson(parts)];
  const { authenticator, passkeyId } = await addPasskey(identity, person);
  await assert.rejects(account.removePasskey(await other.self(), passkeyId), { code: 'passkey.not_found' });
  assert.equal((await outcomeOf(authenticator)).kind, 'signed_in');
  await account.removePasskey(await person.self(), passkeyId);
  assert.equal((await outcomeOf(authenticator)).kind, 'refused');
});

test('of a passkey the public key is kept, and nothing that could sign', async () => {
  const person = await testPerson(parts);
  await addPasskey(identity, person);
  const { rows } = await database.auth.pool.query('select * from passkey where "userId" = $1', [person.userId]);
  assert.deepEqual(Object.keys(rows[0]).sort(), [
    'backedUp',
    'counter',
    'createdAt',
    'credentialID',
    'id',
    'lastUsedAt',
    'name',
    'publicKey',
    'transports',
    'userId',
  ]);
});
