-- Events that come at set times. cron and zone are times, so they stay clear; what the event is named and carries is sealed in body.
-- due_at: the occurrence that comes next. run_at: when to look, which is later than due_at after a failure. zone null: the tenant's.
create table app.schedule (
  tenant_id   text not null references app.tenant,
  schedule_id text not null check (schedule_id ~ '^sch_[0-9a-f]{24}$'),
  state       text not null default 'active' check (state in ('active', 'paused')),
  version     integer not null check (version >= 1),
  kind        text not null check (kind ~ '^[a-z][a-z0-9_.-]{0,63}$'),
  cron        text not null,
  zone        text,
  body        bytea not null,
  due_at      timestamptz,
  run_at      timestamptz,
  last_due_at timestamptz,
  fault_code  text,
  author      text not null,
  created_at  timestamptz not null,
  updated_at  timestamptz not null,
  primary key (tenant_id, schedule_id)
);
create index schedule_due on app.schedule (run_at) where state = 'active' and run_at is not null;

alter table app.schedule enable row level security;
alter table app.schedule force row level security;
create policy tenant_isolation on app.schedule to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant());
create policy engine_read on app.schedule for select to factotum_engine using (true);
create trigger schedule_moving before insert or update or delete on app.schedule
  for each statement when (current_user = 'factotum_app') execute function app.refuse_while_moving();
grant select, insert, update, delete on app.schedule to factotum_app;
-- Whoever looks for what is due sees whose it is, never what.
grant select (tenant_id, schedule_id, state, run_at) on app.schedule to factotum_engine;
