-- The figures of whole months, kept with those of their days: a year is read as twelve rows of each figure instead of 365.
-- month: its first day. spans: of all its days together.
create table app.figure_month (
  tenant_id text not null references app.tenant,
  measure   text not null,
  month     date not null,
  a         text not null,
  b         text not null,
  c         text not null,
  n         bigint not null,
  amount    bigint not null,
  spans     bytea,
  primary key (tenant_id, measure, month, a, b, c)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

alter table app.figure_month enable row level security;
alter table app.figure_month force row level security;
create policy tenant_isolation on app.figure_month to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant());
grant select, insert, update, delete on app.figure_month to factotum_app;
