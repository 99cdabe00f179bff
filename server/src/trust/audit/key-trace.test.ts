import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabase } from '../../../test/database.ts';
import { tenantFactory } from '../../../test/tenant.ts';
import { auditBody, readBody } from './body.ts';

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
after(async () => {
  await tenants.close();
  await close();
});

test('a generation of keys that somebody slips in past our code is in the log, in the form of every other entry', async () => {
  const { tenantId, run } = await tenants.build();
  // A name that would break out of its place, were it put there as it is.
  const provider = 'local","kind":"x\\';
  await run((tx) =>
    sql`insert into tenant_key (tenant_id, generation, provider, kek_id, kek_version, wrapped, state)
      values (${tenantId}, 2, ${provider}, 'one', '1', decode(repeat('00', 32), 'hex'), 'coming')`.execute(tx),
  );
  const pending = await database.sequencer.db.selectFrom('auditPending').select('entries').where('tenantId', '=', tenantId).execute();
  const told = pending.flatMap(({ entries }) => entries).filter((entry) => entry.includes('encryption.generation_made'));
  const [body = ''] = told;
  assert.equal(told.length, 1);
  const facts = readBody(tenantId, body);
  assert.deepEqual([facts?.actor, facts?.objectId, facts?.detail], ['system:keys', tenantId, { generation: 2, provider }]);
  const uid = /"uid":"([0-9a-f-]{36})"/;
  const ours = auditBody(tenantId, {
    kind: 'encryption.generation_made',
    actor: 'system:keys',
    at: facts?.at ?? new Date(0),
    objectId: tenantId,
    detail: { generation: 2, provider },
  });
  assert.equal(body, ours.replace(uid, uid.exec(body)?.[0] ?? ''));
});

test('the first generation is in the entry of its tenant, and no entry of its own', async () => {
  const { tenantId } = await tenants.build();
  const pending = await database.sequencer.db.selectFrom('auditPending').select('entries').where('tenantId', '=', tenantId).execute();
  assert.ok(pending.flatMap(({ entries }) => entries).every((entry) => !entry.includes('generation_made')));
});
