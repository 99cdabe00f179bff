import assert from 'node:assert/strict';
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomUUID,
} from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JSONWebKeySet,
  type JWTHeaderParameters,
  jwtVerify,
  SignJWT,
} from 'jose';
import { newId } from '#kernel';
import { movedClock, testIdentity, testOrigin, unageing } from '../../../../test/identity.ts';
import { authorise } from '../authorise.ts';
import type { Principal } from '../principal.ts';
import { createSeal } from './seal.ts';

const clock = movedClock();
const dayMs = 24 * 3_600_000;

const { identity, database, folder, another, buildTenant, signIn, close } = await testIdentity(clock);
after(close);
const { machines } = identity;
const { pool } = database.auth;
const { tenantId } = await buildTenant();

const bearer = (text: string) => new Headers({ authorization: `Bearer ${text}` });
const whoSends = (text: string) => identity.principalOf(bearer(text));

async function known(credential: Headers): Promise<Principal> {
  const principal = await identity.principalOf(credential);
  assert.ok(principal);
  return principal;
}

async function buildKey(...permissions: string[]) {
  const { id, key } = await identity.createApiKey({ tenantId, name: 'k', permissions });
  const token = async (...wanted: string[]) =>
    (await machines.issueToken(await known(bearer(key)), wanted.length === 0 ? undefined : wanted)).token;
  return { id, key, token };
}
const ours = await buildKey('task:read', 'event:write', 'key:admin');

/** Signs what a right token says, but for the change. */
function forge(key: KeyObject | Uint8Array, header: JWTHeaderParameters, change: Record<string, unknown> = {}): Promise<string> {
  const now = Math.floor(clock.now().getTime() / 1_000);
  const times = { iat: now, nbf: now, exp: now + 300 };
  const claims = { tid: tenantId, permissions: ['task:read'], key: ours.id, iss: testOrigin, aud: 'factotum-api', sub: `key:${ours.id}` };
  return new SignJWT({ ...claims, ...times, jti: randomUUID(), ...change }).setProtectedHeader(header).sign(key);
}

/** The installation's own signing key: with it, what is refused is refused for its claims. */
async function ownKey(): Promise<{ key: KeyObject; kid: string }> {
  const [newest] = await machines.publicKeys();
  assert.ok(newest);
  const { rows } = await pool.query('select "sealedPrivateKey" from "signingKey" where id = $1', [newest.kid]);
  const secret = (await readFile(join(folder, 'keys', 'session.secret'), 'utf8')).trim();
  const opened = createSeal(secret, 'factotum/token-signing-keys/v1').open(newest.kid, rows[0].sealedPrivateKey);
  assert.ok(opened);
  return { key: createPrivateKey({ key: JSON.parse(opened.toString()), format: 'jwk' }), kid: newest.kid };
}
const { key: signingKey, kid } = await ownKey();
const typ = 'at+jwt';
const es256 = { alg: 'ES256', kid, typ };
const withClaims = (change: Record<string, unknown>) => forge(signingKey, es256, change);
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });

test('a token stands for what it was made with, for five minutes, and another library checks it with the published keys', async () => {
  const { token, expiresAt, permissions } = await clock.standing(async () => {
    const issued = await machines.issueToken(await known(bearer(ours.key)), undefined);
    // To the second, as tokens say it.
    assert.equal(issued.expiresAt.getTime(), Math.floor(clock.now().getTime() / 1_000) * 1_000 + 300_000);
    return issued;
  });
  assert.ok(expiresAt > clock.now());
  assert.deepEqual(permissions, ['event:write', 'key:admin', 'task:read']);
  assert.deepEqual(await whoSends(token), { ...(await known(bearer(ours.key))), viaToken: true });
  const keys = createLocalJWKSet({ keys: [...(await machines.publicKeys())] } as unknown as JSONWebKeySet); // the same members, not named there
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer: testOrigin,
    audience: 'factotum-api',
    algorithms: ['ES256'],
    typ,
  });
  assert.deepEqual([payload.sub, payload.tid, protectedHeader.kid], [`key:${ours.id}`, tenantId, kid]);
  assert.equal(
    await whoSends(await withClaims({})).then((who) => who?.actor),
    `key:${ours.id}`,
    'what the forgeries below differ from is good',
  );
});

