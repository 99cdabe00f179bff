import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import pg from 'pg';
import { testDatabase } from './database.ts';
import { grants } from './grants.ts';

/** What the catalogue of a migrated database says about the wall between tenants. The lists are literal: whoever opens a door edits them. */
const { database, ownerUrl, close } = await testDatabase();
const owner = new pg.Client({ connectionString: ownerUrl });
await owner.connect();
after(async () => {
  await owner.end();
  await close();
});

const ask = async <Row extends object>(text: string): Promise<Row[]> => (await owner.query<Row>(text)).rows;

test('each role may do exactly what is written here', async () => {
  const rows = await ask<{ role: string; table: string; may: string }>(`
    with given as (
      select a.grantee, c.oid as relation, lower(a.privilege_type) as may, null::text as column
      from pg_class c, aclexplode(c.relacl) a where c.relkind in ('r', 'p', 'v', 'm', 'f')
      union all
      select a.grantee, t.attrelid, lower(a.privilege_type), t.attname from pg_attribute t, aclexplode(t.attacl) a where t.attacl is not null
    ), summed as (
      select grantee, relation, may, string_agg("column", ', ' order by "column") as columns from given group by grantee, relation, may
    )
    select case when s.grantee = 0 then 'public' else s.grantee::regrole::text end as role, s.relation::regclass::text as "table",
      string_agg(s.may || coalesce(' (' || s.columns || ')', ''), ', ' order by s.may) as may
    from summed s join pg_class c on c.oid = s.relation join pg_namespace n on n.oid = c.relnamespace
    where n.nspname not in ('pg_catalog', 'information_schema') and s.grantee <> c.relowner
    group by s.grantee, s.relation order by 1, 2`);
  const found: Record<string, Record<string, string>> = {};
  for (const { role, table, may } of rows.filter((row) => row.role !== 'factotum_backup')) found[role] = { ...found[role], [table]: may };
  assert.deepEqual(found, grants);
});

test('the role of backups reads every table there is, writes none, and nobody can log in as it', async () => {
  const tables = await ask<{ table: string; may: string; policy: string | null }>(`
    select c.oid::regclass::text as "table",
      (select string_agg(lower(a.privilege_type), ', ') from aclexplode(c.relacl) a where a.grantee = 'factotum_backup'::regrole) as may,
      (select p.cmd from pg_policies p where p.roles = '{factotum_backup}' and p.qual = 'true' and p.tablename = c.relname) as policy
    from pg_class c where c.relnamespace in ('app'::regnamespace, 'auth'::regnamespace) and c.relkind in ('r', 'p') order by 1`);
  assert.ok(tables.length >= 40, 'the catalogue was read');
  const walled = await ask<{ table: string }>(`select oid::regclass::text as "table" from pg_class where relrowsecurity`);
  const isWalled = new Set(walled.map(({ table }) => table));
  for (const { table, may, policy } of tables)
    assert.deepEqual({ table, may, policy }, { table, may: 'select', policy: isWalled.has(table) ? 'SELECT' : null });
  assert.deepEqual(
    await ask(`select rolcanlogin or rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication or rolinherit as powers
      from pg_roles where rolname = 'factotum_backup'`),
    [{ powers: false }],
  );
});

test('the owner sees no row of a tenant before it puts that role on', async () => {
  await owner.query(`insert into app.backup (backup_id, state, created_at) values ('bak_000000000000000000000000', 'failed', now())`);
  assert.deepEqual(await ask('select count(*)::int as rows from app.backup'), [{ rows: 1 }], 'what is of no tenant has no wall');
  const count = `select count(*)::int as rows from app.tenant`;
  await database.app.pool.query(`begin; set local app.tenant_id = 'ten_000000000000000000000001';
    insert into app.tenant (tenant_id, name) values ('ten_000000000000000000000001', 'one'); commit`);
  assert.deepEqual(await ask(count), [{ rows: 0 }]);
  await owner.query('begin; set local role factotum_backup');
  assert.deepEqual(await ask(count), [{ rows: 1 }]);
  await owner.query('commit');
});

