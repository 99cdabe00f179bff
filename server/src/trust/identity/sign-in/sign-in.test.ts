import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Id, newId } from '#kernel';
import { movedClock, someAddress, testIdentity } from '../../../../test/identity.ts';
import { addApp, createCookieJar, goodPassword, selfOf, type TestPerson, testPerson } from '../../../../test/person.ts';

const clock = movedClock();
const parts = await testIdentity(clock);
const { identity, database, another } = parts;
after(parts.close);
const { pool } = database.auth;
const { signIn, account } = identity;

const post = (headers: Headers) => ({ method: 'POST', headers });
const somewhere = () => createCookieJar().headers();
/** For what is counted: the first wait is one second, which checking passwords may take. */
const standing = (work: () => Promise<void>) => () => clock.standing(work);

async function withPassword(): Promise<TestPerson> {
  const person = await testPerson(parts);
  await account.setPassword(await person.self(), { password: goodPassword });
  return person;
}

const tryPassword = (email: string, password: string, { headers = somewhere(), caller = someAddress(), at = identity } = {}) =>
  at.signIn.byPassword({ email, password }, post(headers), caller);

/** Of an attempt that was let through: what became of it. */
const codeOf = async (attempt: ReturnType<typeof tryPassword>) => {
  const outcome = await attempt.catch((error) => ({ kind: 'refused' as const, error }));
  return outcome.kind === 'refused' ? outcome.error.code : outcome.kind;
};

const addTotp = (person: TestPerson) => addApp(identity, person, clock);

test('a password signs its person in, whatever the case of the address, where they were last', async () => {
  const person = await withPassword();
  const outcome = await tryPassword(` ${person.email.toUpperCase()}`, goodPassword);
  assert.ok(outcome.kind === 'signed_in');
  const { principal } = outcome.begun;
  assert.equal('tenantId' in principal && principal.tenantId, person.tenantId);
  assert.equal(principal.session?.method, 'password');
});

test('a password is kept as argon2id, in no other form, and nowhere else', async () => {
  const person = await withPassword();
  const { rows } = await pool.query('select * from account where "userId" = $1', [person.userId]);
  assert.equal(rows.length, 1);
  assert.match(rows[0].password, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.ok(!JSON.stringify(rows).includes(goodPassword));
});

test('a password that was hashed with other parameters is hashed anew when it is used', async () => {
  const person = await withPassword();
  const weaker = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  await pool.query('update account set password = $1 where "userId" = $2', [weaker, person.userId]);
  assert.equal(await codeOf(tryPassword(person.email, 'password')), 'signed_in');
  const { rows } = await pool.query('select password from account where "userId" = $1', [person.userId]);
  assert.match(rows[0].password, /m=19456,t=2,p=1/);
  assert.equal(await codeOf(tryPassword(person.email, 'password')), 'signed_in');
});

test('an unknown address, a wrong password and an account without one get one answer, which takes as long', async () => {
  const [person, linkOnly] = [await withPassword(), await testPerson(parts)];
  const tries = { wrong: person.email, unknown: 'nobody@example.com', none: linkOnly.email, malformed: 'not an address' };
  const answers = new Set<string>();
  const times: Record<string, number[]> = {};
  for (let round = 0; round < 9; round++)
    for (const [kind, email] of Object.entries(tries)) {
      const started = process.cpuUsage();
      const outcome = await tryPassword(email, 'nicht mein Passwort');
      const { user, system } = process.cpuUsage(started);
      times[kind] = [...(times[kind] ?? []), (user + system) / 1_000];
      assert.ok(outcome.kind === 'refused');
      answers.add(`${outcome.error.code} ${outcome.error.message} ${JSON.stringify(outcome.error.details)}`);
    }
  assert.equal(answers.size, 1);
  // The processor's time, and the best of it: what else the machine does makes neither longer.
  const bests = Object.values(times).map((list) => Math.min(...list));
  process.stdout.write(`sign-in: refused in ${bests.map((ms) => ms.toFixed(0)).join(', ')} ms of the processor\n`);
  // What is told apart by time differs by a whole hash: nobody's account would answer in a few milliseconds.
  assert.ok(Math.min(...bests) > Math.max(...bests) * 0.5, bests.join(' '));
});

test(
  'of forty guesses at once from one address, in two processes, five are looked at',
  standing(async () => {
    const person = await withPassword();
    const second = await another();
    const caller = someAddress();
    const codes = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        codeOf(tryPassword(person.email, `falsch geraten ${index}`, { caller, at: index % 2 ? identity : second })),
      ),
    );
    await second.stop();
    assert.equal(codes.filter((code) => code === 'auth.failed').length, 5);
    assert.equal(codes.filter((code) => code === 'auth.throttled').length, 35);
  }),
);