test('the kid is the RFC 7638 thumbprint, and nothing published or kept in clear is private', async () => {
  const set = await machines.publicKeys();
  for (const jwk of set) assert.deepEqual(Object.keys(jwk).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  const { rows } = await pool.query('select * from "signingKey"');
  const { d } = signingKey.export({ format: 'jwk' });
  assert.ok(d);
  for (const row of rows) assert.equal(JSON.stringify(row.publicJwk).includes('"d"') || row.sealedPrivateKey.includes(d), false);
  assert.match(kid, /^[\w-]{43}$/);
});

test('a token asks for less than its maker has, never for more, and never for nothing', async () => {
  const principal = await known(bearer(ours.key));
  assert.deepEqual((await whoSends(await ours.token('task:read')))?.permissions, new Set(['task:read']));
  await assert.rejects(machines.issueToken(principal, ['approval:decide']), { code: 'auth.forbidden' });
  await assert.rejects(machines.issueToken(principal, ['task:fly']), { code: 'request.invalid' });
  await assert.rejects(machines.issueToken(principal, []), { code: 'request.invalid' });
  await assert.rejects(machines.issueToken({ ...principal, permissions: new Set() }, undefined), { code: 'auth.forbidden' });
});

test('a token makes no token, and does nothing that needs presence', async () => {
  const principal = await whoSends(await ours.token());
  assert.ok(principal);
  await assert.rejects(machines.issueToken(principal, undefined), { code: 'auth.forbidden' });
  const circumstance = { now: clock.now(), address: undefined };
  assert.equal(authorise(principal, { access: 'key:admin' }, circumstance), null);
  assert.equal(authorise(principal, { access: 'key:admin', fresh: true }, circumstance)?.code, 'auth.step_up_required');
  assert.equal(authorise(principal, { access: 'person' }, circumstance)?.code, 'auth.forbidden');
});

test('alg none, another algorithm, and HS256 with the public key as the secret are refused', async () => {
  const [jwk] = await machines.publicKeys();
  assert.ok(jwk);
  const { payload } = { payload: (await ours.token()).split('.')[1] ?? '' };
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const pem = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  for (const alg of ['none', 'None', 'NONE', '']) {
    for (const signature of ['', 'A'.repeat(86)])
      assert.equal(await whoSends(`${encode({ ...es256, alg })}.${payload}.${signature}`), null, alg);
  }
  for (const secret of [pem, JSON.stringify(jwk), jwk.x ?? '', kid]) {
    const input = `${encode({ ...es256, alg: 'HS256' })}.${payload}`;
    assert.equal(await whoSends(`${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`), null);
    // As long as a signature of ours would be.
    assert.equal(await whoSends(`${input}.${createHmac('sha512', secret).update(input).digest('base64url')}`), null);
  }
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  assert.equal(await whoSends(await forge(p384, { ...es256, alg: 'ES384' })), null);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  assert.equal(await whoSends(await forge(rsa, { ...es256, alg: 'RS256' })), null);
});

test('a kid is looked up in our own set alone: paths, SQL and unknown ones find nothing, and cost one look a second', async () => {
  const asked: string[] = [];
  const { query } = pool;
  pool.query = function spy(this: typeof pool, ...input: unknown[]) {
    asked.push(JSON.stringify(input[0]));
    return Reflect.apply(query, this, input);
  } as typeof pool.query; // hands everything on
  const wrong = [
    ...[undefined, '', '../../../../dev/null', '/dev/null', "' or '1'='1", "x' union select 'AAAA' --", 'https://evil.example/keys'],
    ...['A'.repeat(43), '__proto__', `${kid}\0`],
    ...Array.from({ length: 20 }, (_, count) => `${'B'.repeat(41)}${String(count).padStart(2, '0')}`),
  ];
  // All of them within one second.
  await clock.standing(async () => {
    for (const its of wrong)
      assert.equal(
        await whoSends(await forge(stranger.privateKey, { alg: 'ES256', typ, ...(its === undefined ? {} : { kid: its }) })),
        null,
        its,
      );
  });
  pool.query = query;
  assert.ok(asked.every((statement) => !statement.includes('evil') && !statement.includes('union')));
  assert.ok(asked.length <= 3, `${asked.length} statements`);
});

test('a key that the token brings itself counts for nothing: jwk, jku, x5u, x5c', async () => {
  const jwk = stranger.publicKey.export({ format: 'jwk' });
  for (const brought of [
    { jwk },
    { jku: 'https://evil.example/jwks.json' },
    { x5u: 'https://evil.example/cert.pem' },
    { x5c: ['MIIB'] },
    { jwk, jku: 'https://evil.example/jwks.json' },
  ]) {
    assert.equal(await whoSends(await forge(stranger.privateKey, { ...es256, ...brought } as JWTHeaderParameters)), null);
    assert.equal(await whoSends(await forge(stranger.privateKey, { alg: 'ES256', typ, ...brought } as JWTHeaderParameters)), null);
  }
  // Beside a signature of ours they change nothing.
  const beside = { ...es256, jku: 'https://evil.example/jwks.json' };
  assert.ok(await whoSends(await forge(signingKey, beside)));
});

test('expired, not yet valid, too long-lived, for others, from others, of another kind or without a claim: refused', () =>
  clock.standing(async () => {
    const now = Math.floor(clock.now().getTime() / 1_000);
    const wrong: Record<string, Record<string, unknown>> = {
      expired: { iat: now - 310, nbf: now - 310, exp: now - 10 },
      'not yet valid': { nbf: now + 60 },
      'made in the future': { iat: now + 60 },
      'good for a day': { iat: now - 400, exp: now + dayMs / 1_000 },
      'for others': { aud: 'somebody-else' },
      'for nobody': { aud: undefined },
      'from others': { iss: 'https://evil.example' },
      'without an end': { exp: undefined },
      'without a beginning': { nbf: undefined },
      'without a time': { iat: undefined },
      'without a name': { jti: undefined },
      'of nobody': { sub: undefined },
      'of somebody else': { sub: `key:${newId('apiKey')}` },
      'of a user with a key': { sub: 'user:usr_000000000000000000000000' },
      'for no tenant': { tid: undefined },
      'for another tenant': { tid: newId('tenant') },
      'made with nothing': { key: undefined },
      'made with a key that is not there': { key: newId('apiKey') },
      'with permissions that are none': { permissions: ['task:fly'] },
      'with permissions as text': { permissions: 'task:read' },
    };
    for (const [name, change] of Object.entries(wrong)) assert.equal(await whoSends(await withClaims(change)), null, name);
    assert.equal(await whoSends(await forge(signingKey, { alg: 'ES256', kid })), null, 'no type');
    assert.equal(await whoSends(await forge(signingKey, { alg: 'ES256', kid, typ: 'JWT' })), null, 'another type');
    // Clocks are not the same everywhere: five seconds are forgiven, no more.
    assert.ok(await whoSends(await withClaims({ iat: now + 3, nbf: now + 3 })));
    assert.ok(await whoSends(await withClaims({ iat: now - 300, nbf: now - 300, exp: now - 2 })));
  }));

test('a changed letter anywhere, cut or doubled parts, and other texts are refused', async () => {
  const token = await ours.token();
  const parts = token.split('.');
  for (const [index, part] of parts.entries()) {
    const other = part.slice(0, 5) + (part[5] === 'A' ? 'B' : 'A') + part.slice(6);
    assert.equal(await whoSends(parts.with(index, other).join('.')), null);
    assert.equal(await whoSends(parts.toSpliced(index, 1).join('.')), null);
  }
  for (const text of ['', '..', 'a.b.c', `${token}.`, `${token}=`, `${token}.${parts[2]}`, token.slice(0, -1), 'x'.repeat(100_000)])
    assert.equal(await whoSends(text), null);
});

test("a revoked key's token is refused at once, here and in another process", async () => {
  const second = await another(unageing(clock));
  await second.start();
  const { id, token: make } = await buildKey('task:read');
  const token = await make();
  assert.ok(await whoSends(token));
  assert.ok(await second.principalOf(bearer(token)));
  await identity.revokeApiKey(tenantId, id);
  assert.equal(await whoSends(token), null);
  const from = performance.now();
  while ((await second.principalOf(bearer(token))) !== null) {
    assert.ok(performance.now() - from < 60_000, 'heard of it, as its cache does not run out');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await second.stop();
});

test("without messages a revoked key's token is believed for five seconds at most", async () => {
  const deaf = await another();
  const { id, token: make } = await buildKey('task:read');
  const token = await make();
  assert.ok(await deaf.principalOf(bearer(token)));
  await identity.revokeApiKey(tenantId, id);
  clock.aheadMs = 5_001;
  assert.equal(await deaf.principalOf(bearer(token)), null);
  clock.aheadMs = 0;
  await deaf.stop();
});

test("a person's token ends with their session and with their membership, in every process at once", async () => {
  const person = await buildTenant();
  const second = await another();
  const make = async () => {
    const cookie = await signIn(person.tenantId);
    return { cookie, token: (await machines.issueToken(await known(cookie), ['task:read'])).token };
  };
  const [first, other] = [await make(), await make()];
  const principal = await whoSends(first.token);
  assert.equal(principal?.actor, `user:${person.userId}`);
  assert.equal(principal?.session, undefined, 'a token says nothing about whether somebody is there');
  assert.deepEqual(principal?.permissions, new Set(['task:read']));
  await identity.endSession({ method: 'POST', headers: first.cookie }, { address: '10.9.8.7' });
  for (const each of [identity, second]) {
    assert.equal(await each.principalOf(bearer(first.token)), null);
    assert.ok(await each.principalOf(bearer(other.token)));
  }
  await pool.query('delete from member where "userId" = $1', [person.userId]);
  for (const each of [identity, second]) assert.equal(await each.principalOf(bearer(other.token)), null);
  await second.stop();
});

test('what a member may no longer do their token may not either', async () => {
  const person = await buildTenant();
  const { token } = await machines.issueToken(await known(await signIn(person.tenantId)), undefined);
  assert.ok((await whoSends(token))?.permissions.has('tenant:close'));
  await pool.query(`update member set role = 'auditor' where "userId" = $1`, [person.userId]);
  const permissions = (await whoSends(token))?.permissions;
  assert.ok(permissions?.has('audit:read'));
  assert.equal(permissions?.has('tenant:close'), false);
});

test("another installation's token is refused, though it says all the same", async () => {
  const elsewhere = await testIdentity(clock);
  const tenant = await elsewhere.buildTenant();
  const { token } = await elsewhere.identity.machines.issueToken(
    (await elsewhere.identity.principalOf(await elsewhere.signIn(tenant.tenantId))) ?? assert.fail(),
    undefined,
  );
  assert.ok(await elsewhere.identity.principalOf(bearer(token)));
  assert.equal(await whoSends(token), null);
  assert.equal(decodeJwt(token).iss, testOrigin, 'refused for its key, not for its name');
  await elsewhere.close();
});

test('a rotated key goes on being accepted for thirty days, and an ended one not for a moment', async () => {
  const second = await another(unageing(clock));
  await second.start();
  const old = await ours.token();
  const rotated = await machines.rotateSigningKey({ endOld: false });
  assert.notEqual(rotated.kid, kid);
  assert.ok(Math.abs(rotated.oldEndsAt.getTime() - Date.now() - 30 * dayMs) < 60_000);
  const fresh = await ours.token();
  assert.equal(decodeProtectedHeader(fresh).kid, rotated.kid);
  for (const each of [identity, second]) for (const token of [old, fresh]) assert.ok(await each.principalOf(bearer(token)));
  assert.deepEqual(new Set((await second.machines.publicKeys()).map((key) => key.kid)), new Set([kid, rotated.kid]));
  const last = await machines.rotateSigningKey({ endOld: true });
  assert.deepEqual(
    (await machines.publicKeys()).map((key) => key.kid),
    [last.kid],
  );
  const from = performance.now();
  for (const token of [old, fresh]) {
    assert.equal(await whoSends(token), null);
    while ((await second.principalOf(bearer(token))) !== null) {
      assert.ok(performance.now() - from < 60_000, 'heard of it, as what it knows does not run out');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  await second.stop();
});

test('a month-old key is replaced by whoever signs first, once, and forgotten a month later', async () => {
  const second = await another();
  const [before] = await machines.publicKeys();
  const made = await buildKey('task:read');
  clock.aheadMs = 30 * dayMs + 1_000;
  const tokens = await Promise.all(
    [identity, second].map(async (each) => each.machines.issueToken(await known(bearer(made.key)), undefined)),
  );
  const kids = new Set(tokens.map(({ token }) => decodeProtectedHeader(token).kid));
  assert.equal(kids.size, 1);
  assert.ok(before && !kids.has(before.kid));
  assert.equal((await machines.publicKeys()).length, 2);
  clock.aheadMs = 60 * dayMs + 5_000;
  await machines.publicKeys();
  await made.token();
  assert.equal(
    (await machines.publicKeys()).some((key) => key.kid === before.kid),
    false,
  );
  clock.aheadMs = 0;
  await second.stop();
});

test('who has another session secret cannot open the key of tokens and uses one of their own', async () => {
  await pool.query(`update "signingKey" set "sealedPrivateKey" = "sealedPrivateKey" || '\\x00'::bytea`);
  const third = await another();
  const one = await third.machines.issueToken(await known(bearer(ours.key)), undefined);
  const two = await third.machines.issueToken(await known(bearer(ours.key)), undefined);
  assert.equal(decodeProtectedHeader(one.token).kid, decodeProtectedHeader(two.token).kid);
  assert.ok(await third.principalOf(bearer(two.token)));
  await third.stop();
});
