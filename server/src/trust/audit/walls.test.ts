import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CompiledQuery } from 'kysely';
import pg from 'pg';
import { inTransaction, withTenant } from '#kernel/database';
import { auditSetup } from '../../../test/audit.ts';
import { testDatabase } from '../../../test/database.ts';

const { database, ownerUrl, close } = await testDatabase();
const setup = await auditSetup(database);
after(async () => {
  await setup.close();
  await close();
});
const tenantId = await setup.buildTenant();
await setup.record(tenantId, {}, {});
await setup.createSequencer().drained();
await setup.record(tenantId, {});

const refusedBy = (role: 'app' | 'engine' | 'sequencer', statement: string) =>
  assert.rejects(
    role === 'app'
      ? withTenant(database.app.db, tenantId, (tx) => tx.executeQuery(CompiledQuery.raw(statement)))
      : inTransaction(database[role], (client) => client.query(statement)),
    (error) => error instanceof pg.DatabaseError && error.code === '42501',
    `${role}: ${statement}`,
  );

const changes = (table: string, column: string) => [
  `update app.${table} set ${column} = ${column}`,
  `delete from app.${table}`,
  `truncate app.${table}`,
];

test('the application reads its entries and changes none, and cannot number any itself', async () => {
  for (const statement of [...changes('audit_entry', 'body'), ...changes('audit_tile', 'root'), ...changes('audit_head', 'size')])
    await refusedBy('app', statement);
  await refusedBy('app', 'insert into app.audit_entry select * from app.audit_entry');
  for (const statement of ['select from app.audit_pending', ...changes('audit_pending', 'entries')]) await refusedBy('app', statement);
});

test('the sequencer appends and changes nothing that is there', async () => {
  for (const statement of [...changes('audit_entry', 'body'), ...changes('audit_tile', 'root'), 'delete from app.audit_head'])
    await refusedBy('sequencer', statement);
  for (const column of ['origin', 'verifier_key', 'signing_key', 'auditor_mac_key'])
    await refusedBy('sequencer', `update app.audit_head set ${column} = ${column}`);
  for (const statement of [
    `insert into app.audit_pending (tenant_id, entries) values ('x', '{}')`,
    'update app.audit_pending set entries = entries',
  ])
    await refusedBy('sequencer', statement);
});

test('the engine leaves entries and sees none', async () => {
  for (const table of ['audit_entry', 'audit_head', 'audit_tile', 'audit_pending']) await refusedBy('engine', `select from app.${table}`);
  await refusedBy('engine', 'delete from app.audit_pending');
});

test('not even the owner of the tables changes an entry by mistake', async () => {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  try {
    await owner.query('alter table app.audit_entry no force row level security');
    for (const statement of changes('audit_entry', 'body'))
      await assert.rejects(owner.query(statement), /audit entries are append-only: (UPDATE|DELETE|TRUNCATE) refused/);
  } finally {
    await owner.query('alter table app.audit_entry force row level security');
    await owner.end();
  }
});

test("a tenant sees nothing of another's log and can leave nothing in it", async () => {
  const other = await setup.buildTenant();
  const { rows } = await withTenant(database.app.db, other, (tx) =>
    tx.executeQuery<{ entries: number; heads: number }>(
      CompiledQuery.raw('select (select count(*) from app.audit_entry) as entries, (select count(*) from app.audit_head) as heads'),
    ),
  );
  assert.deepEqual(rows, [{ entries: 0, heads: 1 }]);
  await assert.rejects(
    withTenant(database.app.db, other, (tx) => tx.insertInto('auditPending').values({ tenantId, entries: [] }).execute()),
    /row-level security/,
  );
});
