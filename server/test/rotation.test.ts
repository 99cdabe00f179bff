import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import pg from 'pg';
import { FactotumError, type Id, isFactotumError, type JsonObject } from '#kernel';
import { newPassword, withTenant } from '#kernel/database';
import { listEntries } from '#trust/audit';
import { addTenantJob, createJobRunner, readAnyJob } from '#trust/job';
import {
  createDueRotations,
  createRotationJobs,
  oauthTokenKind,
  type RotationDeps,
  type RotationKind,
  startRotation,
} from '#trust/rotation';
import {
  createSecret,
  listVersions,
  openSecret,
  readSecret,
  replaceValue,
  type SecretKind,
  type SecretScope,
  setRotation,
} from '#trust/secret';
import { eventually, testPlatform } from './platform.ts';

const platform = await testPlatform();
const { identity, inSecretUnit, clock, ownerUrl } = platform;
let tenants = 0;

/** A tenant with an owner, so that it can have keys. */
async function buildCustomer(): Promise<Id<'tenant'>> {
  tenants += 1;
  return (await platform.createTenant({ name: `rotates-${tenants}`, actor: 'system:test' })).id;
}

/** What rotates secrets, with these kinds besides. */
function withKinds(...kinds: RotationKind[]): RotationDeps {
  return {
    ...platform.rotation,
    kinds: new Map([...platform.rotation.kinds, ...kinds.map((kind) => [kind.kind, kind] as const)]),
  };
}
function work(deps: RotationDeps): void {
  const { database, keyring, installation, log } = platform;
  const runner = createJobRunner({ engine: database.engine, keyring, installation, clock, log, handlers: createRotationJobs(deps) });
  runner.start();
  after(() => runner.stop());
}

const store = (scope: SecretScope, name: string, kind: SecretKind, value: string) =>
  inSecretUnit(scope, (unit) => createSecret(unit, { name, kind, content: { value }, actor: 'user:usr_1', at: clock.now() }));
const versionsOf = async (scope: SecretScope, id: string) =>
  (await inSecretUnit(scope, (unit) => listVersions(unit, id))).map(({ version, state }) => `${version} ${state}`);
async function openValue(scope: SecretScope, id: string): Promise<string> {
  const { content } = await inSecretUnit(scope, (unit) => openSecret(unit, { id }));
  assert.ok('value' in content);
  return content.value;
}
const ended = (jobId: string) =>
  eventually(async () => {
    const job = await readAnyJob(platform.database.engine, jobId);
    return ['done', 'failed'].includes(job.state) ? job : undefined;
  });
const until = (condition: () => Promise<boolean>) => eventually(async () => ((await condition()) ? true : undefined));
const code = (wanted: Parameters<typeof isFactotumError>[1]) => (error: unknown) => isFactotumError(error, wanted);

/** What a rotation that is tried by itself has besides. */
const by = { actor: 'user:usr_1', now: new Date(0), signal: AbortSignal.timeout(600_000) };

/** A kind whose issuer is in this file. */
function issuer(kind: SecretKind, behaviour: { fails?: 'once' | 'always' } = {}) {
  const calls: string[] = [];
  let made = 0;
  let failed = false;
  const plugin: RotationKind = {
    kind,
    makesValues: true,
    forTenants: true,
    async create() {
      calls.push('create');
      made += 1;
      return `made-value-${made}`;
    },
    async test() {
      calls.push('test');
      if (behaviour.fails === 'always') throw new FactotumError('request.invalid', 'The new value is not taken.');
      if (behaviour.fails === 'once' && !failed) {
        failed = true;
        throw new FactotumError('secret.unavailable', 'The issuer is away.');
      }
    },
    async revoke(_rotation, value) {
      calls.push(`revoke ${value}`);
    },
  };
  return { calls, plugin };
}

const usual = withKinds();
work(usual);

test('a key to our own API gets a successor that may do the same, and ends after the grace', async () => {
  const scope = await buildCustomer();
  const old = await identity.createApiKey({ tenantId: scope, name: 'Scanner', permissions: ['event:write', 'task:read'], perMinute: 90 });
  const { id } = await store(scope, 'scanner', 'api-key', old.key);
  const principalOf = (key: string) => identity.principalOf(new Headers({ authorization: `Bearer ${key}` }));

  const job = await ended(await startRotation(usual, { scope, id, graceMs: 0, actor: 'user:usr_1' }));
  assert.equal(job.state, 'done', job.error?.message);
  const value = await openValue(scope, id);
  assert.notEqual(value, old.key);
  assert.deepEqual([...((await principalOf(value))?.permissions ?? [])].sort(), ['event:write', 'task:read']);
  await until(async () => (await versionsOf(scope, id)).includes('1 revoked'));
  await until(async () => (await principalOf(old.key)) === null);
  const [made] = await identity.listApiKeys(scope);
  assert.deepEqual([made?.name.startsWith('Scanner (rotated '), made?.perMinute], [true, 90]);
  const told = async () => {
    await platform.sequencer.drained();
    const entries = await withTenant(platform.database.app.db, scope, (tx) => listEntries(tx, { tenantId: scope, limit: 200 }));
    return entries.filter(({ kind }) => kind.startsWith('key.')).map(({ kind, objectId, actor }) => [kind, objectId, actor]);
  };
  await until(async () => (await told()).length === 2);
  assert.deepEqual((await told()).sort(), [
    ['key.created', made?.id, 'user:usr_1'],
    ['key.revoked', old.id, 'user:usr_1'],
  ]);
});

