-- Event -> task -> plan -> step -> approval -> attempt. The engine role claims and flushes for all tenants in one transaction;
-- it holds no keys, so what it reads here are sealed bytes.

create table app.event (
  tenant_id    text not null references app.tenant,
  event_id     text not null,
  task_id      text,
  source       text not null,
  kind         text not null,
  channel      text not null check (channel in ('http', 'drop', 'command')),
  external_mac bytea not null,
  payload_mac  bytea not null,
  -- Same external id, another payload: kept, but makes no task.
  conflict_of  text,
  size_bytes   integer not null,
  occurred_at  timestamptz,
  received_at  timestamptz not null,
  body         bytea not null,
  raw          bytea,
  primary key (tenant_id, event_id)
);
create unique index event_external on app.event (tenant_id, source, external_mac) where conflict_of is null;
create unique index event_conflict on app.event (tenant_id, source, external_mac, payload_mac) where conflict_of is not null;

create table app.task (
  tenant_id    text not null references app.tenant,
  task_id      text not null,
  event_id     text not null,
  source       text not null,
  kind         text not null,
  state        text not null check (state in ('received', 'planning', 'waiting', 'running', 'done', 'failed', 'cancelled')),
  outcome      text check (outcome in ('completed', 'refused', 'partly')),
  -- Why it waits: 'approval', 'question', 'unknown', or null.
  wait_reason  text check (wait_reason in ('approval', 'question', 'unknown')),
  error_code   text,
  run_at       timestamptz,
  owner        text,
  epoch        bigint not null default 0,
  -- Counts what happened to the task from outside (decisions, cancel, resume). Parking compares it with what the worker saw.
  signals      integer not null default 0,
  cancelling   boolean not null default false,
  retries      integer not null default 0,
  plan_version integer not null default 0,
  playbook     text,
  risk         text check (risk in ('low', 'medium', 'high')),
  detail       bytea,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  finished_at  timestamptz,
  primary key (tenant_id, task_id),
  foreign key (tenant_id, event_id) references app.event (tenant_id, event_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
create index task_due on app.task (tenant_id, run_at, task_id) where owner is null and run_at is not null;
create index task_leased on app.task (tenant_id) where owner is not null;
create index task_owner on app.task (owner) where owner is not null;
create index task_state on app.task (tenant_id, state, task_id);
create index task_event on app.task (tenant_id, event_id);

create table app.plan (
  tenant_id  text not null,
  task_id    text not null,
  version    integer not null,
  planner    text not null,
  playbook   text,
  model      text,
  tokens_in  integer,
  tokens_out integer,
  cost_micros bigint,
  body       bytea not null,
  created_at timestamptz not null,
  primary key (tenant_id, task_id, version),
  foreign key (tenant_id, task_id) references app.task (tenant_id, task_id)
);

create table app.step (
  tenant_id    text not null,
  task_id      text not null,
  plan_version integer not null,
  step_id      text not null,
  position     integer not null,
  tool         text not null,
  effect       text not null,
  verdict      text not null check (verdict in ('auto', 'ask', 'deny')),
  state        text not null check (state in ('pending', 'waiting', 'running', 'done', 'failed', 'unknown', 'undone', 'refused', 'skipped')),
  fence        bigint not null,
  error_code   text,
  body         bytea not null,
  started_at   timestamptz,
  finished_at  timestamptz,
  primary key (tenant_id, task_id, plan_version, step_id),
  foreign key (tenant_id, task_id) references app.task (tenant_id, task_id)
);

-- The durable intent, committed before any effect that is not a read, settled after it. The key is equal for all attempts of a step.
create table app.attempt (
  tenant_id    text not null,
  task_id      text not null,
  plan_version integer not null,
  step_id      text not null,
  direction    text not null check (direction in ('do', 'undo')),
  number       integer not null,
  key          text not null,
  fence        bigint not null,
  payload_hash text not null,
  outcome      text check (outcome in ('done', 'failed', 'unknown')),
  started_at   timestamptz not null,
  settled_at   timestamptz,
  primary key (tenant_id, task_id, plan_version, step_id, direction, number),
  foreign key (tenant_id, task_id) references app.task (tenant_id, task_id)
);

create table app.approval (
  tenant_id        text not null,
  approval_id      text not null,
  task_id          text not null,
  plan_version     integer not null,
  step_id          text not null,
  tool             text not null,
  risk             text not null check (risk in ('low', 'medium', 'high')),
  state            text not null check (state in ('waiting', 'approved', 'rejected', 'expired', 'superseded', 'cancelled')),
  payload_hash     text not null,
  policy_hash      text not null,
  tool_schema_hash text not null,
  policy_ids       text[] not null,
  assigned_to      text,
  body             bytea not null,
  -- What the person said, sealed: {decision, comment, edits}. decision_mac binds it to the tenant's key: a row edited by hand decides nothing.
  answer           bytea,
  decision_mac     bytea,
  created_at       timestamptz not null,
  expires_at       timestamptz not null,
  decided_by       text,
  decided_at       timestamptz,
  used_at          timestamptz,
  primary key (tenant_id, approval_id),
  foreign key (tenant_id, task_id) references app.task (tenant_id, task_id)
);
create index approval_state on app.approval (tenant_id, state, approval_id);
create index approval_task on app.approval (tenant_id, task_id);

do $$
declare t text;
begin
  foreach t in array array['event', 'task', 'plan', 'step', 'attempt', 'approval'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
    execute format('create policy engine_all_tenants on app.%I to factotum_engine using (true) with check (true)', t);
    execute format('grant select on app.%I to factotum_app, factotum_engine', t);
  end loop;
end $$;
grant insert on app.event, app.task to factotum_app;
-- Only a worker moves a task. From outside one can ring (run_at, signals), ask to cancel, and leave an answer in the sealed detail.
grant update (run_at, signals, cancelling, detail, updated_at) on app.task to factotum_app;
grant update (state, answer, decision_mac, decided_by, decided_at, assigned_to) on app.approval to factotum_app;
-- A person settles a step whose outcome nobody could tell.
grant update (state, error_code, finished_at) on app.step to factotum_app;
grant update (outcome, settled_at) on app.attempt to factotum_app;

grant update (state, outcome, wait_reason, error_code, run_at, owner, epoch, retries, plan_version, playbook, risk, detail, updated_at, finished_at) on app.task to factotum_engine;
grant insert on app.plan, app.step, app.attempt, app.approval to factotum_engine;
grant update (state, verdict, fence, error_code, body, started_at, finished_at) on app.step to factotum_engine;
grant update (outcome, settled_at) on app.attempt to factotum_engine;
grant update (state, used_at) on app.approval to factotum_engine;

-- What a claim locks: no foreign key points at it, so an open insert for a tenant never hides the tenant from a claim.
-- revision grows with every change of what decides about tasks (policy, grants, settings, notes written by members), so that a
-- worker notices inside the very transaction that commits its intent.
create table app.tenant_queue (
  tenant_id   text primary key,
  max_running integer not null check (max_running > 0),
  revision    bigint not null default 1
);
alter table app.tenant_queue enable row level security;
alter table app.tenant_queue force row level security;
create policy tenant_isolation on app.tenant_queue to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant());
create policy engine_all_tenants on app.tenant_queue to factotum_engine using (true);
grant select, insert, update on app.tenant_queue to factotum_app;
-- Locking a row needs one updatable column; nothing updates it.
grant select, update (max_running) on app.tenant_queue to factotum_engine;

-- One row per process that runs tasks: its beat is the lease of everything it owns.
create table app.worker (
  worker_id  text primary key,
  beat_at    timestamptz not null,
  started_at timestamptz not null
);
grant select, insert, update, delete on app.worker to factotum_engine;

create function app.bump_revision() returns trigger language plpgsql as $$
begin
  update app.tenant_queue set revision = revision + 1 where tenant_id = new.tenant_id;
  return null;
end $$;
create trigger policy_revision after insert on app.policy for each row execute function app.bump_revision();
create trigger grant_revision after insert or update on app.standing_grant for each row execute function app.bump_revision();
create trigger tenant_revision after update of settings, state on app.tenant for each row execute function app.bump_revision();
create trigger note_revision after update on app.note for each row when (old.trusted or new.trusted) execute function app.bump_revision();
create trigger note_created_revision after insert on app.note for each row when (new.trusted) execute function app.bump_revision();
