-- The model that a tenant has of its own. body: sealed (provider, name, address, and the reference to its key, never the key); null: none.
create table app.tenant_model (
  tenant_id  text not null primary key references app.tenant,
  version    integer not null check (version > 0),
  body       bytea,
  author     text not null,
  updated_at timestamptz not null
);
alter table app.tenant_model enable row level security;
alter table app.tenant_model force row level security;
create policy tenant_isolation on app.tenant_model to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant());
create policy erased_only on app.tenant_model as restrictive for delete to factotum_app using (app.is_erased());
grant select, insert, update, delete on app.tenant_model to factotum_app;

-- Which model plans decides about tasks.
create trigger tenant_model_revision after insert or update on app.tenant_model for each row execute function app.bump_revision();
