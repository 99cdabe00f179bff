import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isFactotumError } from '#kernel';
import { deleteNote, undoOperation, writeNote } from '#trust/vault';
import { testDatabase } from '../../../test/database.ts';
import { type TestTenant, tenantFactory } from '../../../test/tenant.ts';
import { writeLimits } from './limits.ts';

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
after(async () => {
  await tenants.close();
  await close();
});
const at = new Date('2026-03-01T10:00:00Z');

async function buildTenant(vaultBytes: number): Promise<TestTenant> {
  const tenant = await tenants.build();
  await tenant.run((tx) => writeLimits(tx, tenant.tenantId, { vaultBytes }, { by: 'operator:test', at }));
  return tenant;
}
const write = ({ run, keys }: TestTenant, path: string, content: string, operationKey?: string) =>
  run((tx) => writeNote(tx, keys, { path, content, author: 'user:one', trusted: true, at, operationKey }));
/** What the counter says, and what is really there. */
const sizes = ({ run }: TestTenant) =>
  run(async (tx) => {
    const counter = await tx.selectFrom('quotaCounter').select('used').where('name', '=', 'vaultBytes').executeTakeFirst();
    const rows = await tx.selectFrom('noteVersion').select(['body', 'manifest']).execute();
    return { counted: counter?.used ?? 0, kept: rows.reduce((sum, { body, manifest }) => sum + body.length + manifest.length, 0) };
  });

test('what is counted is what is kept, whatever is written, refused, moved over and deleted at the same time', async () => {
  const tenant = await buildTenant(60_000);
  const work = Array.from(
    { length: 60 },
    (_, index) => () => write(tenant, `Note ${index % 12}.md`, 'x'.repeat(200 + ((index * 791) % 4_000))),
  );
  const answers = await Promise.allSettled(work.map((one) => one()));
  const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  assert.ok(refused.length > 0, 'the vault was never full');
  assert.ok(refused.every((error) => isFactotumError(error, 'quota.exceeded') || isFactotumError(error, 'server.busy')));
  const { counted, kept } = await sizes(tenant);
  assert.equal(counted, kept);
  assert.ok(counted <= 60_000 && counted > 50_000, `${counted}`);
});

test('a vault that is full still lets things be deleted and taken back, which counts as well', async () => {
  const tenant = await buildTenant(6_000);
  await write(tenant, 'A.md', 'a'.repeat(2_000));
  await write(tenant, 'A.md', 'b'.repeat(2_500), 'tsk_1/1/one');
  await assert.rejects(write(tenant, 'B.md', 'c'.repeat(2_000)), (error) => isFactotumError(error, 'quota.exceeded'));
  await tenant.run((tx) => undoOperation(tx, tenant.keys, { author: 'system:engine', at, operationKey: 'tsk_1/1/one' }));
  await tenant.run((tx) => deleteNote(tx, tenant.keys, { path: 'A.md', author: 'user:one', trusted: true, at }));
  const { counted, kept } = await sizes(tenant);
  assert.equal(counted, kept);
  assert.ok(counted > 6_000);
});

test('a raised limit counts for the very next note, and one tenant fills nobody else', async () => {
  const [ours, theirs] = [await buildTenant(1_000), await buildTenant(10_000)];
  await assert.rejects(write(ours, 'A.md', 'a'.repeat(2_000)));
  await write(theirs, 'A.md', 'a'.repeat(2_000));
  await ours.run((tx) => writeLimits(tx, ours.tenantId, { vaultBytes: null }, { by: 'operator:test', at }));
  await write(ours, 'A.md', 'a'.repeat(2_000));
});
