-- A tenant's name is the name of its drop folder, so two living tenants never share one. The check sees all tenants, whoever inserts:
-- only operators create tenants, so that a name is taken may be told.
create unique index tenant_name on app.tenant (name) where state <> 'erased';