test(
  'whoever fails at an account makes nobody wait elsewhere, and at most waits themselves',
  standing(async () => {
    const person = await withPassword();
    const attacker = someAddress();
    for (let guess = 0; guess < 6; guess++) await codeOf(tryPassword(person.email, 'falsch geraten', { caller: attacker }));
    assert.equal(await codeOf(tryPassword(person.email, goodPassword, { caller: attacker })), 'auth.throttled');
    assert.equal(await codeOf(tryPassword(person.email, goodPassword)), 'signed_in', 'at their own address');
  }),
);

test(
  'in a browser that is known a person signs in whatever comes from the same address',
  standing(async () => {
    const person = await withPassword();
    const office = someAddress();
    for (let guess = 0; guess < 6; guess++) await codeOf(tryPassword(person.email, 'falsch geraten', { caller: office }));
    for (let guess = 0; guess < 40; guess++) await codeOf(tryPassword(`other${guess}@example.com`, 'falsch geraten', { caller: office }));
    assert.equal(await codeOf(tryPassword(person.email, goodPassword, { caller: office })), 'auth.throttled');
    assert.equal(await codeOf(tryPassword(person.email, goodPassword, { caller: office, headers: person.headers() })), 'signed_in');
  }),
);

test(
  'a known browser has a count of its own, and is known as nobody else',
  standing(async () => {
    const [person, other] = [await withPassword(), await withPassword()];
    const [office, headers] = [someAddress(), person.headers()];
    const codes: string[] = [];
    for (let guess = 0; guess < 12; guess++)
      codes.push(await codeOf(tryPassword(person.email, 'falsch geraten', { caller: office, headers })));
    assert.deepEqual(codes.slice(8), ['auth.failed', 'auth.failed', 'auth.throttled', 'auth.throttled']);
    for (let guess = 0; guess < 6; guess++) await codeOf(tryPassword(other.email, 'falsch geraten', { caller: office, headers }));
    assert.equal(await codeOf(tryPassword(other.email, goodPassword, { caller: office, headers })), 'auth.throttled');
    const forged = new Headers(headers);
    forged.set('cookie', (headers.get('cookie') ?? '').replaceAll(person.userId, other.userId));
    assert.equal(await codeOf(tryPassword(other.email, goodPassword, { caller: office, headers: forged })), 'auth.throttled');
  }),
);

test(
  'all of a subscriber of IPv6 counts as one address, and a mapped IPv4 address as itself',
  standing(async () => {
    const person = await withPassword();
    for (let guess = 0; guess < 6; guess++)
      await codeOf(tryPassword(person.email, 'falsch geraten', { caller: { address: `2001:db8:7:9:${guess}::${guess}` } }));
    assert.equal(await codeOf(tryPassword(person.email, goodPassword, { caller: { address: '2001:0db8:7:9::1' } })), 'auth.throttled');
    assert.equal(await codeOf(tryPassword(person.email, goodPassword, { caller: { address: '2001:db8:7:a::1' } })), 'signed_in');
    for (let guess = 0; guess < 6; guess++)
      await codeOf(tryPassword(person.email, 'falsch geraten', { caller: { address: '203.0.113.9' } }));
    assert.equal(await codeOf(tryPassword(person.email, goodPassword, { caller: { address: '::ffff:203.0.113.9' } })), 'auth.throttled');
  }),
);

test('of what is counted neither addresses nor people can be read in the table', async () => {
  const person = await withPassword();
  await codeOf(tryPassword(person.email, 'falsch geraten', { caller: { address: '198.51.100.77' } }));
  const { rows } = await pool.query('select key from "signInFailure"');
  assert.ok(rows.length > 0);
  for (const { key } of rows) assert.match(key, /^[A-Za-z0-9_-]{43}$/);
});

