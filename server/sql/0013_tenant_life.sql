-- What becomes of a tenant between its provisioning and its erasure, the work that takes longer than a request, and registrations.

-- title: what people see; the name is that of the folders and never changes. version: counts changes of the settings (If-Match).
-- erases_at: when a tenant that is being closed is erased. moved_to: the address of the installation that has it now.
alter table app.tenant drop constraint tenant_state_check;
alter table app.tenant
  add constraint tenant_state check (state in ('active', 'suspended', 'closing', 'erased', 'moving', 'moved')),
  add column title        text check (title <> '' and length(title) <= 100),
  add column version      integer not null default 1,
  add column state_since  timestamptz not null default now(),
  add column state_reason text check (length(state_reason) <= 500),
  add column erases_at    timestamptz,
  add column moved_to     text;

-- The engine claims for active tenants only, and operators list tenants: names and states, never settings.
create policy engine_all_tenants on app.tenant for select to factotum_engine using (true);
grant select (tenant_id, name, title, state, state_since, state_reason, erases_at, moved_to, created_at) on app.tenant to factotum_engine;

-- Long work, of a tenant or of the installation itself (tenant_id 'installation'). Any process with the role worker claims it for a while
-- (leased_until, by the database's clock) under a fence (epoch), and continues where position says. position and result hold ids, counts
-- and times, never content; input is sealed and goes when the job ends.
create table app.job (
  tenant_id     text not null check (tenant_id = 'installation' or tenant_id ~ '^ten_[0-9a-f]{24}$'),
  job_id        text not null,
  kind          text not null,
  state         text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
  cancelling    boolean not null default false,
  run_at        timestamptz not null,
  -- Claims since it last got on; a job that ends its process each time is given up.
  tries         integer not null default 0,
  owner         text,
  epoch         bigint not null default 0,
  leased_until  timestamptz,
  position      jsonb,
  progress_done bigint not null default 0,
  progress_of   bigint,
  progress_unit text,
  input         bytea,
  result        jsonb,
  error_code    text,
  error_message text,
  created_by    text not null,
  created_at    timestamptz not null,
  started_at    timestamptz,
  finished_at   timestamptz,
  primary key (tenant_id, job_id)
);
create index job_due on app.job (run_at) where state in ('waiting', 'running');
create index job_newest on app.job (job_id);

-- What was destroyed when a tenant was erased: a note signed by the installation. It is all that is left beside the audit log.
create table app.destruction_certificate (
  tenant_id  text not null primary key references app.tenant,
  note       text not null,
  created_at timestamptz not null
);

do $$
declare t text;
begin
  foreach t in array array['job', 'destruction_certificate'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
  end loop;
end $$;
grant select, insert on app.destruction_certificate to factotum_app;
create policy engine_all_tenants on app.job to factotum_engine using (true) with check (true);
-- A tenant's own people may call work off; only a worker moves it on.
grant select, insert, update (state, cancelling, input, finished_at) on app.job to factotum_app;
grant select, insert, update (state, cancelling, run_at, tries, owner, epoch, leased_until, position, progress_done, progress_of,
  progress_unit, input, result, error_code, error_message, started_at, finished_at) on app.job to factotum_engine;

-- What is left to delete when a tenant is erased. Otherwise nobody deletes these: the second policy is restrictive, it must hold as well.
create function app.is_erased() returns boolean language sql stable parallel safe
  as $$ select exists (select from app.tenant where tenant_id = app.current_tenant() and state = 'erased') $$;
do $$
declare t text;
begin
  foreach t in array array['note', 'note_version', 'policy', 'standing_grant', 'event', 'task', 'plan', 'step', 'attempt', 'approval', 'tenant_queue'] loop
    execute format('create policy erased_only on app.%I as restrictive for delete to factotum_app using (app.is_erased())', t);
    execute format('grant delete on app.%I to factotum_app', t);
  end loop;
end $$;

-- Wishes of people to have a tenant here. tokenHash: SHA-256 of the token that was mailed, until it is used; then the address is theirs.
-- No tenant yet, so no row-level security: like all of this schema it is reached by factotum_auth alone.
create table auth."registration" (
  "id"         text not null primary key check ("id" ~ '^reg_[0-9a-f]{24}$'),
  "tenantName" text not null,
  "email"      text not null,
  "name"       text not null,
  "state"      text not null default 'unverified' check ("state" in ('unverified', 'waiting', 'approved', 'rejected')),
  "tokenHash"  text unique,
  "createdAt"  timestamptz not null,
  "expiresAt"  timestamptz not null,
  "verifiedAt" timestamptz,
  "decidedAt"  timestamptz,
  "decidedBy"  text,
  "tenantId"   text
);
create index "registration_email" on auth."registration" ("email");
create index "registration_state" on auth."registration" ("state", "id");
grant select, insert, update, delete on auth."registration" to factotum_auth;
