import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Clock } from '#kernel';
import { outboundFetch, unguardedAgent } from '#kernel/outbound';
import { startVault, type VaultRole, type VaultStandIn } from '../../../test/stand-in/vault.ts';
import type { VaultAuth } from './auth.ts';
import { createVaultClient, type VaultClient } from './client.ts';
import { createKv2 } from './kv2.ts';
import { createTransit } from './transit.ts';
import { VaultFault, type VaultFaultReason } from './vault-fault.ts';

/** On a machine that is busy with other tests nothing may fail for being slow. */
const timeoutMs = 30_000;
const limits = { connectTimeoutMs: timeoutMs, headersTimeoutMs: timeoutMs, bodyTimeoutMs: timeoutMs, responseBytesMax: 1_000_000 };
const everything: VaultRole = {
  rules: ['secret/*', 'transit/*'].map((path) => ({ path, allow: ['create', 'read', 'update', 'delete', 'list'] })),
};
const fails = (work: Promise<unknown>, reason: VaultFaultReason, words = /./) =>
  assert.rejects(work, (fault: unknown) => {
    assert.ok(fault instanceof VaultFault, String(fault));
    assert.equal(fault.reason, reason, fault.message);
    assert.match(fault.message, words);
    return true;
  });

/** A clock that stands still until it is moved. */
function handClock(): Clock & { move: (seconds: number) => void } {
  let ms = 1_000_000;
  return {
    now: () => new Date(ms),
    monotonicMs: () => ms,
    move(seconds) {
      ms += seconds * 1_000;
    },
  };
}

function connect(t: TestContext, vault: VaultStandIn, auth: VaultAuth, more: { clock?: Clock; timeoutMs?: number } = {}): VaultClient {
  const agent = unguardedAgent(limits);
  const { address, namespace } = vault;
  const client = createVaultClient({ address, namespace, auth, fetch: outboundFetch(agent, limits), timeoutMs, ...more });
  t.after(async () => {
    await client.close();
    await agent.destroy();
  });
  return client;
}
const byToken = (token: string): VaultAuth => ({ method: 'token', token: async () => token });
const byRole = ({ roleId, secretId }: { roleId: string; secretId: string }): VaultAuth => ({
  method: 'approle',
  roleId: async () => roleId,
  secretId: async () => secretId,
});
const count = (vault: VaultStandIn, request: string) => vault.requests.filter((one) => one === request).length;

test('a secret is written, read, versioned, hidden, shown again, destroyed, listed and removed', async (t) => {
  const vault = await startVault(t);
  const kv = createKv2(connect(t, vault, byToken(vault.rootToken)), 'secret');
  assert.equal(await kv.read('team/app'), null);
  assert.deepEqual(await kv.list('team'), []);
  assert.equal(await kv.write('team/app', { password: 'one' }), 1);
  assert.equal(await kv.write('team/app', { password: 'two', user: 'app' }), 2);
  const newest = await kv.read('team/app');
  assert.deepEqual([newest?.version, newest?.data], [2, { password: 'two', user: 'app' }]);
  assert.deepEqual((await kv.read('team/app', 1))?.data, { password: 'one' });
  await kv.delete('team/app');
  assert.equal(await kv.read('team/app'), null);
  await kv.undelete('team/app', [2]);
  assert.equal((await kv.read('team/app'))?.version, 2);
  await kv.destroy('team/app', [1]);
  assert.equal(await kv.read('team/app', 1), null);
  await kv.write('team/deep/er', { a: 1 });
  assert.deepEqual(await kv.list('team'), ['app', 'deep/']);
  assert.deepEqual(await kv.list(''), ['team/']);
  const known = await kv.metadata('team/app');
  assert.deepEqual(
    known?.versions.map(({ version, destroyed, deleted }) => [version, destroyed, deleted]),
    [
      [1, true, false],
      [2, false, false],
    ],
  );
  await kv.remove('team/app');
  assert.equal(await kv.metadata('team/app'), null);
});

