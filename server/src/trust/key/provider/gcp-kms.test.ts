import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isFactotumError, newId, systemClock } from '#kernel';
import { conformance } from '../../../../test/kek-conformance.ts';
import { fetchTo } from '../../../../test/stand-in/far-side.ts';
import { type GcpKms, startGcpKms } from '../../../../test/stand-in/gcp-kms.ts';
import type { KekProvider } from '../kek.ts';
import { crc32c } from './crc32c.ts';
import { createGcpKms, type GcpKmsOptions, parseGcpKmsKey } from './gcp-kms.ts';

const binding = { tenantId: newId('tenant'), generation: 1 };

const at = (t: TestContext, kms: GcpKms, name: string, more: Partial<GcpKmsOptions> = {}): Promise<KekProvider> =>
  createGcpKms({
    name,
    serviceAccount: kms.serviceAccount,
    fetch: fetchTo(t, { 'cloudkms.googleapis.com': kms, 'oauth2.googleapis.com': kms }),
    clock: systemClock,
    // On a machine that is busy with other tests nothing may fail for being slow.
    timeoutMs: 30_000,
    ...more,
  });

const unavailable = (reason: string) => (error: unknown) => {
  assert.ok(isFactotumError(error, 'key.unavailable'), String(error));
  assert.equal(error.details?.reason, reason, error.message);
  return true;
};

conformance('a key of Google Cloud KMS', async (t) => {
  const kms = await startGcpKms(t);
  const name = kms.createKey('factotum');
  return {
    kek: await at(t, kms, name),
    other: await at(t, kms, kms.createKey('other')),
    secrets: [kms.serviceAccount.private_key],
    rotate: async () => {
      kms.rotate(name);
      return at(t, kms, name);
    },
    refuse: async () => kms.setState(name, 'DISABLED'),
    vanish: async () => {
      kms.mood = 'down';
    },
    comeBack: async () => {
      kms.mood = 'well';
    },
  };
});

test('an answer that was changed on its way is asked for again, and never taken', async (t) => {
  const kms = await startGcpKms(t);
  const kek = await at(t, kms, kms.createKey('factotum'));
  const row = await kek.wrap(randomBytes(32), binding);
  kms.spoils = 1;
  await kek.unwrap(row, binding);
  kms.spoils = 1;
  await kek.wrap(randomBytes(32), binding);
  kms.spoils = Number.POSITIVE_INFINITY;
  await assert.rejects(kek.unwrap(row, binding), unavailable('broken'));
  await assert.rejects(kek.wrap(randomBytes(32), binding), unavailable('broken'));
});

test('what a lying KMS wraps or opens is never taken', async (t) => {
  const kms = await startGcpKms(t);
  const kek = await at(t, kms, kms.createKey('factotum'));
  const row = await kek.wrap(randomBytes(32), binding);
  kms.mood = 'lying';
  await assert.rejects(kek.unwrap(row, binding), unavailable('broken'));
  await assert.rejects(kek.wrap(randomBytes(32), binding), unavailable('broken'));
  // It wraps something else, and then opens that honestly.
  kms.moodLasts = 1;
  await assert.rejects(kek.wrap(randomBytes(32), binding), unavailable('broken'));
});

test('one token serves every call, and one that was taken back is replaced once', async (t) => {
  const kms = await startGcpKms(t);
  const kek = await at(t, kms, kms.createKey('factotum'));
  const row = await kek.wrap(randomBytes(32), binding);
  assert.equal(kms.tokensAsked, 1);
  kms.revokeTokens();
  await kek.unwrap(row, binding);
  assert.equal(kms.tokensAsked, 2);
});