test('another tenant’s key is not rotated, whoever has stored it', async () => {
  const [scope, other] = [await buildCustomer(), await buildCustomer()];
  const theirs = await identity.createApiKey({ tenantId: other, name: 'Theirs', permissions: ['task:read'] });
  const { id } = await store(scope, 'stolen', 'api-key', theirs.key);
  const job = await ended(await startRotation(usual, { scope, id, graceMs: 0, actor: 'user:usr_1' }));
  assert.equal(job.error?.code, 'request.invalid');
  assert.equal((await identity.listApiKeys(other)).length, 1);
  assert.deepEqual(await versionsOf(scope, id), ['1 current']);
});

test('a value that people make is taken with the request, and only for kinds where they do', async () => {
  const scope = await buildCustomer();
  const { id } = await store(scope, 'smtp', 'static', 'the old password');
  const wish = { scope, id, graceMs: 0, actor: 'user:usr_1' };
  await assert.rejects(startRotation(usual, wish), code('request.invalid'));
  assert.equal((await ended(await startRotation(usual, { ...wish, value: 'the new password' }))).state, 'done');
  assert.equal(await openValue(scope, id), 'the new password');
  await until(async () => (await versionsOf(scope, id)).includes('1 revoked'));

  const { privateKey } = generateKeyPairSync('ed25519');
  const made = await store(scope, 'signer', 'signing-key', privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  await assert.rejects(startRotation(usual, { ...wish, id: made.id, value: 'mine' }), code('request.invalid'));
  assert.equal((await ended(await startRotation(usual, { ...wish, id: made.id }))).state, 'done');
  assert.equal(createPublicKey(await openValue(scope, made.id)).asymmetricKeyType, 'ed25519');
});

test('while one rotates a secret, another is told so', async () => {
  const scope = await buildCustomer();
  const { id } = await store(scope, 'twice', 'static', 'the old password');
  const keys = await platform.keyring.of(scope);
  const at = clock.now();
  const input = { secretId: id, graceMs: 0, version: 1 };
  // Ordered, and not run before this test has ended.
  const job = {
    kind: 'secret.rotate',
    input,
    position: { secretId: id },
    actor: 'user:usr_1',
    at,
    runAt: new Date(at.getTime() + 3_600_000),
  };
  await inSecretUnit(scope, (_unit, tx) => addTenantJob(tx, keys, job));
  const wish = { scope, id, value: 'the other one', graceMs: 0, actor: 'user:usr_2' };
  await assert.rejects(startRotation(usual, wish), code('secret.changed'));
  assert.deepEqual(await versionsOf(scope, id), ['1 current']);
});

/** The rotation's job with these kinds, run by hand. */
function rotationByHand(scope: Id<'tenant'>, secretId: Id<'secret'>, ...kinds: RotationKind[]) {
  const [rotate] = createRotationJobs(withKinds(...kinds));
  assert.ok(rotate);
  const positions: unknown[] = [];
  const run = (position: JsonObject = { secretId }) =>
    rotate.run({
      ...{ id: 'job_0190000000000000000000aa' as Id<'job'>, tenantId: scope, input: { secretId, graceMs: 3_600_000 } },
      ...{ position, actor: 'user:usr_1', signal: AbortSignal.timeout(60_000) },
      async save({ position: saved }) {
        positions.push(saved);
      },
    });
  return { run, positions };
}

test('a value that does not work is ended again, and the old one stays in force', async () => {
  const scope = await buildCustomer();
  const { calls, plugin } = issuer('oauth-token', { fails: 'always' });
  const { id } = await store(scope, 'fails', 'oauth-token', 'old-value-1');
  await assert.rejects(rotationByHand(scope, id, plugin).run(), code('request.invalid'));
  assert.deepEqual(calls, ['create', 'test', 'revoke made-value-1']);
  assert.deepEqual(await versionsOf(scope, id), ['2 revoked', '1 current']);
  assert.equal(await openValue(scope, id), 'old-value-1');
});

test('a value that somebody puts in force while a rotation is under way is newer, and stays', async () => {
  const scope = await buildCustomer();
  const { plugin, calls } = issuer('oauth-token');
  const { id } = await store(scope, 'leaked', 'oauth-token', 'the value that leaked');
  const byHand = { value: 'the value of a person', ifVersion: 1, actor: 'user:usr_1', at: clock.now() };
  const test = async () => void (await inSecretUnit(scope, (unit) => replaceValue(unit, id, byHand)));
  await assert.rejects(rotationByHand(scope, id, { ...plugin, test }).run(), code('secret.changed'));
  assert.equal(await openValue(scope, id), 'the value of a person');
  assert.deepEqual(await versionsOf(scope, id), ['3 current', '2 revoked', '1 previous']);
  assert.deepEqual(calls, ['create', 'revoke made-value-1']);
});

test('a rotation that was cut off takes up the value that is there instead of making another', async () => {
  const scope = await buildCustomer();
  const { calls, plugin } = issuer('oauth-token', { fails: 'once' });
  const { id } = await store(scope, 'cut-off', 'oauth-token', 'old-value-1');
  const { run, positions } = rotationByHand(scope, id, plugin);
  await assert.rejects(run(), code('secret.unavailable'));
  // As if it had been killed before anything was saved: the job begins where it began.
  await run();
  assert.deepEqual(calls, ['create', 'test', 'test']);
  assert.deepEqual(await versionsOf(scope, id), ['2 current', '1 previous']);
  assert.deepEqual(positions.at(-1), { secretId: id, version: 2, replaced: 1, isPromoted: true });
});

test('a value that is in force already is neither tried nor ended by a rotation that was cut off right after that', async () => {
  const scope = await buildCustomer();
  const { id } = await store(scope, 'in-force', 'oauth-token', 'old-value-1');
  await rotationByHand(scope, id, issuer('oauth-token').plugin).run();
  const { calls, plugin } = issuer('oauth-token', { fails: 'always' });
  await rotationByHand(scope, id, plugin).run({ secretId: id, version: 2, replaced: 1 });
  assert.deepEqual(calls, []);
  assert.deepEqual(await versionsOf(scope, id), ['2 current', '1 previous']);
});

test('an OAuth token is renewed at its issuer; a tenant’s issuer is not called in a private network', async () => {
  const seen: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    seen.push(`${request.url} ${body}`);
    const isOurs = request.headers.authorization === `Basic ${Buffer.from('client:secret%20word').toString('base64')}`;
    if (request.url === '/token' && isOurs && new URLSearchParams(body).get('refresh_token') === 'refresh-token-one') {
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ access_token: 'access-token-two', refresh_token: 'refresh-token-two', token_type: 'Bearer', expires_in: 3600 }),
      );
    } else if (request.url === '/revoke' && isOurs) response.end();
    else if (request.url === '/me' && request.headers.authorization === 'Bearer access-token-two') response.end('{}');
    else response.writeHead(400).end('{"error":"invalid_grant"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => server.close());
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const value = JSON.stringify({
    tokenUrl: `${base}/token`,
    revocationUrl: `${base}/revoke`,
    testUrl: `${base}/me`,
    ...{ clientId: 'client', clientSecret: 'secret word', refreshToken: 'refresh-token-one' },
  });
  const kind = oauthTokenKind({ allowPrivate: true });
  const rotation = {
    scope: await buildCustomer(),
    name: 'x',
    old: value,
    key: 'job_1',
    actor: 'user:usr_1',
    now: new Date('2026-01-01T00:00:00Z'),
    signal: AbortSignal.timeout(30_000),
  };
  const made = await kind.create(rotation);
  await kind.test(rotation, made);
  await kind.revoke(rotation, value, made);
  const { refreshToken, accessToken, expiresAt } = JSON.parse(made);
  assert.deepEqual([refreshToken, accessToken, expiresAt], ['refresh-token-two', 'access-token-two', '2026-01-01T01:00:00.000Z']);
  assert.deepEqual(
    seen.map((line) => line.split(' ')[0]),
    ['/token', '/me', '/revoke'],
  );
  assert.match(seen[2] ?? '', /token=refresh-token-one/);

  await assert.rejects(oauthTokenKind().create(rotation), code('outbound.address_refused'));
  await assert.rejects(
    kind.create({ ...rotation, old: value.replace('refresh-token-one', 'refresh-token-zero') }),
    (error) => isFactotumError(error, 'request.invalid') && !error.message.includes('refresh-token'),
  );
  assert.equal(seen.length, 4);
});