test('a new session has a new token, and the one that was planted ends', async () => {
  const [person, attacker] = [await withPassword(), await testPerson(parts)];
  const outcome = await tryPassword(person.email, goodPassword, { headers: attacker.headers() });
  assert.ok(outcome.kind === 'signed_in');
  assert.equal(await identity.principalOf(attacker.headers()), null);
});

test('sessions that are over are cleared away when the person signs in again', async () => {
  const person = await withPassword();
  await pool.query(`update session set "expiresAt" = now() - interval '1 minute' where "userId" = $1`, [person.userId]);
  assert.equal(await codeOf(tryPassword(person.email, goodPassword)), 'signed_in');
  const { rows } = await pool.query('select method from session where "userId" = $1', [person.userId]);
  assert.deepEqual(rows, [{ method: 'password' }]);
});

test('a foreign page cannot sign its visitor in by password or code', async () => {
  const person = await withPassword();
  const headers = new Headers({ origin: 'https://evil.example' });
  assert.equal(await codeOf(tryPassword(person.email, goodPassword, { headers })), 'request.foreign_origin');
  await assert.rejects(signIn.bySecondFactor({ code: '123456' }, post(headers), someAddress()), { code: 'request.foreign_origin' });
});

test('with an authenticator app a password alone opens nothing; its code does, once', async () => {
  const person = await withPassword();
  const totp = await addTotp(person);
  const first = await tryPassword(person.email, goodPassword);
  assert.ok(first.kind === 'second_factor');
  assert.deepEqual(first.methods, ['totp', 'recovery']);
  const jar = createCookieJar();
  jar.keepText(first.cookie);
  assert.equal(await identity.principalOf(jar.headers()), null);
  const tryCode = (code: string) => signIn.bySecondFactor({ code }, post(jar.headers()), someAddress());
  const replayed = await tryCode(totp.used);
  assert.ok(replayed.kind === 'refused' && replayed.error.code === 'auth.code_invalid', 'the code that set the app up was its first use');
  const code = totp.next();
  const answers = await Promise.all(Array.from({ length: 5 }, () => tryCode(code)));
  const [opened, ...more] = answers.filter((answer) => answer.kind === 'signed_in');
  assert.ok(opened?.kind === 'signed_in' && more.length === 0);
  assert.deepEqual([opened.method, opened.secondFactor], ['password', 'totp']);
  const again = await tryCode(totp.next());
  assert.equal(again.kind, 'refused', 'what was begun has been completed');
});

test('a challenge that was tampered with, is over, or belongs to nothing is none', async () => {
  const person = await withPassword();
  const totp = await addTotp(person);
  const first = await tryPassword(person.email, goodPassword);
  assert.ok(first.kind === 'second_factor');
  const [name = '', value = ''] = first.cookie.split(';', 1)[0]?.split('=', 2) ?? [];
  const [text = '', mac = ''] = value.split('.');
  const other = Buffer.from(Buffer.from(text, 'base64url').toString().replace(person.userId, newId('user'))).toString('base64url');
  for (const forged of [`${other}.${mac}`, `${text}.`, text, '', `${text}.${mac.slice(1)}A`]) {
    const jar = createCookieJar();
    jar.keepText(`${name}=${forged}`);
    assert.equal((await signIn.bySecondFactor({ code: totp.next() }, post(jar.headers()), someAddress())).kind, 'refused');
  }
  const jar = createCookieJar();
  jar.keepText(first.cookie);
  clock.aheadMs += 11 * 60_000;
  assert.equal((await signIn.bySecondFactor({ code: totp.next() }, post(jar.headers()), someAddress())).kind, 'refused');
});

