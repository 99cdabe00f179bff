import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { isFactotumError, systemClock } from '#kernel';
import type { AzureTokens } from '#kernel/cloud';
import { createVaultClient } from '#kernel/hashicorp-vault';
import { outboundFetch, unguardedAgent } from '#kernel/outbound';
import { createInstallationKey } from '#trust/key';
import { testDatabase } from '../../../../test/database.ts';
import { type StoreUnderTest, secretConformance } from '../../../../test/secret-conformance.ts';
import { startAwsSecretsManager } from '../../../../test/stand-in/aws-secrets-manager.ts';
import { startAzureSecrets } from '../../../../test/stand-in/azure-secrets.ts';
import { startVault } from '../../../../test/stand-in/vault.ts';
import { tenantFactory } from '../../../../test/tenant.ts';
import type { SecretScope } from '../port.ts';
import { createSecretUnits } from '../unit.ts';
import { createAwsStore } from './aws.ts';
import { createAzureStore } from './azure.ts';
import { createDbStore } from './db.ts';
import { createFileStore } from './file.ts';
import { createVaultStore } from './vault.ts';

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
const folder = await mkdtemp(join(tmpdir(), 'factotum-secrets-'));
after(async () => {
  await rm(folder, { recursive: true });
  await tenants.close();
  await close();
});
const installation = await createInstallationKey({ folder });
const inUnit = createSecretUnits({ database, keyring: tenants.keyring, installation });
const follow = () => Promise.reject(new Error('nothing is followed here'));

/** On a machine that is busy with other tests nothing may fail for being slow. */
const timeoutMs = 30_000;
const limits = { connectTimeoutMs: timeoutMs, headersTimeoutMs: timeoutMs, bodyTimeoutMs: timeoutMs, responseBytesMax: 1_048_576 };
function outbound(t: TestContext): typeof globalThis.fetch {
  const agent = unguardedAgent(limits);
  t.after(() => agent.destroy());
  return outboundFetch(agent, limits);
}

const dbStore = (scope: SecretScope): StoreUnderTest => ({
  store: createDbStore({ scope, inUnit, actor: 'operator:test', clock: systemClock, follow }),
  nameOf: (word) => `t${Math.abs(hashOf(scope))}-${counter}/${word}`,
  secrets: [],
  isAtomic: true,
});
let counter = 0;
const hashOf = (text: string) => [...text].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) | 0, 7);

secretConformance("a tenant's sealed table", async () => dbStore((await tenants.build()).tenantId));
secretConformance("the installation's sealed table", async () => {
  // One table for all tests: each has names of its own.
  counter += 1;
  return dbStore('installation');
});

secretConformance('vault', async (t) => {
  const vault = await startVault(t);
  const role = { rules: [{ path: 'secret/*', allow: ['create', 'read', 'update', 'delete', 'list'] }] } as const;
  const { roleId, secretId } = vault.addAppRole(role);
  const auth = { method: 'approle', roleId: async () => roleId, secretId: async () => secretId } as const;
  const client = createVaultClient({ address: vault.address, auth, fetch: outbound(t), timeoutMs });
  return {
    store: createVaultStore(client),
    nameOf: (word) => `secret/team/${word}`,
    refuse: () => vault.setMood('forbidding'),
    vanish: () => vault.vanish(),
    secrets: [roleId, secretId],
    isAtomic: true,
  };
});

secretConformance('AWS Secrets Manager', async (t) => {
  const aws = await startAwsSecretsManager(t);
  const client = { endpoint: aws.origin, region: aws.region, credentials: aws.accessKey };
  return {
    store: await createAwsStore({ fetch: outbound(t), timeoutMs, client }),
    nameOf: (word) => `prod/${word}`,
    refuse: () => aws.denyAll(),
    vanish: () => {
      aws.mood = 'down';
    },
    lie: () => {
      aws.mood = 'lying';
    },
    secrets: [aws.accessKey.secretAccessKey],
    isAtomic: true,
  };
});

secretConformance('Azure Key Vault', async (t) => {
  const azure = await startAzureSecrets(t);
  const tokens: AzureTokens = { directory: null, of: async () => azure.token, forget: () => undefined };
  return {
    store: createAzureStore({ tokens, fetch: outbound(t), timeoutMs, isLocal: true }),
    nameOf: (word) => `${azure.host}/${word}`,
    refuse: () => azure.denyAll(),
    vanish: () => {
      azure.mood = 'down';
    },
    lie: () => {
      azure.mood = 'lying';
    },
    secrets: [azure.token],
    isAtomic: false,
    bytesMax: 25 * 1_024,
  };
});