test('what is odd in an issuer’s answer costs nobody the token in it', async () => {
  let answer: object = {};
  const server = createServer(
    (_request, response) => void response.setHeader('content-type', 'application/json').end(JSON.stringify(answer)),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => server.close());
  const tokenUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const old = JSON.stringify({ tokenUrl, clientId: 'client', refreshToken: 'refresh-token-one' });
  const kind = oauthTokenKind({ allowPrivate: true });
  const rotation = { scope: await buildCustomer(), name: 'x', old, key: 'job_1', ...by };
  for (const expires of [1e300, -1, null, 'soon', {}, '1e15']) {
    answer = { access_token: 'access-token-two', refresh_token: 'refresh-token-two', expires_in: expires };
    assert.equal(JSON.parse(await kind.create(rotation)).refreshToken, 'refresh-token-two', String(expires));
  }
  answer = { access_token: 'access-token-two', refresh_token: null };
  assert.equal(JSON.parse(await kind.create(rotation)).refreshToken, 'refresh-token-one');
});

test('a pair of database logins takes turns: both work in the grace, the old one is shut after it', async () => {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  const pair = ['a', 'b'].map((end) => ({ user: `rotates_${end}_${process.pid}`, password: newPassword() }));
  for (const { user, password } of pair) await owner.query(`create role ${user} login password '${password}'`);
  after(async () => {
    for (const { user } of pair) await owner.query(`drop role ${user}`);
    await owner.end();
  });
  const [a, b] = pair as [(typeof pair)[0], (typeof pair)[0]];
  const url = new URL(ownerUrl);
  url.username = a.user;
  url.password = a.password;
  const letsIn = async (address: string) => {
    const client = new pg.Client({ connectionString: address });
    try {
      await client.connect();
      return true;
    } catch {
      return false;
    } finally {
      await client.end();
    }
  };
  const { id } = await store('installation', `login-${process.pid}`, 'database-password', JSON.stringify({ url: url.href, other: b }));
  const first = await ended(await startRotation(usual, { scope: 'installation', id, graceMs: 3_600_000, actor: 'operator:test' }));
  assert.equal(first.state, 'done', first.error?.message);
  const now = JSON.parse(await openValue('installation', id));
  assert.equal(new URL(now.url).username, b.user);
  assert.deepEqual([await letsIn(now.url), await letsIn(url.href)], [true, true]);

  const kind = usual.kinds.get('database-password');
  const rotation = { scope: 'installation' as const, name: 'x', key: 'job_2', ...by, now: clock.now() };
  await kind?.revoke(rotation, JSON.stringify({ url: url.href, other: b }), JSON.stringify(now));
  assert.deepEqual([await letsIn(now.url), await letsIn(url.href)], [true, false]);
  // A second time changes nothing, and a rotation that is tried again finds what it has set.
  await kind?.revoke(rotation, JSON.stringify({ url: url.href, other: b }), JSON.stringify(now));
  const [one, two] = [
    await kind?.create({ ...rotation, old: JSON.stringify(now) }),
    await kind?.create({ ...rotation, old: JSON.stringify(now) }),
  ];
  assert.equal(JSON.parse(one ?? '').url, JSON.parse(two ?? '').url);
  assert.equal(await letsIn(JSON.parse(two ?? '').url), true);
});

