import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { registerHooks } from 'node:module';
import { type TestContext, test } from 'node:test';
import { isFactotumError, newId, systemClock } from '#kernel';
import { guardedAgent, type OutboundLimits, outboundFetch } from '#kernel/outbound';
import { conformance } from '../../../../test/kek-conformance.ts';
import { type AwsKms, startAwsKms } from '../../../../test/stand-in/aws-kms.ts';
import { fetchTo } from '../../../../test/stand-in/far-side.ts';
import type { KekProvider } from '../kek.ts';
import { type AwsKmsOptions, createAwsKms, parseAwsKmsKey } from './aws-kms.ts';

const host = 'kms.eu-central-1.amazonaws.com';
const binding = { tenantId: newId('tenant'), generation: 1 };

/** On a machine that is busy with other tests nothing may fail for being slow. */
const timeoutMs = 30_000;

/** A provider that calls the region's own address. */
const at = (t: TestContext, kms: AwsKms, arn: string, more: Partial<AwsKmsOptions> = {}): Promise<KekProvider> =>
  createAwsKms({ arn, accessKey: kms.accessKey, fetch: fetchTo(t, { [host]: kms }), clock: systemClock, timeoutMs, ...more });

const unavailable = (reason: string) => (error: unknown) => {
  assert.ok(isFactotumError(error, 'key.unavailable'), String(error));
  assert.equal(error.details?.reason, reason, error.message);
  return true;
};

conformance('a key of AWS KMS', async (t) => {
  const kms = await startAwsKms(t);
  const arn = kms.createKey();
  return {
    kek: await at(t, kms, arn),
    other: await at(t, kms, kms.createKey()),
    secrets: [kms.accessKey.secretAccessKey],
    rotate: async () => {
      kms.rotate(arn);
      return at(t, kms, arn);
    },
    refuse: async () => kms.setState(arn, 'Disabled'),
    vanish: async () => {
      kms.mood = 'down';
    },
    comeBack: async () => {
      kms.mood = 'well';
    },
  };
});

conformance('an alias in AWS KMS, at an endpoint of its own', async (t) => {
  const kms = await startAwsKms(t);
  const [first, second] = [kms.createKey(), kms.createKey()];
  const alias = kms.alias('factotum', first);
  const endpoint = kms.origin;
  return {
    kek: await at(t, kms, alias, { endpoint, fetch }),
    other: await at(t, kms, kms.alias('other', kms.createKey()), { endpoint, fetch }),
    secrets: [kms.accessKey.secretAccessKey],
    // People rotate by hand by letting the alias name another key.
    rotate: async () => {
      kms.alias('factotum', second);
      return at(t, kms, alias, { endpoint, fetch });
    },
    refuse: async () => {
      for (const action of ['Encrypt', 'Decrypt', 'ReEncrypt'] as const) kms.deny(action);
    },
    vanish: async () => {
      kms.mood = 'down';
    },
    comeBack: async () => {
      kms.mood = 'well';
    },
  };
});

test('KMS is told tenant and generation with each wrap, and nothing else of ours', async (t) => {
  const kms = await startAwsKms(t);
  const kek = await at(t, kms, kms.createKey());
  await kek.rewrap(await kek.wrap(randomBytes(32), binding), binding);
  const sent = kms.requests.map(({ body }) => JSON.parse(body.toString()));
  const expected = { 'factotum:tenant': binding.tenantId, 'factotum:generation': '1' };
  assert.deepEqual([sent[0].EncryptionContext, sent[1].EncryptionContext], [expected, expected]);
  assert.deepEqual([sent[2].SourceEncryptionContext, sent[2].DestinationEncryptionContext], [expected, expected]);
  const alias = await at(t, kms, kms.alias('factotum', kms.createKey()));
  await alias.wrap(randomBytes(32), binding);
  const { EncryptionContext } = JSON.parse(String(kms.requests.at(-1)?.body));
  assert.deepEqual(EncryptionContext, { ...expected, 'factotum:alias': 'alias/factotum' });
});

test('a rewrap never lets the seed leave KMS, and its row says which material wraps it', async (t) => {
  const kms = await startAwsKms(t);
  const arn = kms.createKey();
  const kek = await at(t, kms, arn);
  const row = await kek.wrap(randomBytes(32), binding);
  kms.rotate(arn);
  const before = kms.actions().length;
  const fresh = await kek.rewrap(row, binding);
  assert.deepEqual(kms.actions().slice(before), ['ReEncrypt']);
  assert.notEqual(fresh.kekVersion, row.kekVersion);
  assert.equal(fresh.kekVersion.split('/')[0], arn.split('/')[1]);
});

test('a key that may wrap but not open is refused before anything is stored under it', async (t) => {
  const kms = await startAwsKms(t);
  const kek = await at(t, kms, kms.createKey());
  kms.deny('Decrypt');
  await assert.rejects(kek.wrap(randomBytes(32), binding), unavailable('refused'));
  await assert.rejects(kek.health(), unavailable('refused'));
});

test('what a lying KMS wraps or opens is never taken', async (t) => {
  const kms = await startAwsKms(t);
  const kek = await at(t, kms, kms.createKey());
  const row = await kek.wrap(randomBytes(32), binding);
  kms.mood = 'lying';
  await assert.rejects(kek.wrap(randomBytes(32), binding), unavailable('broken'));
  await assert.rejects(kek.unwrap(row, binding), unavailable('broken'));
  // It wraps something else, and then opens that honestly.
  kms.moodLasts = 1;
  await assert.rejects(kek.wrap(randomBytes(32), binding), unavailable('broken'));
});

