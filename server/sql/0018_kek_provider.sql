-- Key services that tenants bring of their own, to guard their keys with.

-- is_current: wraps the tenant's seeds. The others still open what they wrapped, until everything is wrapped anew; then they are deleted.
-- credential: sealed by the installation's key, as nothing of the tenant's own can be opened before this was. Null: none is needed.
create table app.kek_provider (
  tenant_id  text not null references app.tenant,
  uri        text not null check (octet_length(uri) between 1 and 2000),
  kind       text not null,
  kek_id     text not null,
  credential bytea,
  is_current boolean not null,
  changed_at timestamptz not null,
  primary key (tenant_id, uri)
);
create unique index kek_provider_current on app.kek_provider (tenant_id) where is_current;
alter table app.kek_provider enable row level security;
alter table app.kek_provider force row level security;
create policy tenant_isolation on app.kek_provider to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant());
grant select, insert, update, delete on app.kek_provider to factotum_app;
