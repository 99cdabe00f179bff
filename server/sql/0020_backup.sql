-- The journal of backups: what was made when, and what checking it came to. The repository itself says what is in a backup; this says what
-- should be in the repository, so that one that was put back to an earlier state is noticed. About no tenant, and of this installation
-- alone: it is in no backup. manifest_sha256 is of the sealed manifest.

create table app.backup (
  backup_id       text not null primary key check (backup_id ~ '^bak_[0-9a-f]{24}$'),
  state           text not null check (state in ('running', 'done', 'failed', 'pruned')),
  created_at      timestamptz not null,
  finished_at     timestamptz,
  row_count       bigint not null default 0,
  bytes           bigint not null default 0,
  new_bytes       bigint not null default 0,
  manifest_sha256 bytea,
  keys_backup_id  text,
  verified_at     timestamptz,
  drilled_at      timestamptz,
  error_code      text,
  error_message   text
);
grant select, insert, update on app.backup to factotum_engine;
