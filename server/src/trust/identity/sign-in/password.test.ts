import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPassword, hashPassword } from './password-hash.ts';
import { refuseWeakPassword } from './password-rules.ts';
import { createPersonSecrets } from './person-secrets.ts';

test('a password is kept as a PHC string of argon2id with 19 MiB and two passes, salted', async () => {
  const [one, two] = [await hashPassword('correct horse battery'), await hashPassword('correct horse battery')];
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(one, two);
  assert.deepEqual(await checkPassword('correct horse battery', one), { isRight: true, isOutdated: false });
  assert.deepEqual(await checkPassword('correct horse batterz', one), { isRight: false, isOutdated: false });
});

test("the reference implementation's hash opens, and is to be hashed anew with today's parameters", async () => {
  const kept = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  assert.deepEqual(await checkPassword('password', kept), { isRight: true, isOutdated: true });
  assert.deepEqual(await checkPassword('Password', kept), { isRight: false, isOutdated: false });
});

test('what is no hash of ours opens for nobody', async () => {
  for (const kept of [null, '', 'plain', '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'])
    assert.equal((await checkPassword('plain', kept)).isRight, false);
});

test('the same letters are the same password, however the keyboard composes them', async () => {
  const kept = await hashPassword('zwölf Boxkämpfer'.normalize('NFC'));
  assert.equal((await checkPassword('zwölf Boxkämpfer'.normalize('NFD'), kept)).isRight, true);
});

test('hashes that wait are taken in turn, and too many are turned away instead of piling up', async () => {
  const answers = await Promise.allSettled(Array.from({ length: 60 }, () => checkPassword('x', null)));
  const turnedAway = answers.filter((answer) => answer.status === 'rejected');
  assert.equal(turnedAway.length, 60 - 52);
  for (const { reason } of turnedAway) assert.equal(reason.code, 'server.busy');
  assert.equal((await checkPassword('x', null)).isRight, false, 'and it goes on afterwards');
});

const known = ['Olivia Owner', 'olivia.owner@hazelwood-bakery.example', 'Hazelwood Bakery'];

test('a password of what is guessed first is refused', () => {
  for (const password of [
    'short',
    'elevenchars',
    'password1234',
    'P@$$w0rd12345',
    'Passwort2024!!',
    'aaaaaaaaaaaaaaaa',
    'abababababababab',
    '123456789012',
    'abcdefghijkl',
    'qwertzuiop123',
    'asdfghjklqwertz',
    'OliviaOwner2026',
    'hazelwood-bakery',
    'HazelwoodBakery1!',
    'owner.olivia.1987',
    'factotum-admin-2026',
    'Summer2025Summer2025',
    'letmeinletmein',
    'x'.repeat(257),
  ])
    assert.throws(() => refuseWeakPassword(password, known), { code: 'auth.password_weak' }, password);
});

test('nothing else is asked of a password: several words do, in any script', () => {
  for (const password of [
    'correct horse battery staple',
    'drei Enten tanzen Tango',
    'kV7#mq2Lw9zR',
    'корова летит домой',
    '正しい馬のバッテリーステープル',
    'Olivia mag keine Rosinenbrötchen',
    `${'lange '.repeat(40)}Sätze`,
  ])
    refuseWeakPassword(password, known);
});

test('what is sealed opens for the person it was sealed for, with the same secret, and not after a change', () => {
  const secrets = createPersonSecrets('a'.repeat(43));
  const sealed = secrets.seal('JBSWY3DP', 'usr_1');
  assert.equal(secrets.open(sealed, 'usr_1'), 'JBSWY3DP');
  assert.equal(sealed.includes('JBSWY3DP'), false);
  assert.equal(secrets.open(sealed, 'usr_2'), null);
  assert.equal(createPersonSecrets('b'.repeat(43)).open(sealed, 'usr_1'), null);
  for (let at = 3; at < sealed.length; at++) {
    const flipped = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
    // The last letter of base64 may carry bits that mean nothing.
    if (Buffer.from(flipped.slice(3), 'base64url').equals(Buffer.from(sealed.slice(3), 'base64url'))) continue;
    assert.equal(secrets.open(flipped, 'usr_1'), null, `letter ${at}`);
  }
  for (const none of ['', 'v1.', 'v1.AAAA', 'v2.x']) assert.equal(secrets.open(none, 'usr_1'), null);
});
