import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { isFactotumError, newId, systemClock } from '#kernel';
import { createVaultClient } from '#kernel/hashicorp-vault';
import { outboundFetch, unguardedAgent } from '#kernel/outbound';
import { conformance } from '../../../../test/kek-conformance.ts';
import { startVault, type VaultRule } from '../../../../test/stand-in/vault.ts';
import { createVaultTransit, parseVaultTransitKey } from './vault-transit.ts';

/** On a machine that is busy with other tests nothing may fail for being slow. */
const timeoutMs = 30_000;
const limits = { connectTimeoutMs: timeoutMs, headersTimeoutMs: timeoutMs, bodyTimeoutMs: timeoutMs, responseBytesMax: 100_000 };
/** As documented: nothing that would make a key. */
const policy = (key: string): VaultRule[] => [
  { path: `transit/keys/${key}`, allow: ['read'] },
  { path: `transit/encrypt/${key}`, allow: ['update'] },
  { path: `transit/decrypt/${key}`, allow: ['update'] },
];

async function world(t: TestContext) {
  const vault = await startVault(t, { namespace: 'team' });
  const agent = unguardedAgent(limits);
  t.after(() => agent.destroy());
  const fetch = outboundFetch(agent, limits);
  const { address, namespace } = vault;
  const admin = createVaultClient({ address, namespace, fetch, timeoutMs, auth: { method: 'token', token: async () => vault.rootToken } });
  const manage = (path: string, body: Record<string, unknown> = {}) => admin.call({ method: 'POST', path: `transit/keys/${path}`, body });
  const open = (key: string) => {
    const role = vault.addAppRole({ rules: policy(key) });
    const auth = { method: 'approle', roleId: async () => role.roleId, secretId: async () => role.secretId } as const;
    const kek = createVaultTransit({
      ...parseVaultTransitKey(`${vault.address}/team/transit/${key}`),
      client: createVaultClient({ address, namespace, fetch, timeoutMs, auth }),
      clock: systemClock,
    });
    t.after(() => kek.close());
    return { kek, secrets: Object.values(role) };
  };
  return { vault, manage, open, admin };
}

conformance('vault-transit', async (t) => {
  const { vault, manage, open } = await world(t);
  for (const key of ['seeds', 'others']) await manage(key);
  const [mine, other] = [open('seeds'), open('others')];
  return {
    kek: mine.kek,
    other: other.kek,
    secrets: [...mine.secrets, ...other.secrets, vault.rootToken],
    async rotate() {
      await manage('seeds/rotate');
      return mine.kek;
    },
    refuse: async () => vault.setMood('forbidding'),
    vanish: vault.vanish,
    comeBack: vault.comeBack,
  };
});

const binding = { tenantId: newId('tenant'), generation: 1 };
const refused = (reason: string) => (error: unknown) => isFactotumError(error, 'key.unavailable') && error.details?.reason === reason;

test('a key that was deleted in Vault, or whose version was forbidden there, is named as refusing and not as a broken row', async (t) => {
  const { manage, open, admin } = await world(t);
  await manage('seeds');
  const { kek } = open('seeds');
  const row = await kek.wrap(randomBytes(32), binding);
  await manage('seeds/rotate');
  await manage('seeds/config', { min_decryption_version: 2 });
  await assert.rejects(kek.unwrap(row, binding), refused('refused'));
  await admin.call({ method: 'DELETE', path: 'transit/keys/seeds' });
  await assert.rejects(kek.unwrap(row, binding), refused('refused'));
  await assert.rejects(kek.wrap(randomBytes(32), binding), refused('refused'));
  assert.equal((await admin.call({ method: 'GET', path: 'transit/keys/seeds' }).catch(() => null)) ?? null, null, 'the key was made again');
});

test('a Vault that is sealed is named as unreachable, and one that gives back other bytes as broken', async (t) => {
  const { vault, manage, open } = await world(t);
  await manage('seeds');
  const { kek } = open('seeds');
  const seed = randomBytes(32);
  const row = await kek.wrap(seed, binding);
  vault.setMood('sealed');
  await assert.rejects(kek.unwrap(row, binding), refused('unreachable'));
  vault.setMood('lying');
  await assert.rejects(kek.wrap(seed, binding), refused('broken'));
  vault.setMood('active');
  assert.deepEqual(await kek.unwrap(row, binding), seed);
});

test('an address names host, namespace, mount and key, and anything else is refused with the form', () => {
  assert.deepEqual(parseVaultTransitKey('https://vault.example:8200/transit/seeds'), {
    address: 'https://vault.example:8200',
    mount: 'transit',
    key: 'seeds',
  });
  assert.deepEqual(parseVaultTransitKey('https://vault.example/a/b/transit/seeds'), {
    ...{ address: 'https://vault.example', namespace: 'a/b', mount: 'transit', key: 'seeds' },
  });
  for (const text of [
    'vault.example/transit/seeds',
    'http://vault.example/transit/seeds',
    'https://vault.example/seeds',
    'https://u:p@vault.example/transit/seeds',
    'https://vault.example/transit/a%2fb',
    'https://vault.example/transit/seeds?x=1',
  ])
    assert.throws(
      () => parseVaultTransitKey(text),
      (error: unknown) => isFactotumError(error, 'key.provider_invalid'),
      text,
    );
});
