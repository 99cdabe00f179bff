-- What was changed in a tenant's configuration, with what was there before, so that it can be looked at and put back. body: sealed {before, after};
-- limits: the same in clear for quotas, which the operator sets, also while the tenant's keys are out of reach.
create table app.setting_version (
  tenant_id  text not null references app.tenant,
  change_id  text not null check (change_id ~ '^chg_[0-9a-f]{24}$'),
  topic      text not null check (topic ~ '^[a-z][a-z_]{0,30}$'),
  body       bytea,
  limits     jsonb,
  author     text not null,
  created_at timestamptz not null,
  primary key (tenant_id, change_id),
  check ((body is null) <> (limits is null))
);

alter table app.setting_version enable row level security;
alter table app.setting_version force row level security;
create policy tenant_isolation on app.setting_version to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant());
create policy erased_only on app.setting_version as restrictive for delete to factotum_app using (app.is_erased());
create trigger setting_version_moving before insert or update or delete on app.setting_version
  for each statement when (current_user = 'factotum_app') execute function app.refuse_while_moving();
grant select, insert, delete, update (body) on app.setting_version to factotum_app;
create trigger setting_version_body_resealed before update on app.setting_version for each row
  when (current_user = 'factotum_app' and old.body is distinct from new.body and not app.is_resealed(old.body, new.body)) execute function app.refuse_rewrite();

-- How a person likes to see things, wherever they sign in; null: as it comes.
alter table auth."user"
  add column "theme"   text check ("theme" in ('light', 'dark', 'system')),
  add column "density" text check ("density" in ('comfortable', 'compact'));