test('of two writers who have read the same version one is told that it is too late', async (t) => {
  const vault = await startVault(t);
  const kv = createKv2(connect(t, vault, byToken(vault.rootToken)), 'secret');
  assert.equal(await kv.write('a', { n: 1 }, 0), 1);
  await fails(kv.write('a', { n: 2 }, 0), 'conflict');
  const both = await Promise.allSettled([kv.write('a', { n: 3 }, 1), kv.write('a', { n: 4 }, 1)]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.equal((await kv.read('a'))?.version, 2);
});

test('paths are taken as they are written, and none leads out of the mount', async (t) => {
  const vault = await startVault(t);
  const kv = createKv2(connect(t, vault, byToken(vault.rootToken)), 'secret');
  await kv.write('a b/ü#?', { n: 1 });
  assert.deepEqual((await kv.read('a b/ü#?'))?.data, { n: 1 });
  for (const path of ['../sys', 'a//b', '.', 'a/..']) await fails(kv.read(path), 'invalid');
});

test('a key encrypts with associated data, is rotated, and opens only what it made for the same data', async (t) => {
  const vault = await startVault(t);
  const client = connect(t, vault, byToken(vault.rootToken));
  await client.call({ method: 'POST', path: 'transit/keys/seeds', body: { type: 'aes256-gcm96' } });
  const transit = createTransit(client, { mount: 'transit', key: 'seeds' });
  const [plain, aad] = [Buffer.from('thirty-two bytes, more or less'), Buffer.from('tenant one')];
  const sealed = await transit.encrypt(plain, aad);
  assert.match(sealed, /^vault:v1:/);
  assert.deepEqual(await transit.decrypt(sealed, aad), plain);
  await fails(transit.decrypt(sealed, Buffer.from('tenant two')), 'invalid');
  await transit.rotate();
  assert.equal((await transit.readKey()).latestVersion, 2);
  assert.match(await transit.encrypt(plain, aad), /^vault:v2:/);
  assert.deepEqual(await transit.decrypt(sealed, aad), plain);
  await fails(transit.rewrap(sealed), 'invalid');
  const unbound = await transit.encrypt(plain, Buffer.alloc(0));
  assert.deepEqual(await transit.decrypt(await transit.rewrap(unbound), Buffer.alloc(0)), plain);
});

test('an AppRole signs in once for many calls, is renewed in time, and signs in again when its longest life is over', async (t) => {
  const clock = handClock();
  const vault = await startVault(t, { nowMs: clock.monotonicMs });
  const role = vault.addAppRole({ ...everything, leaseSeconds: 60, maxSeconds: 150 });
  const kv = createKv2(connect(t, vault, byRole(role), { clock }), 'secret');
  await Promise.all(Array.from({ length: 5 }, () => kv.read('a')));
  assert.equal(count(vault, 'POST auth/approle/login'), 1);
  clock.move(45);
  await Promise.all(Array.from({ length: 5 }, () => kv.read('a')));
  assert.equal(count(vault, 'POST auth/token/renew-self'), 1);
  clock.move(45);
  await kv.read('a');
  assert.deepEqual([count(vault, 'POST auth/approle/login'), count(vault, 'POST auth/token/renew-self')], [1, 2]);
  clock.move(59);
  await kv.read('a');
  assert.equal(count(vault, 'POST auth/approle/login'), 2);
});

test('a token that was revoked or has run out meanwhile is replaced by a new login, and nobody notices', async (t) => {
  const clock = handClock();
  const vault = await startVault(t, { nowMs: clock.monotonicMs });
  const kv = createKv2(
    connect(t, vault, byRole(vault.addAppRole({ ...everything, leaseSeconds: 60, renewable: false })), { clock }),
    'secret',
  );
  await kv.write('a', { n: 1 });
  vault.revokeTokens();
  assert.equal((await kv.read('a'))?.version, 1);
  clock.move(3_600);
  assert.equal((await kv.read('a'))?.version, 1);
  assert.equal(count(vault, 'POST auth/approle/login'), 3);
});

test('what the policy forbids is refused, without a storm of logins', async (t) => {
  const vault = await startVault(t);
  const role = vault.addAppRole({ rules: [{ path: 'secret/data/mine', allow: ['read', 'create', 'update'] }] });
  const kv = createKv2(connect(t, vault, byRole(role)), 'secret');
  await kv.write('mine', { n: 1 });
  for (let index = 0; index < 5; index += 1) await fails(kv.read('theirs'), 'refused', /does not allow GET secret\/data\/theirs/);
  assert.equal(count(vault, 'POST auth/approle/login'), 1);
});

test('a wrong login is refused and names no credential', async (t) => {
  const vault = await startVault(t);
  const { roleId } = vault.addAppRole(everything);
  const client = connect(t, vault, byRole({ roleId, secretId: 'not-the-secret-id' }));
  await fails(client.call({ method: 'GET', path: 'secret/data/a' }), 'refused', /^(?!.*not-the-secret-id).*login/);
  await fails(connect(t, vault, byToken('hvs.unknown')).call({ method: 'GET', path: 'secret/data/a' }), 'refused');
});

test('a pod signs in with its service account, with the token that lies there at that moment', async (t) => {
  const vault = await startVault(t);
  vault.addKubernetesRole('factotum', 'second-jwt', everything);
  const jwts = ['first-jwt', 'second-jwt'];
  const auth: VaultAuth = { method: 'kubernetes', role: 'factotum', jwt: async () => jwts.shift() ?? '' };
  const kv = createKv2(connect(t, vault, auth), 'secret');
  await fails(kv.read('a'), 'refused');
  assert.equal(await kv.read('a'), null);
});

test('a namespace is named with each request, logins included', async (t) => {
  const vault = await startVault(t, { namespace: 'team/sub' });
  const role = vault.addAppRole(everything);
  assert.equal(await createKv2(connect(t, vault, byRole(role)), 'secret').write('a', { n: 1 }), 1);
  const elsewhere = connect(t, { ...vault, namespace: 'other' }, byRole(role));
  await fails(elsewhere.call({ method: 'GET', path: 'secret/data/a' }), 'refused');
});

test('sealed, a standby that points elsewhere, silent and gone are all named as unreachable, and it goes on afterwards', async (t) => {
  const vault = await startVault(t);
  const kv = createKv2(connect(t, vault, byToken(vault.rootToken)), 'secret');
  const hasty = createKv2(connect(t, vault, byToken(vault.rootToken), { timeoutMs: 100 }), 'secret');
  await kv.write('a', { n: 1 });
  for (const [mood, words] of [
    ['sealed', /sealed/],
    ['standby', /standby/],
  ] as const) {
    vault.setMood(mood);
    await fails(kv.read('a'), 'unreachable', words);
  }
  vault.setMood('silent');
  await fails(hasty.read('a'), 'unreachable', /does not answer/);
  vault.setMood('active');
  await vault.vanish();
  await fails(kv.read('a'), 'unreachable', /does not answer/);
  await vault.comeBack();
  // A connection that was cut may be noticed only by the request that uses it.
  const again = await kv.read('a').catch(() => kv.read('a'));
  assert.equal(again?.version, 1);
  for (const deadline = Date.now() + 30_000; (await hasty.read('a').catch(() => null))?.version !== 1; )
    assert.ok(Date.now() < deadline, 'who gave up does not go on');
});

test('a token from outside is kept alive although nobody asks for anything', async (t) => {
  // Its clock stands still: however late it is asked, the token has not ended.
  const vault = await startVault(t, { nowMs: handClock().monotonicMs });
  const token = vault.addToken({ ...everything, leaseSeconds: 1 });
  const client = connect(t, vault, byToken(token));
  await client.call({ method: 'GET', path: 'transit/keys/none' }).catch(() => undefined);
  for (const deadline = Date.now() + 30_000; count(vault, 'POST auth/token/renew-self') === 0; ) {
    assert.ok(Date.now() < deadline, 'it was never renewed');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});

test('closing gives our own login back and keeps the hands off a token from outside', async (t) => {
  const vault = await startVault(t);
  const own = connect(t, vault, byRole(vault.addAppRole(everything)));
  const lent = connect(t, vault, byToken(vault.addToken(everything)));
  for (const client of [own, lent]) assert.equal(await createKv2(client, 'secret').read('a'), null);
  assert.equal(vault.liveTokens(), 2);
  await Promise.all([own.close(), lent.close()]);
  assert.equal(vault.liveTokens(), 1);
  await fails(own.call({ method: 'GET', path: 'secret/data/a' }), 'unreachable', /closed/);
});
