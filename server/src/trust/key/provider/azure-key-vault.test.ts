import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isFactotumError, newId, systemClock } from '#kernel';
import type { AzureCredential } from '#kernel/cloud';
import { conformance } from '../../../../test/kek-conformance.ts';
import { type AzureKeyVault, startAzureKeyVault } from '../../../../test/stand-in/azure-key-vault.ts';
import { fetchTo } from '../../../../test/stand-in/far-side.ts';
import type { KekProvider } from '../kek.ts';
import { type AzureKeyVaultOptions, createAzureKeyVault, parseAzureKeyVaultKey } from './azure-key-vault.ts';

const binding = { tenantId: newId('tenant'), generation: 1 };

const at = (t: TestContext, vault: AzureKeyVault, keyUrl: string, more: Partial<AzureKeyVaultOptions> = {}): Promise<KekProvider> =>
  createAzureKeyVault({
    keyUrl,
    credential: { kind: 'client-secret', ...vault.application },
    fetch: fetchTo(t, { [new URL(vault.url).host]: vault, 'login.microsoftonline.com': vault, '169.254.169.254': vault }),
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

for (const type of ['RSA', 'oct-HSM'] as const)
  conformance(`a key of type ${type} in Azure Key Vault`, async (t) => {
    const vault = await startAzureKeyVault(t);
    const keyUrl = vault.createKey('factotum', type);
    return {
      kek: await at(t, vault, keyUrl),
      other: await at(t, vault, vault.createKey('other', type)),
      secrets: [vault.application.clientSecret],
      rotate: async () => {
        vault.rotate('factotum');
        return at(t, vault, keyUrl);
      },
      refuse: async () => vault.disable('factotum'),
      vanish: async () => {
        vault.mood = 'down';
      },
      comeBack: async () => {
        vault.mood = 'well';
      },
    };
  });

test('before the vault has said whom to ask, it is told nothing; then one token serves every call', async (t) => {
  const vault = await startAzureKeyVault(t);
  const kek = await at(t, vault, vault.createKey('factotum'));
  await kek.unwrap(await kek.wrap(randomBytes(32), binding), binding);
  const [first, second, third] = vault.requests;
  assert.deepEqual([first?.headers.authorization, first?.body.length], [undefined, 0]);
  assert.match(String(second?.url.pathname), /\/oauth2\/v2\.0\/token$/);
  assert.match(String(third?.headers.authorization), /^Bearer /);
  assert.equal(vault.tokensAsked, 1);
});

test('a token that was taken back before its time is replaced once', async (t) => {
  const vault = await startAzureKeyVault(t);
  const kek = await at(t, vault, vault.createKey('factotum'));
  const row = await kek.wrap(randomBytes(32), binding);
  vault.revokeTokens();
  await kek.unwrap(row, binding);
  assert.equal(vault.tokensAsked, 2);
});

test('no token is asked for or sent when the vault wants one that is good elsewhere', async (t) => {
  const vault = await startAzureKeyVault(t);
  const kek = await at(t, vault, vault.createKey('factotum'));
  for (const resource of [
    'https://management.azure.com',
    'https://graph.microsoft.com',
    'https://azure.net.example.com',
    'http://vault.azure.net',
    'ault.azure.net',
  ]) {
    vault.challenge = `Bearer authorization="https://login.windows.net/${vault.application.tenantId}", resource="${resource}"`;
    await assert.rejects(kek.health(), unavailable('refused'), resource);
  }
  vault.challenge = 'Basic realm="please"';
  await assert.rejects(kek.health(), unavailable('refused'));
  assert.equal(vault.tokensAsked, 0);
  assert.ok(vault.requests.every(({ headers }) => headers.authorization === undefined));
});

test('the secret is never sent to the address that a vault names for signing in', async (t) => {
  const vault = await startAzureKeyVault(t);
  vault.challenge = `Bearer authorization="https://evil.example.com/${vault.application.tenantId}", resource="https://vault.azure.net"`;
  const kek = await at(t, vault, vault.createKey('factotum'));
  await kek.health();
  assert.deepEqual([...new Set(vault.requests.map(({ url }) => url.host))], ['factotum-test.vault.azure.net', 'login.microsoftonline.com']);
});

test('a vault of another directory than the credential is refused, and both are named', async (t) => {
  const vault = await startAzureKeyVault(t);
  vault.challenge =
    'Bearer authorization="https://login.windows.net/00000000-1111-2222-3333-444444444444", resource="https://vault.azure.net"';
  const kek = await at(t, vault, vault.createKey('factotum'));
  await assert.rejects(kek.health(), /00000000-1111-2222-3333-444444444444.*8e9ba1a7/);
});

test('a workload signs in with the token in its file, as it is at that moment', async (t) => {
  const vault = await startAzureKeyVault(t);
  const folder = await mkdtemp(join(tmpdir(), 'factotum-azure-'));
  t.after(() => rm(folder, { recursive: true }));
  const { tenantId, clientId } = vault.application;
  const credential: AzureCredential = { kind: 'workload-identity', tenantId, clientId, tokenFile: join(folder, 'token') };
  const kek = await at(t, vault, vault.createKey('factotum'), { credential });
  await assert.rejects(kek.health(), unavailable('refused'));
  await writeFile(credential.tokenFile, 'an old token');
  await assert.rejects(kek.health(), unavailable('refused'));
  await writeFile(credential.tokenFile, `${vault.federatedToken}\n`);
  await kek.health();
});

test('a machine signs in by its own identity', async (t) => {
  const vault = await startAzureKeyVault(t);
  const kek = await at(t, vault, vault.createKey('factotum'), { credential: { kind: 'managed-identity' } });
  await kek.health();
});

test('wrong secrets and missing permissions are refused, also the one to open', async (t) => {
  const vault = await startAzureKeyVault(t);
  const keyUrl = vault.createKey('factotum');
  const credential: AzureCredential = { kind: 'client-secret', ...vault.application, clientSecret: 'not the secret' };
  await assert.rejects((await at(t, vault, keyUrl, { credential })).health(), unavailable('refused'));
  const kek = await at(t, vault, keyUrl);
  await assert.rejects((await at(t, vault, `${vault.url}/keys/nobody`)).health(), unavailable('refused'));
  vault.deny('unwrapKey');
  await assert.rejects(kek.wrap(randomBytes(32), binding), unavailable('refused'));
});

test('a key that cannot wrap is refused with what to make instead', async (t) => {
  const vault = await startAzureKeyVault(t);
  const kek = await at(t, vault, vault.createKey('curve', 'EC'));
  await assert.rejects(kek.health(), /type EC.*RSA key/);
});

test('what a lying vault wraps or opens is never taken', async (t) => {
  const vault = await startAzureKeyVault(t);
  const kek = await at(t, vault, vault.createKey('factotum'));
  const row = await kek.wrap(randomBytes(32), binding);
  vault.mood = 'lying';
  await assert.rejects(kek.wrap(randomBytes(32), binding), unavailable('broken'));
  await assert.rejects(kek.unwrap(row, binding), unavailable('broken'));
});

test('throttling and faults that pass are overcome once, then named as unreachable', async (t) => {
  const vault = await startAzureKeyVault(t);
  const kek = await at(t, vault, vault.createKey('factotum'));
  const row = await kek.wrap(randomBytes(32), binding);
  for (const mood of ['throttling', 'failing', 'down'] as const) {
    Object.assign(vault, { mood, moodLasts: 1 });
    await kek.unwrap(row, binding);
    const before = vault.requests.length;
    Object.assign(vault, { mood, moodLasts: Number.POSITIVE_INFINITY });
    await assert.rejects(kek.unwrap(row, binding), unavailable('unreachable'), mood);
    assert.equal(vault.requests.length - before, 2, 'two attempts and no storm');
  }
});

test('a vault that says nothing is given up on', async (t) => {
  const vault = await startAzureKeyVault(t);
  const kek = await at(t, vault, vault.createKey('factotum'), { timeoutMs: 50 });
  vault.mood = 'silent';
  await assert.rejects(kek.health(), unavailable('unreachable'));
});

test('an address is that of a key without its version', () => {
  const keyUrl = 'https://name.vault.azure.net/keys/factotum';
  assert.deepEqual(parseAzureKeyVaultKey(keyUrl), { keyUrl });
  assert.deepEqual(parseAzureKeyVaultKey(`${keyUrl}/`), { keyUrl });
  for (const text of [
    '',
    'name',
    `${keyUrl}/0123456789abcdef0123456789abcdef`,
    'https://name.vault.azure.net/secrets/x',
    `${keyUrl}?a=b`,
    'http://name.vault.azure.net/keys/x',
    'https://a:b@name.vault.azure.net/keys/x',
  ])
    assert.throws(
      () => parseAzureKeyVaultKey(text),
      (error) => isFactotumError(error, 'key.provider_invalid'),
      text,
    );
});
