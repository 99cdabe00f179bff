-- Figures of a tenant's days, counted once from the audit log and kept up to date from where it was last read. Nothing here is a source:
-- all of it follows from tasks, plans, approvals and the log, and is made anew when the tenant's time zone changes.

create table app.figure_state (
  tenant_id  text primary key references app.tenant,
  -- What a day was when the figures were counted, and by which definition of them.
  zone       text not null,
  edition    integer not null,
  -- The next audit entry to be read.
  next_seq   bigint not null default 0,
  counted_at timestamptz not null
);

-- What one task has added to the figures, as JSON: taken off again when the task has changed.
create table app.figure_task (
  tenant_id text not null references app.tenant,
  task_id   text not null,
  -- From the log: when it last failed, and whether somebody did something about it.
  failed_at timestamptz,
  is_helped boolean not null,
  parts     text not null,
  primary key (tenant_id, task_id)
);

-- a, b, c: what is counted apart, such as tool, approver and state. spans: how many there are of each rounded length, six bytes for each.
create table app.figure_day (
  tenant_id text not null references app.tenant,
  measure   text not null,
  day       date not null,
  a         text not null,
  b         text not null,
  c         text not null,
  n         bigint not null,
  amount    bigint not null,
  spans     bytea,
  primary key (tenant_id, measure, day, a, b, c)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

-- How often each answer was given, never by whom: there is no row of an answer. shown is what n was when three more had come.
create table app.survey_count (
  tenant_id text not null references app.tenant,
  quarter   date not null,
  question  text not null,
  score     smallint not null check (score between 1 and 5),
  n         integer not null,
  shown     integer not null,
  primary key (tenant_id, quarter, question, score)
);

-- Who was asked in a quarter and has answered or declined, and nothing of what they said or when.
create table app.survey_turn (
  tenant_id text not null references app.tenant,
  quarter   date not null,
  user_id   text not null,
  primary key (tenant_id, quarter, user_id)
);

do $$
declare t text;
begin
  foreach t in array array['figure_state', 'figure_task', 'figure_day', 'survey_count', 'survey_turn'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
    execute format('grant select, insert, update, delete on app.%I to factotum_app', t);
  end loop;
end $$;
-- The figures do not move with a tenant; they are counted anew where it goes.
create trigger survey_count_moving before insert or update or delete on app.survey_count
  for each statement when (current_user = 'factotum_app') execute function app.refuse_while_moving();
-- Operators see numbers by tenant: how much is done, and what models cost.
create policy engine_read on app.figure_day for select to factotum_engine using (true);
grant select (tenant_id, measure, day, c, n, amount) on app.figure_day to factotum_engine;

-- Tasks are hardly ever deleted (those of the demo are): what they had added is forgotten by counting anew.
create function app.forget_figures() returns trigger language plpgsql as $$
begin
  delete from app.figure_state where tenant_id in (select tenant_id from gone);
  return null;
end $$;
create trigger task_figures after delete on app.task referencing old table as gone for each statement execute function app.forget_figures();
