-- Generations of tenants' keys, their rotation, and what takes them out of the memory of all processes.

-- index_sealed: the key that MACs are made with, which does not rotate, sealed under this row's seed; null where it follows from the seed itself
-- (generation 1). check_value: 8 bytes of HMAC-SHA256(seed, 'factotum/seed-check/v1'), against a provider that gives back another seed.
-- coming: every process holds it before anything is sealed under it.
alter table app.tenant_key drop constraint tenant_key_state_check;
alter table app.tenant_key
  add constraint tenant_key_state_check check (state in ('coming', 'active', 'retired', 'destroyed')),
  add column index_sealed bytea,
  add column check_value  bytea check (octet_length(check_value) = 8),
  add column destroyed_at timestamptz;
create unique index tenant_key_active on app.tenant_key (tenant_id) where state = 'active';

-- Which tenant and generation a row is of never changes, and what is destroyed stays so.
revoke update on app.tenant_key from factotum_app;
grant update (provider, kek_id, kek_version, wrapped, index_sealed, check_value, state, destroyed_at) on app.tenant_key to factotum_app;
create function app.keep_destroyed() returns trigger language plpgsql as $$
begin
  raise exception 'a key that was destroyed stays destroyed' using errcode = '42501';
end $$;
create trigger tenant_key_destroyed before update on app.tenant_key for each row
  when (old.state = 'destroyed') execute function app.keep_destroyed();

-- Who runs the installation counts which key guards how many seeds. No wrap is among these columns.
create policy engine_all_tenants on app.tenant_key for select to factotum_engine using (true);
grant select (tenant_id, generation, provider, kek_id, kek_version, state) on app.tenant_key to factotum_engine;

-- The server's statistics would quote them, and keep them when they are destroyed.
alter table app.tenant_key
  alter column wrapped set statistics 0,
  alter column index_sealed set statistics 0,
  alter column check_value set statistics 0;

-- Certificates of single generations stand beside those of whole tenants (generation 0).
alter table app.destruction_certificate add column generation integer not null default 0 check (generation >= 0);
alter table app.destruction_certificate drop constraint destruction_certificate_pkey;
alter table app.destruction_certificate add primary key (tenant_id, generation);
-- Signed anew when what the database's files had left over is gone as well.
grant update (note) on app.destruction_certificate to factotum_app;

-- What every process has to do with the keys that it holds of a tenant: read them anew (changed), or wipe them at once (revoked).
-- xid: the transaction that wrote the row. Whoever reads asks for those that were still under way at the last look, so none is missed.
create table app.key_revocation (
  tenant_id text not null references app.tenant,
  id        bigint generated always as identity,
  kind      text not null check (kind in ('changed', 'revoked')),
  at        timestamptz not null default now(),
  xid       xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id)
);
create index key_revocation_new on app.key_revocation (xid);
alter table app.key_revocation enable row level security;
alter table app.key_revocation force row level security;
create policy tenant_isolation on app.key_revocation to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant());
create policy engine_all_tenants on app.key_revocation for select to factotum_engine using (true);
grant select, insert, delete on app.key_revocation to factotum_app;
grant select on app.key_revocation to factotum_engine;

-- What may be exchanged by a rotation: sealed bytes for sealed bytes of the same length, from an older generation to the one in force.
create function app.generation_of(sealed bytea) returns bigint language sql immutable parallel safe
  as $$ select case when substring(sealed from 1 for 2) = '\x0101' and octet_length(sealed) >= 78
    then ('x' || encode(substring(sealed from 3 for 4), 'hex'))::bit(32)::bigint end $$;
create function app.is_resealed(old bytea, new bytea) returns boolean language sql stable
  as $$ select coalesce(octet_length(old) = octet_length(new) and app.generation_of(old) < app.generation_of(new)
    and exists (select from app.tenant_key where tenant_id = app.current_tenant() and state = 'active' and generation = app.generation_of(new)), false) $$;
create function app.refuse_rewrite() returns trigger language plpgsql as $$
begin
  raise exception 'what is sealed in % is exchanged by a rotation of the keys alone', tg_table_name using errcode = '42501';
end $$;

-- Columns that the application otherwise only inserts, or does not even do that.
do $$
declare place text[];
begin
  foreach place slice 1 in array array[['event', 'body'], ['event', 'raw'], ['plan', 'body'], ['step', 'body'], ['approval', 'body'],
      ['note_version', 'body'], ['note_version', 'manifest'], ['policy', 'body'], ['standing_grant', 'body'],
      ['audit_head', 'signing_key'], ['audit_head', 'mac_key']] loop
    execute format('create trigger %I before update of %I on app.%I for each row
      when (current_user = ''factotum_app'' and old.%2$I is distinct from new.%2$I and not app.is_resealed(old.%2$I, new.%2$I)) execute function app.refuse_rewrite()',
      place[1] || '_' || place[2] || '_resealed', place[2], place[1]);
  end loop;
end $$;
grant update (body, raw) on app.event to factotum_app;
grant update (body) on app.plan, app.step, app.approval to factotum_app;
grant update (signing_key, mac_key) on app.audit_head to factotum_app;
-- These could be changed as a whole until now; nothing ever does.
revoke update on app.note_version, app.policy, app.standing_grant from factotum_app;
grant update (body, manifest) on app.note_version to factotum_app;
grant update (body) on app.policy to factotum_app;
grant update (body, state) on app.standing_grant to factotum_app;

-- A row of which only the seal is new decides nothing anew.
create function app.is_only_resealed(old jsonb, new jsonb) returns boolean language sql stable
  as $$ select coalesce(bool_and(case when o.value #>> '{}' like '\\x0101%' and n.value #>> '{}' like '\\x0101%'
      then app.is_resealed(decode(substring(o.value #>> '{}' from 3), 'hex'), decode(substring(n.value #>> '{}' from 3), 'hex')) else false end), false)
    from jsonb_each(old) o join jsonb_each(new) n using (key) where o.value is distinct from n.value $$;
create or replace function app.bump_revision() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and app.is_only_resealed(to_jsonb(old), to_jsonb(new)) then
    return null;
  end if;
  update app.tenant_queue set revision = revision + 1 where tenant_id = new.tenant_id;
  return null;
end $$;
