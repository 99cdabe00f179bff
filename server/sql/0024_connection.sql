-- Connections to outside systems: what comes in over them, and how far it has been read.

alter table app.event drop constraint event_channel_check;
alter table app.event add constraint event_channel_check
  check (channel in ('http', 'drop', 'command', 'connection', 'upload', 'webhook', 'schedule'));

-- One row per process that watches connections: its beat is the lease of everything it owns.
create table app.watcher (
  watcher_id text primary key,
  beat_at    timestamptz not null,
  started_at timestamptz not null
);
grant select, insert, update, delete on app.watcher to factotum_engine;

-- body: sealed (name, settings, credentials or references to them). cursor: sealed. fault: sealed, what people are told of the last failure.
-- broken_at: since when it has been broken, until it works again.
-- version: of the body. state: active, paused by a person, broken until a person mends it. run_at: when to poll next, at the latest.
-- owner, fence: the one watcher that looks after it. fence grows with each claim; what comes under an older one changes nothing.
-- wake: rung from outside (something has changed, poll now); the watcher answers by clearing it.
create table app.connection (
  tenant_id       text not null references app.tenant,
  connection_id   text not null check (connection_id ~ '^con_[0-9a-f]{24}$'),
  connector       text not null check (connector ~ '^[a-z][a-z0-9_.-]{0,63}$'),
  state           text not null default 'active' check (state in ('active', 'paused', 'broken')),
  version         integer not null check (version >= 1),
  body            bytea not null,
  cursor          bytea,
  -- SHA-256 of the secret part of the address that pushes to this connection, for connectors that have one.
  hook_hash       bytea check (length(hook_hash) = 32),
  run_at          timestamptz not null,
  wake            boolean not null default false,
  owner           text,
  fence           bigint not null default 0,
  failures        integer not null default 0,
  fault_code      text,
  fault           bytea,
  broken_at       timestamptz,
  progress_done   bigint,
  progress_of     bigint,
  last_polled_at  timestamptz,
  last_success_at timestamptz,
  last_arrival_at timestamptz,
  arrivals        bigint not null default 0,
  author          text not null,
  created_at      timestamptz not null,
  updated_at      timestamptz not null,
  primary key (tenant_id, connection_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
create index connection_free on app.connection (run_at) where state = 'active' and owner is null;
create index connection_owner on app.connection (owner) where owner is not null;
create index connection_wake on app.connection (owner) where wake;

alter table app.connection enable row level security;
alter table app.connection force row level security;
create policy tenant_isolation on app.connection to factotum_app
  using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant());
create policy engine_all on app.connection to factotum_engine using (true) with check (true);
create trigger connection_moving before insert or update or delete on app.connection
  for each statement when (current_user = 'factotum_app') execute function app.refuse_while_moving();
grant select, insert, update, delete on app.connection to factotum_app;
-- Watchers claim for all tenants at once; what is sealed they leave to the tenant's own transactions.
grant select (tenant_id, connection_id, connector, state, version, run_at, wake, owner, fence, failures),
  update (owner, fence, wake) on app.connection to factotum_engine;