test('every table of tenant data leads with the tenant and has row-level security, forced', async () => {
  const tables = await ask<{ table: string; enabled: boolean; forced: boolean; key: string[] }>(`
    select c.oid::regclass::text as "table", c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
      array(select a.attname::text from pg_index i, unnest(i.indkey) with ordinality as k(number, place)
        join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number where i.indrelid = c.oid and i.indisprimary order by k.place) as key
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'app' and c.relkind in ('r', 'p') order by 1`);
  assert.ok(tables.length >= 15, 'the catalogue was read');
  const others = tables.filter(({ key }) => key[0] !== 'tenant_id').map(({ table }) => table);
  assert.deepEqual(
    others,
    ['app.alarm', 'app.backup', 'app.process_sample', 'app.schema_migration', 'app.watcher', 'app.worker'],
    'only these are not of a tenant',
  );
  for (const { table, enabled, forced } of tables.filter(({ table }) => !others.includes(table)))
    assert.deepEqual({ table, enabled, forced }, { table, enabled: true, forced: true });
});

test('every foreign key between tables of tenant data carries the tenant', async () => {
  const keys = await ask<{ name: string; carries: boolean }>(`
    select conname || ' of ' || conrelid::regclass as name,
      exists (select from unnest(conkey) k join pg_attribute a on a.attrelid = conrelid and a.attnum = k where a.attname = 'tenant_id') as carries
    from pg_constraint where contype = 'f' and connamespace = 'app'::regnamespace`);
  assert.ok(keys.length >= 8, 'the catalogue was read');
  assert.deepEqual(
    keys.filter(({ carries }) => !carries),
    [],
  );
});

test('every index of tenant data leads with the tenant, but for those that the engine and the sequencer walk over all', async () => {
  const indexes = await ask<{ name: string }>(`
    select i.indexrelid::regclass::text as name from pg_index i join pg_class c on c.oid = i.indrelid
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where c.relnamespace = 'app'::regnamespace and a.attname <> 'tenant_id' order by 1`);
  assert.deepEqual(indexes.map(({ name }) => name).sort(), [
    'app.agenda_due_order',
    'app.alarm_pkey',
    'app.audit_pending_order',
    'app.backup_pkey',
    'app.connection_free',
    'app.connection_owner',
    'app.connection_wake',
    'app.idempotency_age',
    'app.job_due',
    'app.job_newest',
    'app.key_revocation_new',
    'app.notice_person_due',
    'app.process_sample_pkey',
    'app.schedule_due',
    'app.schema_migration_pkey',
    'app.task_owner',
    'app.tenant_name',
    'app.watcher_pkey',
    'app.webhook_due',
    'app.worker_pkey',
  ]);
});

test('only the engine and the sequencer see more than one tenant, and only in these tables', async () => {
  const policies = await ask<{ role: string; table: string; condition: string }>(`
    select roles[1]::text as role, schemaname || '.' || tablename as "table", coalesce(qual, with_check) as condition from pg_policies
    where schemaname in ('app', 'auth') and permissive = 'PERMISSIVE' and roles <> '{factotum_backup}' order by 1, 2`);
  for (const { role, condition } of policies.filter((policy) => policy.role !== 'factotum_engine' && policy.role !== 'factotum_sequencer'))
    assert.deepEqual({ role, condition }, { role: 'factotum_app', condition: '(tenant_id = app.current_tenant())' });
  const over = (role: string) =>
    policies
      .filter((policy) => policy.role === role)
      .map(({ table }) => table)
      .sort();
  assert.deepEqual(
    over('factotum_engine'),
    [
      'agenda_due',
      'approval',
      'attempt',
      'audit_pending',
      'connection',
      'event',
      'figure_day',
      'job',
      'key_revocation',
      'notice',
      'notice_person',
      'plan',
      'queue_sample',
      'quota_alert',
      'schedule',
      'step',
      'task',
      'tenant',
      'tenant_key',
      'tenant_queue',
      'webhook',
    ].map((table) => `app.${table}`),
  );
  assert.deepEqual(
    over('factotum_sequencer'),
    ['audit_entry', 'audit_head', 'audit_pending', 'audit_tile'].map((table) => `app.${table}`),
  );
});

test('what only workers and the sequencer write, the application writes for a tenant that is being imported alone', async () => {
  const restricted = await ask<{ table: string; role: string; may: string; condition: string }>(`
    select tablename as "table", roles[1]::text as role, cmd as may, with_check as condition from pg_policies
    where schemaname in ('app', 'auth') and permissive = 'RESTRICTIVE' order by 1`);
  const tables = ['approval', 'attempt', 'audit_entry', 'audit_tile', 'plan', 'step'];
  assert.deepEqual(
    restricted.filter(({ may }) => may === 'INSERT'),
    tables.map((table) => ({ table, role: 'factotum_app', may: 'INSERT', condition: 'app.is_importing(tenant_id)' })),
  );
});