let mounts = 0;
async function mountedFolder(): Promise<string> {
  mounts += 1;
  const mounted = join(folder, `mount${mounts}`);
  await mkdir(mounted);
  return mounted;
}

secretConformance('mounted files', async () => {
  const mounted = await mountedFolder();
  return {
    store: createFileStore({ folders: [mounted] }),
    nameOf: (word) => join(mounted, word),
    place: async (name, value) => {
      // As mounting does: another file takes the place.
      await writeFile(`${name}.new`, `${value}\n`);
      await rename(`${name}.new`, name);
    },
    secrets: [],
    isAtomic: false,
  };
});

const isUnavailable = (error: unknown) => isFactotumError(error, 'secret.unavailable');

test('mounted files: the links of Kubernetes are followed, also after it has replaced what they point at', async () => {
  const mounted = await mountedFolder();
  const store = createFileStore({ folders: [mounted] });
  const publish = async (dated: string, value: string) => {
    await mkdir(join(mounted, dated));
    await writeFile(join(mounted, dated, 'token'), value);
    await symlink(dated, join(mounted, '..data_tmp'));
    await rename(join(mounted, '..data_tmp'), join(mounted, '..data'));
  };
  await publish('..2026_11_22_10_00_00.1234567', 'first');
  await symlink('..data/token', join(mounted, 'token'));
  assert.equal((await store.get(join(mounted, 'token')))?.value, 'first');
  await publish('..2026_11_22_11_00_00.7654321', 'second');
  assert.equal((await store.get(join(mounted, 'token')))?.value, 'second');
  assert.deepEqual(await store.list(mounted), [join(mounted, 'token')]);
});

test('mounted files: nothing outside the folders is read, by no path and no link', async () => {
  const [mounted, other] = [await mountedFolder(), await mountedFolder()];
  await writeFile(join(other, 'theirs'), 'theirs');
  await symlink(join(other, 'theirs'), join(mounted, 'link'));
  await symlink(other, join(mounted, 'folder'));
  await symlink(other, join(mounted, '..data'));
  await symlink('..data/theirs', join(mounted, 'theirs'));
  const store = createFileStore({ folders: [mounted] });
  for (const path of [
    join(other, 'theirs'),
    join(mounted, 'link'),
    join(mounted, 'folder', 'theirs'),
    join(mounted, 'theirs'),
    `${mounted}x/a`,
    mounted,
  ])
    await assert.rejects(store.get(path), isUnavailable, path);
});

test('mounted files: one line break at the end is not part of the value; what is empty, too large or no file is refused', async () => {
  const mounted = await mountedFolder();
  const store = createFileStore({ folders: [mounted] });
  const write = (name: string, text: string) => writeFile(join(mounted, name), text);
  await write('unix', 'value\n');
  await write('windows', 'value\r\n');
  await write('two', 'value\n\n');
  await write('empty', '\n');
  await write('large', 'x'.repeat(65_537));
  await mkdir(join(mounted, 'folder'));
  const readBack = async (name: string) => (await store.get(join(mounted, name)))?.value;
  assert.deepEqual([await readBack('unix'), await readBack('windows'), await readBack('two')], ['value', 'value', 'value\n']);
  for (const name of ['empty', 'large', 'folder']) await assert.rejects(readBack(name), isUnavailable, name);
});

test('AWS: a request that is signed with another key is refused, and nothing is changed', async (t) => {
  const aws = await startAwsSecretsManager(t);
  const settings = { endpoint: aws.origin, region: aws.region };
  const right = await createAwsStore({ fetch: outbound(t), client: { ...settings, credentials: aws.accessKey } });
  const { version } = await right.put('prod/mail', 'the value', null);
  const credentials = { ...aws.accessKey, secretAccessKey: 'another-secret-access-key' };
  const wrong = await createAwsStore({ fetch: outbound(t), client: { ...settings, credentials } });
  await assert.rejects(wrong.put('prod/mail', 'their value', version), isUnavailable);
  assert.equal(aws.valueOf('prod/mail'), 'the value');
});

test('AWS: a store that says nothing is given up on', async (t) => {
  const aws = await startAwsSecretsManager(t);
  const client = { endpoint: aws.origin, region: aws.region, credentials: aws.accessKey };
  const store = await createAwsStore({ fetch: outbound(t), timeoutMs: 50, client });
  aws.mood = 'silent';
  await assert.rejects(store.get('prod/mail'), isUnavailable);
});