test(
  'codes cannot be tried for long, even by who has the password, and the owner uses a passkey or a link meanwhile',
  standing(async () => {
    const person = await withPassword();
    await addTotp(person);
    const codes: string[] = [];
    for (let guess = 0; guess < 12; guess++) {
      const begun = await tryPassword(person.email, goodPassword);
      assert.ok(begun.kind === 'second_factor');
      const jar = createCookieJar();
      jar.keepText(begun.cookie);
      codes.push(await codeOf(signIn.bySecondFactor({ code: '000000' }, post(jar.headers()), someAddress())));
    }
    assert.deepEqual(codes.slice(9), ['auth.code_invalid', 'auth.throttled', 'auth.throttled']);
    const link = await identity.createSignInLink(person.tenantId);
    assert.equal((await signIn.byLink(link, post(somewhere()), someAddress())).kind, 'signed_in');
  }),
);

test('a recovery code stands in for the app, once, and is kept as a keyed hash', async () => {
  const person = await withPassword();
  const { recoveryCodes } = await addTotp(person);
  assert.equal(recoveryCodes.length, 10);
  const { rows } = await pool.query('select hash from "recoveryCode" where "userId" = $1', [person.userId]);
  assert.equal(rows.length, 10);
  const [recoveryCode = ''] = recoveryCodes;
  const attempts = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const begun = await tryPassword(person.email, goodPassword);
      assert.ok(begun.kind === 'second_factor');
      const jar = createCookieJar();
      jar.keepText(begun.cookie);
      return signIn.bySecondFactor({ recoveryCode: recoveryCode.toLowerCase() }, post(jar.headers()), someAddress());
    }),
  );
  assert.equal(attempts.filter(({ kind }) => kind === 'signed_in').length, 1);
  assert.equal((await account.read(await person.self())).recoveryCodesLeft, 9);
});

test("an app's secret is sealed in the table", async () => {
  const person = await testPerson(parts);
  const { secret } = await account.beginTotp(await person.self());
  const { rows } = await pool.query('select secret from "twoFactor" where "userId" = $1', [person.userId]);
  assert.match(rows[0].secret, /^v1\./);
  assert.ok(!rows[0].secret.includes(secret));
});

test('a mailed link goes to the address that is kept, asks for the second factor, and proves the address', async () => {
  const person = await testPerson(parts);
  const link = await signIn.linkToMail(person.email.toUpperCase());
  assert.equal(link?.to, person.email);
  const outcome = await signIn.byLink(link.token, post(somewhere()), someAddress());
  assert.ok(outcome.kind === 'signed_in');
  const self = await selfOf(
    identity,
    new Headers({
      cookie: outcome.begun.response.headers
        .getSetCookie()
        .map((cookie) => cookie.split(';')[0])
        .join('; '),
    }),
  );
  assert.equal((await account.read(self)).user.emailVerified, true);
  await account.setPassword(self, { password: goodPassword });
  const again = await signIn.linkToMail(person.email);
  assert.equal((await signIn.byLink(again?.token ?? '', post(somewhere()), someAddress())).kind, 'signed_in');
  assert.equal((await account.read(self)).password, true, 'who has proved the address before keeps what they have set up since');
  assert.equal(await signIn.linkToMail('nobody@example.com'), null);
});

test('with an app a mailed link opens nothing alone', async () => {
  const person = await testPerson(parts);
  await pool.query('update "user" set "emailVerified" = true where id = $1', [person.userId]);
  await addTotp(person);
  const link = await signIn.linkToMail(person.email);
  assert.equal((await signIn.byLink(link?.token ?? '', post(somewhere()), someAddress())).kind, 'second_factor');
});

test('whoever first proves an address by its mail takes the account over whole: what a squatter had set up is gone', async () => {
  const squatter = await withPassword();
  await addTotp(squatter);
  const link = await signIn.linkToMail(squatter.email);
  assert.equal((await signIn.byLink(link?.token ?? '', post(somewhere()), someAddress())).kind, 'signed_in');
  assert.equal(await identity.principalOf(squatter.headers()), null);
  assert.equal(await codeOf(tryPassword(squatter.email, goodPassword)), 'auth.failed');
});

