import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { isFactotumError } from '#kernel';
import { testDatabase } from '../../../test/database.ts';
import { type TestTenant, tenantFactory } from '../../../test/tenant.ts';
import { chooseModel, type OwnModel, ownModelSchema, readOwnModel } from './index.ts';

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
after(async () => {
  await tenants.close();
  await close();
});

const at = new Date('2026-03-02T10:00:00Z');
const own: OwnModel = {
  provider: 'openai-compatible',
  name: 'canary-model',
  url: 'https://canary.models.example/v1',
  key: 'secret://db/canary-key',
};
const read = ({ keys, run }: TestTenant) => run((tx) => readOwnModel(tx, keys));
const choose = ({ keys, run }: TestTenant, model: OwnModel | null, basedOn: number | null = null) =>
  run((tx) => chooseModel(tx, keys, { own: model, basedOn, actor: 'user:usr_1', at }));

test('a tenant has no model of its own until it chooses one, and can go back to none', async () => {
  const tenant = await tenants.build();
  assert.deepEqual(await read(tenant), { version: 0, own: null, updatedAt: null });
  await choose(tenant, own, 0);
  assert.deepEqual(await read(tenant), { version: 1, own, updatedAt: at });
  await choose(tenant, null);
  assert.deepEqual(await read(tenant), { version: 2, own: null, updatedAt: at });
});

test('name, address and reference are sealed, and the log has none of them', async () => {
  const tenant = await tenants.build();
  await choose(tenant, own);
  const rows = await tenant.run((tx) => tx.selectFrom('tenantModel').selectAll().execute());
  assert.ok(rows.every((row) => row.body !== null && !row.body.includes('canary')));
  const pending = await database.sequencer.db
    .selectFrom('auditPending')
    .select('entries')
    .where('tenantId', '=', tenant.tenantId)
    .execute();
  const told = pending.flatMap((row) => row.entries).filter((entry) => entry.includes('tenant.changed'));
  assert.equal(told.length, 1);
  assert.ok(told.every((entry) => entry.includes('user:usr_1') && !entry.includes('canary')));
});

test('of two who choose at once one wins and the other is told', async () => {
  const tenant = await tenants.build();
  const answers = await Promise.allSettled([choose(tenant, own, 0), choose(tenant, { ...own, name: 'other' }, 0)]);
  const lost = answers.filter((answer) => answer.status === 'rejected');
  assert.equal(lost.length, 1);
  assert.ok(isFactotumError(lost[0]?.reason, 'tenant.changed'));
  await assert.rejects(choose(tenant, null, 0), (error) => isFactotumError(error, 'tenant.changed'));
});

test('another model is another revision, so that tasks under way notice', async () => {
  const tenant = await tenants.build();
  const revision = async () => {
    const { rows } = await tenant.run((tx) => sql<{ revision: string }>`select revision from tenant_queue`.execute(tx));
    return Number(rows[0]?.revision);
  };
  const before = await revision();
  await choose(tenant, own);
  assert.ok((await revision()) > before);
});

test('an own endpoint needs an address, Anthropic a key, and nothing takes a key in the open', () => {
  const faulty: Record<string, object> = {
    'an endpoint without address': { ...own, url: null },
    'Anthropic without key': { ...own, provider: 'anthropic', url: null, key: null },
    'the key itself': { ...own, key: 'sk-something' },
    'a key in the address': { ...own, url: 'https://user:pass@models.example' },
    'another protocol': { ...own, url: 'file:///etc/passwd' },
    'something unknown': { ...own, more: 1 },
  };
  for (const [what, model] of Object.entries(faulty)) assert.equal(ownModelSchema.safeParse(model).success, false, what);
  assert.equal(ownModelSchema.safeParse({ ...own, key: null }).success, true);
});
