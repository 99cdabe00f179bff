-- How the installation and each tenant have been doing within the last hour: figures, never content. Whoever is older goes.

-- One row per process every few seconds. about: host, roles and since when it runs. Of no tenant: for those who operate the installation.
create table app.process_sample (
  process_id text not null check (process_id ~ '^prc_[0-9a-f]{24}$'),
  at         timestamptz not null,
  about      jsonb not null,
  figures    jsonb not null,
  primary key (process_id, at)
);
grant select, insert, delete on app.process_sample to factotum_engine;

-- What waited and what was worked on, per tenant that had any, every half a minute. A tenant without a row had nothing.
create table app.queue_sample (
  tenant_id text not null references app.tenant,
  at        timestamptz not null,
  due       integer not null check (due >= 0),
  running   integer not null check (running >= 0),
  primary key (tenant_id, at)
);
alter table app.queue_sample enable row level security;
alter table app.queue_sample force row level security;
create policy tenant_isolation on app.queue_sample to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant());
create policy engine_all_tenants on app.queue_sample to factotum_engine using (true) with check (true);
create trigger queue_sample_moving before insert or update or delete on app.queue_sample
  for each statement when (current_user = 'factotum_app') execute function app.refuse_while_moving();
-- The application reads its own, and deletes what is left of an erased tenant.
grant select, delete on app.queue_sample to factotum_app;
grant select, insert, delete on app.queue_sample to factotum_engine;