test('destroyed versions, missing permissions, unknown keys and foreign accounts are refused', async (t) => {
  const kms = await startGcpKms(t);
  const name = kms.createKey('factotum');
  const kek = await at(t, kms, name);
  const row = await kek.wrap(randomBytes(32), binding);
  await assert.rejects((await at(t, kms, `${name}-gone`)).health(), unavailable('refused'));
  const stranger = { ...kms.serviceAccount, client_email: 'somebody@elsewhere.iam.gserviceaccount.com' };
  await assert.rejects((await at(t, kms, name, { serviceAccount: stranger })).health(), unavailable('refused'));
  const broken = { ...kms.serviceAccount, private_key: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n' };
  await assert.rejects((await at(t, kms, name, { serviceAccount: broken })).health(), unavailable('refused'));
  kms.setState(name, 'DESTROYED');
  await assert.rejects(kek.unwrap(row, binding), unavailable('refused'));
  const fresh = await at(t, kms, kms.createKey('fresh'));
  kms.deny('useToDecrypt');
  await assert.rejects(fresh.wrap(randomBytes(32), binding), unavailable('refused'));
});

test('throttling and faults that pass are overcome once, then named as unreachable', async (t) => {
  const kms = await startGcpKms(t);
  const kek = await at(t, kms, kms.createKey('factotum'));
  const row = await kek.wrap(randomBytes(32), binding);
  for (const mood of ['throttling', 'failing', 'down'] as const) {
    Object.assign(kms, { mood, moodLasts: 1 });
    await kek.unwrap(row, binding);
    const before = kms.requests.length;
    Object.assign(kms, { mood, moodLasts: Number.POSITIVE_INFINITY });
    await assert.rejects(kek.unwrap(row, binding), unavailable('unreachable'), mood);
    assert.equal(kms.requests.length - before, 2, 'two attempts and no storm');
  }
});

test('a KMS that says nothing is given up on, and so is a sign-in that says nothing', async (t) => {
  const kms = await startGcpKms(t);
  const kek = await at(t, kms, kms.createKey('factotum'), { timeoutMs: 50 });
  kms.mood = 'silent';
  await assert.rejects(kek.health(), unavailable('unreachable'));
});

test('the installation signs in by the credentials that Google’s own tools use', async (t) => {
  const kms = await startGcpKms(t);
  const folder = await mkdtemp(join(tmpdir(), 'factotum-gcp-'));
  const before = process.env.GOOGLE_APPLICATION_CREDENTIALS;
  t.after(async () => {
    if (before === undefined) delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
    else process.env.GOOGLE_APPLICATION_CREDENTIALS = before;
    await rm(folder, { recursive: true });
  });
  const path = join(folder, 'account.json');
  await writeFile(path, JSON.stringify({ ...kms.serviceAccount, project_id: 'factotum-test', private_key_id: '1', client_id: '2' }));
  process.env.GOOGLE_APPLICATION_CREDENTIALS = path;
  const kek = await createGcpKms({
    name: kms.createKey('factotum'),
    fetch: fetchTo(t, { 'cloudkms.googleapis.com': kms, 'oauth2.googleapis.com': kms }),
    clock: systemClock,
    timeoutMs: 30_000,
  });
  await kek.health();
});

test("without Google's sign-in library the command that installs it is said, at the version that is tested here", async () => {
  // Looked for from a folder above which there are no packages.
  const elsewhere = { parentURL: 'file:///nowhere/at/all.js' };
  const hooks = registerHooks({
    resolve: (specifier, context, next) => next(specifier, specifier === 'google-auth-library' ? { ...context, ...elsewhere } : context),
  });
  try {
    await assert.rejects(createGcpKms({ name: 'x', fetch, clock: systemClock }), (error: unknown) => {
      assert.ok(isFactotumError(error, 'key.provider_missing'), String(error));
      assert.match(error.message, /npm install google-auth-library@\d+\.\d+\.\d+$/);
      return true;
    });
  } finally {
    hooks.deregister();
  }
});

test('CRC-32C is that of RFC 3720', () => {
  const ascending = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
  const vectors: readonly (readonly [Buffer, number])[] = [
    [Buffer.alloc(32), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [ascending, 0x46dd794e],
    [Buffer.from(ascending).reverse(), 0x113fdb5c],
    [Buffer.from('123456789'), 0xe3069283],
  ];
  for (const [bytes, expected] of vectors) assert.equal(crc32c(bytes), expected);
});

test('an address is the name of a key without its version, with an https endpoint if any', () => {
  const name = 'projects/p/locations/europe-west3/keyRings/r/cryptoKeys/k';
  assert.deepEqual(parseGcpKmsKey(name), { name });
  assert.deepEqual(parseGcpKmsKey(`${name}?endpoint=https://kms.example.com`), { name, endpoint: 'https://kms.example.com' });
  for (const text of ['', `${name}/cryptoKeyVersions/1`, 'projects/p', `${name}?key=x`, `${name}?endpoint=http://10.0.0.1`, `../${name}`])
    assert.throws(
      () => parseGcpKmsKey(text),
      (error) => isFactotumError(error, 'key.provider_invalid'),
      text,
    );
});
