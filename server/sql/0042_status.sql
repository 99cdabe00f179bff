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

-- What the demo put into this tenant, so that it is marked in lists and can be taken out again, and nothing else with it.
-- event_macs: under which its mails will be known. note_ids, note_versions: its notes and the versions that it wrote.
create table app.demo (
  tenant_id     text primary key references app.tenant,
  event_macs    bytea[] not null,
  note_ids      text[] not null,
  note_versions integer[] not null,
  grant_ids     text[] not null,
  created_at    timestamptz not null
);
alter table app.demo enable row level security;
alter table app.demo force row level security;
create policy tenant_isolation on app.demo to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant());
create trigger demo_moving before insert or update or delete on app.demo
  for each statement when (current_user = 'factotum_app') execute function app.refuse_while_moving();
grant select, insert, update (event_macs), delete on app.demo to factotum_app;

-- What is demo is said before there is any work: nobody can make a task deletable by calling it a demo later.
create function app.refuse_late_demo() returns trigger language plpgsql as $$
begin
  if not app.is_importing(new.tenant_id) and exists (select from app.task where tenant_id = new.tenant_id) then
    raise exception 'there is work in this tenant already' using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
create trigger demo_late before insert or update on app.demo for each row when (current_user = 'factotum_app') execute function app.refuse_late_demo();

create function app.is_demo(task text) returns boolean language sql stable parallel safe
  as $$ select exists (select from app.demo d join app.event e on e.tenant_id = d.tenant_id and e.source = 'mail' and e.external_mac = any (d.event_macs)
    where d.tenant_id = app.current_tenant() and e.conflict_of is null and e.task_id = task) $$;
do $$
declare t text;
begin
  foreach t in array array['event', 'task', 'plan', 'step', 'attempt', 'approval', 'mail_message', 'task_word'] loop
    execute format('alter policy erased_only on app.%I using (app.is_erased() or app.is_demo(task_id))', t);
  end loop;
end $$;
alter policy erased_only on app.approval_comment using (app.is_erased() or exists (select from app.approval a
  where a.tenant_id = approval_comment.tenant_id and a.approval_id = approval_comment.approval_id and app.is_demo(a.task_id)));