test('what nobody deletes, the application deletes for an erased tenant alone', async () => {
  const restricted = await ask<{ table: string; condition: string }>(`
    select tablename as "table", qual as condition from pg_policies
    where schemaname = 'app' and permissive = 'RESTRICTIVE' and cmd = 'DELETE' and roles = '{factotum_app}' order by 1`);
  const tables = [
    'approval',
    'attempt',
    'event',
    'ledger_account',
    'ledger_hint',
    'ledger_invoice',
    'ledger_match',
    'ledger_rules',
    'ledger_statement',
    'ledger_transaction',
    'mail_message',
    'note',
    'plan',
    'policy',
    'setting_version',
    'standing_grant',
    'step',
    'task',
    'task_word',
    'tenant_model',
    'tenant_queue',
  ];
  // What belongs to a task of the demo goes with it; what is demo is said before there is any work (0042_status.sql).
  const ofTasks = ['approval', 'attempt', 'event', 'mail_message', 'plan', 'step', 'task', 'task_word'];
  assert.deepEqual(
    restricted.filter(({ table }) => table !== 'note_version' && table !== 'approval_comment'),
    tables.map((table) => ({
      table,
      condition: ofTasks.includes(table) ? '(app.is_erased() OR app.is_demo(task_id))' : 'app.is_erased()',
    })),
  );
  const comments = restricted.find(({ table }) => table === 'approval_comment')?.condition ?? '';
  assert.match(comments, /^\(app\.is_erased\(\) OR \(EXISTS \( SELECT\s+FROM app\.approval a\s+WHERE .*app\.is_demo\(a\.task_id\)/s);
  // Of a note's history what a newer version has followed, and the newest never.
  const versions = restricted.find(({ table }) => table === 'note_version')?.condition ?? '';
  assert.match(versions, /^\(app\.is_erased\(\) OR \(EXISTS \( SELECT\s+FROM app\.note\s+WHERE .*note\.version > note_version\.version/s);
});

test('no role owns anything, is a member of another, or may make anything', async () => {
  const [owned] = await ask<{ owned: number; memberships: number; powers: number }>(`
    select (select count(*)::int from pg_shdepend d join pg_roles r on r.oid = d.refobjid where d.deptype = 'o' and r.rolname in ('factotum_app', 'factotum_engine', 'factotum_sequencer', 'factotum_auth')) as owned,
      (select count(*)::int from pg_auth_members m join pg_roles r on r.oid = m.member
        where r.rolname in ('factotum_app', 'factotum_engine', 'factotum_sequencer', 'factotum_auth')) as memberships,
      (select count(*)::int from pg_roles where rolname in ('factotum_app', 'factotum_engine', 'factotum_sequencer', 'factotum_auth')
        and (rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolreplication)) as powers`);
  assert.deepEqual(owned, { owned: 0, memberships: 0, powers: 0 });
});

test("no function runs with its owner's rights", async () => {
  assert.deepEqual(
    await ask(`select proname from pg_proc where prosecdef and pronamespace in ('app'::regnamespace, 'auth'::regnamespace)`),
    [],
  );
});

test("the engine reads no key, no note, no policy, no log and nobody's login", async () => {
  await assert.rejects(database.engine.pool.query('select settings from app.tenant'), /permission denied/);
  for (const column of ['wrapped', 'index_sealed', 'check_value'])
    await assert.rejects(database.engine.pool.query(`select ${column} from app.tenant_key`), /permission denied/, column);
  for (const table of ['note', 'note_version', 'policy', 'standing_grant', 'idempotency', 'audit_entry', 'audit_head'])
    await assert.rejects(database.engine.pool.query(`select 1 from app.${table}`), /permission denied/, table);
  for (const table of ['user', 'session', 'account', 'apikey', 'verification'])
    await assert.rejects(database.engine.pool.query(`select 1 from auth."${table}"`), /permission denied/, table);
});

test('the application sees nobody without saying for whom, and nothing of identity', async () => {
  for (const table of ['task', 'event', 'approval', 'note', 'tenant_key', 'tenant'])
    assert.equal((await database.app.pool.query(`select 1 from app.${table}`)).rowCount, 0, table);
  await assert.rejects(database.app.pool.query('select 1 from auth.apikey'), /permission denied/);
  await assert.rejects(database.auth.pool.query('select 1 from app.task'), /permission denied/);
});