test('throttling and faults that pass are overcome once, then named as unreachable', async (t) => {
  const kms = await startAwsKms(t);
  const kek = await at(t, kms, kms.createKey());
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

test('a KMS that says nothing is given up on', async (t) => {
  const kms = await startAwsKms(t);
  const kek = await at(t, kms, kms.createKey(), { timeoutMs: 50 });
  kms.mood = 'silent';
  await assert.rejects(kek.health(), unavailable('unreachable'));
});

test('keys that are pending deletion or gone, and strangers, are refused', async (t) => {
  const kms = await startAwsKms(t);
  const arn = kms.createKey();
  const kek = await at(t, kms, arn);
  const row = await kek.wrap(randomBytes(32), binding);
  kms.setState(arn, 'PendingDeletion');
  await assert.rejects(kek.unwrap(row, binding), unavailable('refused'));
  const gone = await at(t, kms, `${arn.slice(0, -12)}000000000000`);
  await assert.rejects(gone.health(), unavailable('refused'));
  for (const accessKey of [
    { ...kms.accessKey, secretAccessKey: 'another-secret-access-key' },
    { ...kms.accessKey, accessKeyId: 'AKIASOMEBODYELSE0000' },
    { ...kms.accessKey, sessionToken: 'unknown' },
  ])
    await assert.rejects((await at(t, kms, kms.createKey(), { accessKey })).health(), unavailable('refused'));
});

test('without an access key of its own it calls as whoever the SDK finds', async (t) => {
  const kms = await startAwsKms(t);
  const variables = { AWS_ACCESS_KEY_ID: kms.accessKey.accessKeyId, AWS_SECRET_ACCESS_KEY: kms.accessKey.secretAccessKey };
  const before = { ...process.env };
  Object.assign(process.env, variables);
  t.after(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
    Object.assign(process.env, before);
  });
  const arn = kms.createKey();
  const kek = await createAwsKms({ arn, fetch: fetchTo(t, { [host]: kms }), clock: systemClock, timeoutMs });
  await kek.health();
});

test('a session token is sent and signed', async (t) => {
  const kms = await startAwsKms(t);
  const accessKey = { accessKeyId: 'ASIASESSION000000000', secretAccessKey: 'a-secret-of-a-session', sessionToken: 'token of a session' };
  kms.admit(accessKey.accessKeyId, accessKey);
  await (await at(t, kms, kms.createKey(), { accessKey })).health();
});

test('a clock that is off by an hour is noticed and corrected', async (t) => {
  const kms = await startAwsKms(t);
  kms.aheadMs = 3_600_000;
  await (await at(t, kms, kms.createKey())).health();
});

test('a row cannot lead to a key outside the account and region that were configured', async (t) => {
  const kms = await startAwsKms(t);
  const alias = await at(t, kms, kms.alias('factotum', kms.createKey()));
  const row = await alias.wrap(randomBytes(32), binding);
  const before = kms.requests.length;
  for (const kekVersion of ['', 'arn:aws:kms:eu-central-1:999988887777:key/x', `../${row.kekVersion}`])
    await assert.rejects(alias.unwrap({ ...row, kekVersion }, binding), unavailable('broken'));
  assert.equal(kms.requests.length, before);
});

test('an endpoint that a tenant chose is called through the guard', async (t) => {
  const kms = await startAwsKms(t);
  const limits: OutboundLimits = { connectTimeoutMs: 5_000, headersTimeoutMs: 5_000, bodyTimeoutMs: 5_000, responseBytesMax: 65_536 };
  const agent = guardedAgent(limits);
  t.after(() => agent.destroy());
  const kek = await at(t, kms, kms.createKey(), { endpoint: kms.origin, fetch: outboundFetch(agent, limits) });
  await assert.rejects(kek.health(), unavailable('refused'));
  assert.equal(kms.requests.length, 0);
});

test("without AWS's SDK the command that installs it is said, at the version that is tested here", async () => {
  // Looked for from a folder above which there are no packages.
  const elsewhere = { parentURL: 'file:///nowhere/at/all.js' };
  const hooks = registerHooks({
    resolve: (specifier, context, next) => next(specifier, specifier === '@aws-sdk/client-kms' ? { ...context, ...elsewhere } : context),
  });
  const arn = 'arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555';
  try {
    await assert.rejects(createAwsKms({ arn, fetch, clock: systemClock }), (error: unknown) => {
      assert.ok(isFactotumError(error, 'key.provider_missing'), String(error));
      assert.match(error.message, /npm install @aws-sdk\/client-kms@3\.\d+\.\d+$/);
      return true;
    });
  } finally {
    hooks.deregister();
  }
});

test('an address is the ARN of a key or an alias, with an https endpoint if any', () => {
  const arn = 'arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab';
  assert.deepEqual(parseAwsKmsKey(arn), { arn });
  assert.deepEqual(parseAwsKmsKey(`${arn}?endpoint=https://vpce.example.com/`), { arn, endpoint: 'https://vpce.example.com' });
  assert.equal(parseAwsKmsKey('arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/a/b').arn.length > 0, true);
  for (const text of [
    '',
    'alias/factotum',
    'arn:aws:s3:::bucket',
    `${arn}/more`,
    `${arn}?endpoint=http://169.254.169.254`,
    `${arn}?endpoint=https://name:word@example.com`,
    `${arn}?region=eu`,
  ])
    assert.throws(
      () => parseAwsKmsKey(text),
      (error) => isFactotumError(error, 'key.provider_invalid'),
      text,
    );
});
