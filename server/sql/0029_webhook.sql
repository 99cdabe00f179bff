-- Webhooks that go out: who is told of what, and every single telling.

-- body: sealed (address, description, kinds). secrets: sealed; while one replaces another, both sign.
-- next_seq: the next entry of the audit log to look at. run_at: when something may be due; null: nothing is. lease_until: somebody is at it.
-- failing_since: no telling has got through since then.
create table app.webhook (
  tenant_id     text not null references app.tenant,
  webhook_id    text not null check (webhook_id ~ '^whk_[0-9a-f]{24}$'),
  state         text not null default 'active' check (state in ('active', 'paused', 'broken')),
  version       integer not null check (version >= 1),
  body          bytea not null,
  secrets       bytea not null,
  next_seq      bigint not null,
  run_at        timestamptz,
  lease_until   timestamptz,
  fence         bigint not null default 0,
  failures      integer not null default 0,
  failing_since timestamptz,
  author        text not null,
  created_at    timestamptz not null,
  updated_at    timestamptz not null,
  primary key (tenant_id, webhook_id)
);
create index webhook_due on app.webhook (run_at) where state = 'active' and run_at is not null;

-- body: sealed, the very bytes that are sent. answer: sealed, what the far side said last. seq: the entry that it tells of; null: a trial.
create table app.webhook_delivery (
  tenant_id    text not null,
  webhook_id   text not null,
  delivery_id  text not null check (delivery_id ~ '^dlv_[0-9a-f]{24}$'),
  kind         text not null,
  seq          bigint,
  state        text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
  body         bytea not null,
  attempts     integer not null default 0,
  run_at       timestamptz,
  last_status  integer,
  answer       bytea,
  created_at   timestamptz not null,
  tried_at     timestamptz,
  delivered_at timestamptz,
  primary key (tenant_id, delivery_id),
  foreign key (tenant_id, webhook_id) references app.webhook on delete cascade,
  unique (tenant_id, webhook_id, seq)
);
create index webhook_delivery_due on app.webhook_delivery (tenant_id, webhook_id, run_at) where state = 'waiting';
create index webhook_delivery_list on app.webhook_delivery (tenant_id, webhook_id, delivery_id);
create index webhook_delivery_age on app.webhook_delivery (tenant_id, created_at);

do $$
declare t text;
begin
  foreach t in array array['webhook', 'webhook_delivery'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
    execute format('create trigger %I before insert or update or delete on app.%I for each statement when (current_user = ''factotum_app'')
      execute function app.refuse_while_moving()', t || '_moving', t);
    execute format('grant select, insert, update, delete on app.%I to factotum_app', t);
  end loop;
end $$;
-- Whoever delivers claims for all tenants at once, an endpoint at a time; what is sealed is left to the tenant's own transactions.
create policy engine_claims on app.webhook to factotum_engine using (true) with check (true);
grant select (tenant_id, webhook_id, state, run_at, lease_until, fence), update (lease_until, fence) on app.webhook to factotum_engine;
