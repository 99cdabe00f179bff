import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { guardedAgent, type OutboundLimits, outboundFetch } from '#kernel/outbound';
import { startAzureKeyVault } from '../../../test/stand-in/azure-key-vault.ts';
import { type FarAnswer, type FarRequest, fetchTo, startFarSide } from '../../../test/stand-in/far-side.ts';
import {
  type AzureCredential,
  awsAccessKeySchema,
  azureClientSecretSchema,
  azureCredentialFrom,
  CloudFault,
  createAzureTokens,
  createAzureVault,
  createRest,
  googleServiceAccountSchema,
  loadOptional,
} from './index.ts';

/** On a machine that is busy with other tests nothing may fail for being slow. */
const timeoutMs = 30_000;

const isFault = (reason: string) => (error: unknown) => {
  assert.ok(error instanceof CloudFault, String(error));
  assert.equal(error.reason, reason, error.message);
  return true;
};
const standing = () => {
  const clock = { now: () => new Date(), ms: 0, monotonicMs: () => clock.ms };
  return clock;
};
const serve = (t: TestContext, answer: (request: FarRequest) => FarAnswer) =>
  startFarSide(t, { answer, throttled: { status: 429, json: {} }, failed: { status: 503, json: {} } });

test('a call that fails by itself is made once more, and what a person has to look into is not', async (t) => {
  const far = await serve(t, () => ({ status: 404, json: { nothing: 'here' } }));
  const rest = createRest({ service: 'The service', timeoutMs, fetch });
  assert.deepEqual((await rest.send({ method: 'GET', url: far.origin })).json, { nothing: 'here' });
  assert.equal(far.requests.length, 1);
  Object.assign(far, { mood: 'failing', moodLasts: 1 });
  assert.equal((await rest.send({ method: 'GET', url: far.origin })).status, 404);
  far.moodLasts = 2;
  await assert.rejects(rest.send({ method: 'GET', url: far.origin }), isFault('unreachable'));
  assert.equal(far.requests.length, 5);
});

test('an address that the guard refuses is a refusal, and is not tried twice', async (t) => {
  const far = await serve(t, () => ({ status: 200, json: {} }));
  const limits: OutboundLimits = { connectTimeoutMs: 5_000, headersTimeoutMs: 5_000, bodyTimeoutMs: 5_000, responseBytesMax: 1_024 };
  const agent = guardedAgent(limits);
  t.after(() => agent.destroy());
  const rest = createRest({ service: 'The service', timeoutMs, fetch: outboundFetch(agent, limits) });
  await assert.rejects(rest.send({ method: 'GET', url: far.origin }), isFault('refused'));
  assert.equal(far.requests.length, 0);
});

test('an answer without end is not taken, and one that is no JSON is no crash', async (t) => {
  const far = await serve(t, () => ({ status: 200, json: 'x'.repeat(2_000_000) }));
  const rest = createRest({ service: 'The service', timeoutMs, fetch: fetchTo(t, { 'service.example.com': far }) });
  await assert.rejects(rest.send({ method: 'GET', url: 'https://service.example.com/' }), isFault('broken'));
  const page = async () => new Response('<html>', { status: 403 });
  assert.deepEqual(
    (await createRest({ service: 'The service', timeoutMs, fetch: page }).send({ method: 'GET', url: far.origin })).json,
    undefined,
  );
});

test('one token is asked for at a time, used until shortly before its end, and a failure is not remembered', async (t) => {
  const vault = await startAzureKeyVault(t);
  const clock = standing();
  const credential: AzureCredential = { kind: 'client-secret', ...vault.application };
  const tokens = createAzureTokens({ credential, clock, timeoutMs, fetch: fetchTo(t, { 'login.microsoftonline.com': vault }) });
  const resource = 'https://vault.azure.net';
  vault.mood = 'down';
  await assert.rejects(tokens.of(resource), isFault('unreachable'));
  vault.mood = 'well';
  const several = await Promise.all([tokens.of(resource), tokens.of(resource), tokens.of(resource)]);
  assert.equal(new Set(several).size, 1);
  clock.ms = 3_298_000;
  assert.equal(await tokens.of(resource), several[0]);
  clock.ms = 3_300_000;
  assert.notEqual(await tokens.of(resource), several[0]);
  assert.equal(vault.tokensAsked, 2);
});

