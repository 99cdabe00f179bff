import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { getMigrations } from 'better-auth/db/migration';
import pg from 'pg';
import { createLogger, systemClock } from '#kernel';
import { testDatabase } from '../../../test/database.ts';
import { testOrigin } from '../../../test/identity.ts';
import { createAuth } from './auth.ts';

const { database, ownerUrl, close } = await testDatabase();
after(close);

test('the migrations leave better-auth nothing to create, to add or to complain about', async () => {
  const log = createLogger({ level: 'silent' });
  const auth = createAuth({ auth: database.auth, publicOrigins: () => [testOrigin], clock: systemClock, log }, 'not-a-secret'.repeat(4));
  const { toBeCreated, toBeAdded, toBeAddedIndexes, schemaProblems, unsafeChanges } = await getMigrations(auth.options);
  assert.deepEqual(
    { toBeCreated, toBeAdded, toBeAddedIndexes, schemaProblems, unsafeChanges },
    {
      toBeCreated: [],
      toBeAdded: [],
      toBeAddedIndexes: [],
      schemaProblems: [],
      unsafeChanges: [],
    },
  );
});

test('only the auth role touches the identity tables and backups read them; neither may do anything else, or owns one', async () => {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  try {
    const { rows } = await owner.query<{ table: string; role: string; granted: string }>(`
      select c.relname as table, coalesce(g.rolname, 'public') as role, string_agg(lower(a.privilege_type), ' ' order by a.privilege_type) as granted
      from pg_class c cross join lateral aclexplode(c.relacl) a left join pg_roles g on g.oid = a.grantee
      where c.relnamespace = 'auth'::regnamespace and c.relkind = 'r' and a.grantee <> c.relowner group by 1, 2`);
    assert.ok(rows.length >= 14, `${rows.length} tables`);
    // What exactly, table by table, stands in the test of the catalogue.
    const may: Record<string, readonly string[]> = { factotum_auth: ['delete', 'insert', 'select', 'update'], factotum_backup: ['select'] };
    for (const { role, table, granted } of rows)
      assert.ok(
        granted.split(' ').every((privilege) => may[role]?.includes(privilege)),
        `${role} may ${granted} on ${table}`,
      );
    const { rows: reach } = await owner.query<{ role: string; schema: string }>(`
      select r.rolname as role, n.nspname as schema from pg_roles r, pg_namespace n
      where r.rolname like 'factotum\\_%' and r.rolname <> 'factotum_owner' and n.nspname in ('app', 'auth') and has_schema_privilege(r.oid, n.oid, 'usage')`);
    assert.deepEqual(
      reach.filter(({ role, schema }) => role !== 'factotum_backup' && (schema === 'auth') !== (role === 'factotum_auth')),
      [],
    );
  } finally {
    await owner.end();
  }
});

test('the auth role reaches no tenant data and cannot change its own tables', async () => {
  for (const statement of [
    'select from app.task',
    'select from app.tenant',
    'alter table auth.session add column x text',
    'create table auth.mine ()',
  ])
    await assert.rejects(database.auth.pool.query(statement), { code: '42501' }, statement);
  for (const other of [database.app, database.engine, database.sequencer])
    await assert.rejects(other.pool.query('select from auth.session'), { code: '42501' });
});
