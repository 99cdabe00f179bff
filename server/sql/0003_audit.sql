-- The audit log: a transaction leaves its entries in audit_pending; only the sequencer numbers, chains and signs them.

create table app.audit_pending (
  tenant_id text not null,
  id        bigint generated always as identity,
  -- Canonical JSON bodies in order. One row per tenant and transaction or flush.
  entries   text[] not null,
  primary key (tenant_id, id)
);
create index audit_pending_order on app.audit_pending (id);

create table app.audit_entry (
  tenant_id text not null,
  seq       bigint not null check (seq >= 0),
  at        timestamptz not null,
  kind      text not null,
  object_id text,
  task_id   text,
  state     text,
  -- true: a change of state that the live feed carries.
  live      boolean not null,
  body      text not null,
  chain     bytea not null,
  mac       bytea not null,
  epoch     integer not null,
  primary key (tenant_id, seq)
);
create index audit_entry_task on app.audit_entry (tenant_id, task_id, seq) where task_id is not null;

create table app.audit_head (
  tenant_id         text primary key,
  origin            text not null,
  verifier_key      text not null,
  signing_key       bytea not null,
  mac_key           bytea not null,
  auditor_mac_key   bytea not null,
  epoch             integer not null default 0,
  epoch_started_at  timestamptz not null,
  size              bigint not null default 0,
  chain             bytea not null,
  frontier          bytea not null,
  checkpoint        text not null,
  checkpoint_at     timestamptz not null
);

do $$
declare t text;
begin
  foreach t in array array['audit_pending', 'audit_entry', 'audit_head'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
    execute format('create policy sequencer_all_tenants on app.%I to factotum_sequencer using (true) with check (true)', t);
  end loop;
end $$;
create policy engine_all_tenants on app.audit_pending to factotum_engine with check (true);
grant insert on app.audit_pending to factotum_app, factotum_engine;
grant select, delete on app.audit_pending to factotum_sequencer;
grant select on app.audit_entry to factotum_app;
grant select, insert on app.audit_entry to factotum_sequencer;
-- The head is created with the tenant, in the same transaction; afterwards only the sequencer moves it.
grant select, insert on app.audit_head to factotum_app;
grant select, update (mac_key, epoch, epoch_started_at, size, chain, frontier, checkpoint, checkpoint_at) on app.audit_head to factotum_sequencer;

create function app.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit entries are append-only: % refused', tg_op using errcode = '42501';
end $$;
create trigger audit_entry_append_only before update or delete on app.audit_entry for each row execute function app.refuse_change();
create trigger audit_entry_no_truncate before truncate on app.audit_entry for each statement execute function app.refuse_change();
