import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Id, isFactotumError } from '#kernel';
import { eventually, testPlatform } from '../platform.ts';
import { startVault } from '../stand-in/vault.ts';

const vault = await startVault({ after });
const asRoot = { 'x-vault-token': vault.rootToken, 'x-vault-request': 'true' };
await fetch(`${vault.address}/v1/transit/keys/seeds`, { method: 'POST', headers: asRoot, body: '{}' });

const platform = await testPlatform({
  environment: {
    FACTOTUM_KEK: `vault-transit:${vault.address}/transit/seeds`,
    FACTOTUM_VAULT_TOKEN: vault.addToken({ rules: [{ path: 'transit/*', allow: ['read', 'update'] }], leaseSeconds: 0 }),
    // As short as it may be, so that work needs the provider again and again.
    FACTOTUM_KEY_CACHE_SECONDS: '1',
  },
});
await platform.startWorker();

const playbook = `---
title: Two notes
when: { source: test }
steps:
  - { id: write, tool: vault.write, args: { path: "Accounting/In/\${task.id}.md", content: "Number \${event.number}." } }
  - { id: move, tool: vault.move, args: { from: "Accounting/In/\${task.id}.md", to: "Accounting/Out/\${task.id}.md" }, after: [write] }
---
`;
const build = () => platform.buildTenant({ 'Playbooks/Two.md': playbook });
const patienceMs = 90_000;

/** Taking an event in needs keys as well: whoever sends one is told to try again, and does. */
const send = (tenantId: Id<'tenant'>, numbers: readonly number[]): Promise<Id<'task'>[]> =>
  Promise.all(
    numbers.map((number) =>
      eventually(
        () =>
          platform.send(tenantId, { number }, { externalId: String(number) }).catch((error: unknown) => {
            assert.ok(isFactotumError(error, 'key.unavailable') && error.retry, String(error));
            return undefined;
          }),
        () => 'the event was never taken in',
        patienceMs,
      ),
    ),
  );

async function statesOf(tenantId: Id<'tenant'>): Promise<string[]> {
  const { rows } = await platform.database.engine.pool.query<{ state: string }>('select state from app.task where tenant_id = $1', [
    tenantId,
  ]);
  return rows.map(({ state }) => state);
}

/** Lets the provider behave badly while tasks run and events come in, and expects all of them done once it is well again. */
async function survives(tenantId: Id<'tenant'>, begin: () => void | Promise<void>, end: () => void | Promise<void>): Promise<void> {
  await send(tenantId, [1, 2, 3, 4]);
  await begin();
  // As when their time is over.
  platform.keyring.forget(tenantId);
  await assert.rejects(platform.keyring.of(tenantId), (error: unknown) => isFactotumError(error, 'key.unavailable') && error.retry);
  const later = send(tenantId, [5, 6]);
  // Long enough for every task to have been tried, and given back for want of its keys.
  await assert.rejects(platform.keyring.of(tenantId), (error: unknown) => isFactotumError(error, 'key.unavailable'));
  assert.ok(!(await statesOf(tenantId)).includes('failed'));
  await end();
  await later;
  await eventually(
    async () => ((await statesOf(tenantId)).every((state) => state === 'done') ? true : undefined),
    () => 'not every task was done',
    patienceMs,
  );
  assert.equal((await statesOf(tenantId)).length, 6);
}

for (const mood of ['sealed', 'silent', 'lying', 'forbidding'] as const)
  test(`with a key provider that is ${mood} no task fails, and work goes on by itself once it is well again`, async () => {
    await survives(
      await build(),
      () => vault.setMood(mood),
      () => vault.setMood('active'),
    );
  });

test('with a key provider that is gone a tenant goes on while its keys are in memory, and comes back by itself', async () => {
  const tenantId = await build();
  const keys = await platform.keyring.of(tenantId);
  // Nothing is waited for from here on: the keys are in memory for a second.
  const gone = vault.vanish();
  const sealed = keys.seal('content', { kind: 'note', id: 'n' }, Buffer.from('text'));
  assert.equal(keys.open('content', { kind: 'note', id: 'n' }, sealed).toString(), 'text');
  await gone;
  await vault.comeBack();
  await survives(tenantId, vault.vanish, vault.comeBack);
});
