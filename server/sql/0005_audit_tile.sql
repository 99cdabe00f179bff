-- The full hash tiles of each tenant's tree (c2sp.org/tlog-tiles), written by the sequencer in the transaction that fills them, so a proof
-- in a log of a million entries reads a handful of rows instead of a million. Partial tiles are not stored: level 0 follows from the
-- newest bodies, the levels above from the roots of the tiles below.
create table app.audit_tile (
  tenant_id text not null,
  level     smallint not null check (level between 0 and 63),
  index     bigint not null check (index >= 0),
  -- 256 hashes of 32 bytes.
  hashes    bytea not null check (octet_length(hashes) = 8192),
  -- The hash above them: one of the hashes in the next level's tile.
  root      bytea not null check (octet_length(root) = 32),
  primary key (tenant_id, level, index)
);
-- Hashes do not compress.
alter table app.audit_tile alter column hashes set storage external;

alter table app.audit_tile enable row level security;
alter table app.audit_tile force row level security;
create policy tenant_isolation on app.audit_tile to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant());
create policy sequencer_all_tenants on app.audit_tile to factotum_sequencer using (true) with check (true);
grant select on app.audit_tile to factotum_app;
grant select, insert on app.audit_tile to factotum_sequencer;
create trigger audit_tile_append_only before update or delete on app.audit_tile for each row execute function app.refuse_change();
create trigger audit_tile_no_truncate before truncate on app.audit_tile for each statement execute function app.refuse_change();

-- A head changes with every batch and no index covers what changes: with room in its page the change needs no new index entries.
alter table app.audit_head set (fillfactor = 50);
-- A queue: rows live for milliseconds, and whoever looks for the next ones walks over those that nobody has swept up yet.
alter table app.audit_pending set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_insert_threshold = -1);
