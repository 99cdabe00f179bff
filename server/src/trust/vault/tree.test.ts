import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { testDatabase } from '../../../test/database.ts';
import { tenantFactory } from '../../../test/tenant.ts';
import { writeNote } from './change.ts';
import { createVaultTrees } from './tree.ts';

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
after(async () => {
  await tenants.close();
  await close();
});

const at = new Date('2026-03-01T10:00:00.000Z');

test('a vault that was looked at while it was empty is counted as what it has become, and others give way', async () => {
  const [grown, other] = [await tenants.build(), await tenants.build()];
  const begun: string[] = [];
  const trees = createVaultTrees({
    app: database.app,
    keysOf: tenants.keyring.of,
    adopt: async (tenantId) => void begun.push(tenantId),
    entriesMax: 3,
  });
  await trees.of(grown.tenantId, at);
  await trees.of(other.tenantId, at);
  for (const path of ['a.md', 'b.md'])
    await grown.run((tx) => writeNote(tx, grown.keys, { author: 'user:usr_1', trusted: true, at, path, content: 'x' }));
  assert.equal((await trees.of(grown.tenantId, at)).below('').length, 2);
  await trees.of(grown.tenantId, at);
  await trees.of(other.tenantId, at);
  assert.deepEqual(begun, [grown.tenantId, other.tenantId, other.tenantId]);
});