test('a certificate of the internal authority is renewed for the installation, and for no tenant', async () => {
  const value = JSON.stringify({ name: 'crm', dnsNames: ['crm.internal'], days: 7 });
  const { id } = await store('installation', `crm-${process.pid}`, 'certificate', value);
  const job = await ended(await startRotation(usual, { scope: 'installation', id, graceMs: 3_600_000, actor: 'operator:test' }));
  assert.equal(job.state, 'done', job.error?.message);
  const { certificate } = JSON.parse(await openValue('installation', id));
  assert.match(new X509Certificate(certificate).subjectAltName ?? '', /crm\.internal/);
  const scope = await buildCustomer();
  const theirs = await store(scope, 'crm', 'certificate', value);
  await assert.rejects(startRotation(usual, { scope, id: theirs.id, graceMs: 0, actor: 'user:usr_1' }), code('request.invalid'));
});

test('what is due is rotated by itself, once; what people make is left to them', async () => {
  const scope = await buildCustomer();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = await store(scope, 'due', 'signing-key', privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  const byHand = await store(scope, 'by-hand', 'static', 'the old password');
  const longAgo = new Date(Date.now() - 40 * 24 * 3_600_000);
  for (const { id } of [key, byHand]) await inSecretUnit(scope, (unit) => setRotation(unit, id, { rotateAfterDays: 30, at: longAgo }));
  const look = () => createDueRotations({ ...usual, listTenants: async () => [{ id: scope }], onOrdered: () => undefined }).look();
  assert.equal(await look(), 1);
  await until(async () => (await versionsOf(scope, key.id)).includes('2 current'));
  assert.equal(await look(), 0);
  assert.deepEqual(await versionsOf(scope, byHand.id), ['1 current']);
  const { rotateAt } = await inSecretUnit(scope, (unit) => readSecret(unit, key.id));
  assert.ok(rotateAt !== null && rotateAt > new Date());
});