test('App Service and Container Apps are asked where they say, with the header they want', async (t) => {
  const endsAt = Math.floor(Date.now() / 1_000) + 7_200;
  const far = await serve(t, () => ({ status: 200, json: { access_token: 'of the app', expires_on: String(endsAt) } }));
  const credential = azureCredentialFrom({
    IDENTITY_ENDPOINT: `${far.origin}/msi/token`,
    IDENTITY_HEADER: 'a word',
    AZURE_CLIENT_ID: 'an-id',
  });
  const clock = standing();
  const tokens = createAzureTokens({ credential, clock, timeoutMs, fetch });
  assert.equal(await tokens.of('https://vault.azure.net'), 'of the app');
  clock.ms = 6_000_000;
  await tokens.of('https://vault.azure.net');
  const [asked, ...more] = far.requests;
  assert.equal(more.length, 0, 'the end that it names is believed');
  assert.equal(asked?.headers['x-identity-header'], 'a word');
  assert.deepEqual(Object.fromEntries(asked.url.searchParams), {
    'api-version': '2019-08-01',
    resource: 'https://vault.azure.net',
    client_id: 'an-id',
  });
});

test("the installation's credential is the one that Microsoft's variables describe", () => {
  const whole = { AZURE_TENANT_ID: 'ten', AZURE_CLIENT_ID: 'cli', AZURE_CLIENT_SECRET: 'sec', AZURE_FEDERATED_TOKEN_FILE: '/var/token' };
  assert.equal(azureCredentialFrom(whole).kind, 'client-secret');
  assert.deepEqual(azureCredentialFrom({ ...whole, AZURE_CLIENT_SECRET: '', AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.us/' }), {
    kind: 'workload-identity',
    tenantId: 'ten',
    clientId: 'cli',
    tokenFile: '/var/token',
    authority: 'https://login.microsoftonline.us',
  });
  assert.deepEqual(azureCredentialFrom({}), { kind: 'managed-identity' });
});

test('what a tenant hands in can name no address of its own', () => {
  const secret = { tenantId: 'contoso.onmicrosoft.com', clientId: '3b1c8a34-41a0-4f0e-8f9e-5f6a2f0d9e77', clientSecret: 'x' };
  assert.ok(azureClientSecretSchema.safeParse({ ...secret, authority: 'https://login.microsoftonline.us' }).success);
  for (const more of [
    { authority: 'https://login.evil.example.com' },
    { tenantId: '../x' },
    { tokenFile: '/etc/passwd' },
    { kind: 'managed-identity' },
  ])
    assert.ok(!azureClientSecretSchema.safeParse({ ...secret, ...more }).success, JSON.stringify(more));
  const account = { type: 'service_account', client_email: 'a@b.iam.gserviceaccount.com', private_key: '-----BEGIN PRIVATE KEY-----\n' };
  assert.deepEqual(
    googleServiceAccountSchema.parse({ ...account, token_uri: 'http://10.0.0.1/', universe_domain: 'evil.example.com' }),
    account,
  );
  assert.ok(!googleServiceAccountSchema.safeParse({ ...account, type: 'external_account' }).success);
  assert.ok(!awsAccessKeySchema.safeParse({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'short' }).success);
});

test('a vault is called by https, or on this machine', async (t) => {
  const vault = await startAzureKeyVault(t);
  const tokens = createAzureTokens({ credential: { kind: 'managed-identity' }, clock: standing(), fetch });
  assert.throws(() => createAzureVault({ url: 'http://name.vault.azure.net', tokens, fetch }), RangeError);
  assert.equal(createAzureVault({ url: `${vault.origin}/`, tokens, fetch }).address, vault.origin);
});

test('every package that may be missing is named with the version that the manifest pins', async () => {
  const manifest = JSON.parse(await readFile(join(import.meta.dirname, '..', '..', '..', 'package.json'), 'utf8'));
  for (const [name, version] of Object.entries<string>(manifest.peerDependencies)) {
    assert.equal(manifest.devDependencies[name], version, 'tested at the version that is asked for');
    assert.equal(manifest.peerDependenciesMeta[name]?.optional, true);
    const gone = () => Promise.reject(Object.assign(new Error(`Cannot find package '${name}'`), { code: 'ERR_MODULE_NOT_FOUND' }));
    await assert.rejects(
      loadOptional(name, gone, { code: 'storage.unavailable', purpose: 'This' }),
      new RegExp(`npm install ${name}@${version}$`),
    );
  }
  const other = Object.assign(new Error("Cannot find package 'its-own-dependency'"), { code: 'ERR_MODULE_NOT_FOUND' });
  await assert.rejects(
    loadOptional('google-auth-library', () => Promise.reject(other), { code: 'key.provider_missing', purpose: 'This' }),
    other,
  );
});
