import type pg from 'pg';
import { ownerTransaction } from './owner.ts';

/**
 * The role that reads everything, for backups: nobody can log in as it, the owner puts it on for one transaction (`set local role`).
 * Row-level security is forced on the owner as well, so that a process that serves with the owner's login by mistake sees nothing; this
 * keeps it so. It may only select.
 */
export const backupRole = 'factotum_backup';

/** Makes the role and lets the owner put it on. Inside the transaction that makes the other roles. */
export async function prepareBackupRole(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [backupRole]);
  if (rowCount === 0)
    await client.query(`create role ${backupRole} nologin nosuperuser nobypassrls nocreatedb nocreaterole noreplication noinherit`);
  const { rows } = await client.query<{ version: number; superuser: boolean }>(
    `select current_setting('server_version_num')::integer as version, rolsuper as superuser from pg_roles where rolname = current_user`,
  );
  const { version = 0, superuser = false } = rows[0] ?? {};
  if (superuser) return;
  // Before 16 a membership cannot be had without what it brings; then the owner reads without putting the role on.
  const isNew = version >= 160_000;
  const { rowCount: may } = await client.query(`select where pg_has_role(current_user, $1, $2)`, [backupRole, isNew ? 'set' : 'member']);
  if (may === 0) await client.query(`grant ${backupRole} to current_user ${isNew ? 'with inherit false, set true' : ''}`);
}

/** Lets the role read what the migrations have made. Whoever adds a table has nothing to do for it. */
export async function openToBackups(client: pg.Client): Promise<void> {
  if ((await closedToBackups(client)).length === 0) return;
  await ownerTransaction(client, async () => {
    await client.query(`select pg_advisory_xact_lock(hashtext('factotum'), hashtext('schema_migration'))`);
    // Looked at again under the lock: another starter may have been faster.
    for (const { statement } of await closedToBackups(client)) await client.query(statement);
  });
}

const closedToBackups = async (client: pg.Client): Promise<{ statement: string }[]> =>
  (
    await client.query<{ statement: string }>(
      `with relation as (
        select c.oid, c.relkind, c.relrowsecurity from pg_class c
        where c.relnamespace = any(array[to_regnamespace('app'), to_regnamespace('auth')]) and c.relkind in ('r', 'p', 'S')
      )
      select format('grant usage on schema %I to ${backupRole}', nspname) as statement from pg_namespace
        where nspname in ('app', 'auth') and not has_schema_privilege('${backupRole}', oid, 'usage')
      union all select format('grant select on %s %s to ${backupRole}', case relkind when 'S' then 'sequence' else 'table' end, oid::regclass)
        from relation where case relkind when 'S' then not has_sequence_privilege('${backupRole}', oid, 'select')
          else not has_table_privilege('${backupRole}', oid, 'select') end
      union all select format('create policy backup_reads on %s for select to ${backupRole} using (true)', oid::regclass)
        from relation where relrowsecurity and not exists (select from pg_policy where polrelid = relation.oid and polname = 'backup_reads')`,
    )
  ).rows;