test(
  'links are mailed a few at a time for one address, and the earlier ones go on working',
  standing(async () => {
    const person = await testPerson(parts);
    const links = [];
    for (let ask = 0; ask < 6; ask++) links.push(await signIn.linkToMail(person.email));
    assert.equal(links.filter((link) => link !== null).length, 3);
    assert.equal((await signIn.byLink(links[0]?.token ?? '', post(somewhere()), someAddress())).kind, 'signed_in');
    const caller = someAddress();
    const codes = await Promise.all(
      Array.from({ length: 30 }, () =>
        signIn.admitLinkRequest(caller).then(
          () => 'ok',
          (error) => error.code,
        ),
      ),
    );
    assert.equal(codes.filter((code) => code === 'ok').length, 20);
  }),
);

const setSecurity = (tenantId: Id<'tenant'>, rules: { ssoRequired?: boolean; secondFactorRequired?: boolean; breakGlassUserId?: string }) =>
  pool.query(
    `insert into "tenantSecurity" ("tenantId", "ssoRequired", "secondFactorRequired", "breakGlassUserId") values ($1, $2, $3, $4)
      on conflict ("tenantId") do update set "ssoRequired" = $2, "secondFactorRequired" = $3, "breakGlassUserId" = $4`,
    [tenantId, rules.ssoRequired ?? false, rules.secondFactorRequired ?? false, rules.breakGlassUserId ?? null],
  );

test('where single sign-on is required nothing else signs in, sessions from before end, and one person is let in all the same', async () => {
  const person = await withPassword();
  await setSecurity(person.tenantId, { ssoRequired: true });
  assert.equal(await codeOf(tryPassword(person.email, goodPassword)), 'auth.sso_required');
  assert.equal(await codeOf(tryPassword(person.email, 'falsch geraten')), 'auth.failed', 'told to nobody who lacks the password');
  const link = await identity.createSignInLink(person.tenantId);
  const byLink = await signIn.byLink(link, post(somewhere()), someAddress());
  assert.ok(byLink.kind === 'refused' && byLink.error.code === 'auth.sso_required');
  assert.equal(await identity.principalOf(person.headers()), null);
  await setSecurity(person.tenantId, { ssoRequired: true, breakGlassUserId: person.userId });
  assert.equal(await codeOf(tryPassword(person.email, goodPassword)), 'signed_in');
  assert.ok(await identity.principalOf(person.headers()));
});

test('who is a member of two tenants signs in to the one that takes how they sign in', async () => {
  const person = await withPassword();
  const second = newId('tenant');
  await identity.createTenantOwner({ tenantId: second, tenantName: `Zweite ${second}`, email: person.email, name: 'Olivia' });
  await setSecurity(person.tenantId, { ssoRequired: true });
  const outcome = await tryPassword(person.email, goodPassword);
  assert.ok(outcome.kind === 'signed_in' && 'tenantId' in outcome.begun.principal);
  assert.equal(outcome.begun.principal.tenantId, second);
});

test('who is no longer a member of anything is told what a stranger is told', async () => {
  const person = await withPassword();
  await pool.query('delete from member where "userId" = $1', [person.userId]);
  assert.equal(await codeOf(tryPassword(person.email, goodPassword)), 'auth.failed');
});

test('where a second factor is required, a person without one may set one up and nothing else; then everything', async () => {
  const person = await withPassword();
  await setSecurity(person.tenantId, { secondFactorRequired: true });
  const before = await person.self();
  assert.ok('pending' in before.principal && before.principal.pending === 'second_factor' && before.principal.permissions.size === 0);
  await addTotp(person);
  const { principal } = await person.self();
  assert.ok(!('pending' in principal) && 'permissions' in principal && principal.permissions.size > 0);
});

test('with half of what is asked for nobody can replace the other half', async () => {
  const person = await withPassword();
  const totp = await addTotp(person);
  await pool.query('update session set "secondFactor" = null where "userId" = $1', [person.userId]);
  await setSecurity(person.tenantId, { secondFactorRequired: true });
  const self = await person.self();
  for (const change of [
    () => account.setPassword(self, { password: goodPassword }),
    () => account.removeTotp(self),
    () => account.renewRecoveryCodes(self),
    () => account.passkeyOptions(self, post(person.headers())),
  ])
    await assert.rejects(change(), { code: 'auth.second_factor_required' });
  const { response } = await signIn.stepUp(self.session, { code: totp.next() }, post(person.headers()));
  person.keep(response);
  assert.ok(!('pending' in (await person.self()).principal));
});
