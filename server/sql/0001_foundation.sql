-- The wall, first: schemas, tenants, their keys, and what each login role may touch.
-- Every table of tenant data leads with tenant_id and has row-level security enabled and forced.
-- Content columns (bytea) are sealed before they arrive here; what is in clear is ids, states, times, sizes, tool names, risk.

create schema if not exists app;
create schema if not exists auth;
grant usage on schema app to factotum_app, factotum_engine, factotum_sequencer;
grant usage on schema auth to factotum_auth;

create function app.current_tenant() returns text language sql stable parallel safe
  as $$ select nullif(current_setting('app.tenant_id', true), '') $$;

-- One customer. The id equals the identity organisation's id. settings: no content, only numbers, switches and names of options.
create table app.tenant (
  tenant_id  text primary key check (tenant_id ~ '^ten_[0-9a-f]{24}$'),
  name       text not null,
  state      text not null default 'active' check (state in ('active', 'suspended', 'erased')),
  settings   jsonb not null default '{}',
  created_at timestamptz not null default now()
);

-- Wrapped seeds, one per tenant and generation. Left out of data backups on purpose: destroying these rows erases the tenant.
create table app.tenant_key (
  tenant_id   text not null references app.tenant,
  generation  integer not null check (generation > 0),
  provider    text not null,
  kek_id      text not null,
  kek_version text not null,
  wrapped     bytea not null,
  state       text not null default 'active' check (state in ('active', 'retired', 'destroyed')),
  created_at  timestamptz not null default now(),
  primary key (tenant_id, generation)
);

-- Exact counters per tenant, name and window (events per minute, payments per day, uses of a standing grant).
create table app.quota_counter (
  tenant_id    text not null references app.tenant,
  name         text not null,
  window_start timestamptz not null,
  used         bigint not null,
  primary key (tenant_id, name, window_start)
);

-- Answers kept for a repeated POST with the same Idempotency-Key. response is sealed.
create table app.idempotency (
  tenant_id    text not null references app.tenant,
  key_mac      bytea not null,
  request_mac  bytea not null,
  status       integer,
  response     bytea,
  created_at   timestamptz not null default now(),
  primary key (tenant_id, key_mac)
);
create index idempotency_age on app.idempotency (created_at);

-- Vault notes: the path is found by HMAC and kept sealed; each write adds a version.
create table app.note (
  tenant_id  text not null references app.tenant,
  note_id    text not null,
  path_mac   bytea not null,
  manifest   bytea not null,
  version    integer not null,
  size_bytes integer not null,
  trusted    boolean not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  primary key (tenant_id, note_id)
);
create unique index note_path on app.note (tenant_id, path_mac) where deleted_at is null;

create table app.note_version (
  tenant_id     text not null,
  note_id       text not null,
  version       integer not null,
  body          bytea not null,
  manifest      bytea not null,
  content_mac   bytea not null,
  size_bytes    integer not null,
  author        text not null,
  trusted       boolean not null,
  -- The idempotency key of the tool call that wrote it: a repeated call finds its own row instead of writing twice.
  operation_key text,
  created_at    timestamptz not null,
  primary key (tenant_id, note_id, version),
  foreign key (tenant_id, note_id) references app.note (tenant_id, note_id)
);
create unique index note_version_operation on app.note_version (tenant_id, operation_key) where operation_key is not null;

-- Cedar text per tenant and version (sealed). The newest version is in force.
create table app.policy (
  tenant_id  text not null references app.tenant,
  version    integer not null,
  body       bytea not null,
  author     text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, version)
);

-- A person's standing permission: this argument of this tool may come from this source, so many times a day.
create table app.standing_grant (
  tenant_id  text not null references app.tenant,
  grant_id   text not null,
  tool       text not null,
  body       bytea not null,
  per_day    integer not null check (per_day > 0),
  state      text not null default 'active' check (state in ('active', 'revoked')),
  author     text not null,
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (tenant_id, grant_id)
);

do $$
declare t text;
begin
  foreach t in array array['tenant', 'tenant_key', 'quota_counter', 'idempotency', 'note', 'note_version', 'policy', 'standing_grant'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
    execute format('grant select, insert, update, delete on app.%I to factotum_app', t);
  end loop;
end $$;

-- Nobody deletes a tenant, a key or a note's history by accident: erasing is a change of state or the destruction of keys.
revoke delete on app.tenant, app.tenant_key, app.note, app.note_version, app.policy, app.standing_grant from factotum_app;
