-- A process that serves has no owner's login, and still has to know whether the schema is that of its release.
grant select on app.schema_migration to factotum_app;
