-- The vault as devices see it: what has changed since when, folders that are empty, properties and locks of WebDAV, and the devices.

-- Numbers the changes of a tenant's vault. Its row stays locked until the commit, so numbers become visible in their order and whoever
-- reads up to one has missed none before it. generated_mac: which notes drawn from rows were written down last. pruned_seq: deletions up to
-- here may have been forgotten.
create table app.vault_clock (
  tenant_id     text not null primary key references app.tenant,
  seq           bigint not null check (seq >= 0),
  generated_mac bytea,
  pruned_seq    bigint not null default 0
);

-- One row a path: the last that happened there. Replayed in the order of seq from any place they give the tree as it is.
-- manifest: sealed (path, etag, size, SHA-256, where it came from). A deletion stays, so that devices that were away hear of it.
create table app.vault_change (
  tenant_id  text not null references app.tenant,
  path_mac   bytea not null,
  seq        bigint not null,
  kind       text not null check (kind in ('note', 'file', 'generated')),
  object_id  text not null,
  deleted    boolean not null,
  manifest   bytea not null,
  changed_at timestamptz not null,
  primary key (tenant_id, path_mac)
);
create unique index vault_change_seq on app.vault_change (tenant_id, seq);

-- What a path has besides what lies there: that it is a folder, though nothing may lie in it, and the properties that WebDAV clients have
-- set. body: sealed (path, properties).
create table app.vault_place (
  tenant_id  text not null references app.tenant,
  path_mac   bytea not null,
  is_folder  boolean not null,
  version    integer not null check (version >= 1),
  body       bytea not null,
  updated_at timestamptz not null,
  primary key (tenant_id, path_mac)
);

-- Locks of WebDAV. They hold off WebDAV clients alone. body: sealed (path, depth, owner).
create table app.vault_lock (
  tenant_id  text not null references app.tenant,
  lock_id    text not null,
  actor      text not null,
  is_shared  boolean not null,
  body       bytea not null,
  expires_at timestamptz not null,
  primary key (tenant_id, lock_id)
);

do $$
declare t text;
begin
  foreach t in array array['vault_clock', 'vault_change', 'vault_place', 'vault_lock'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
    execute format('create trigger %I before insert or update or delete on app.%I for each statement when (current_user = ''factotum_app'')
      execute function app.refuse_while_moving()', t || '_moving', t);
    execute format('grant select, insert, update, delete on app.%I to factotum_app', t);
  end loop;
end $$;

-- A note's history is bounded: of versions that a newer one has followed the oldest may go. The newest stays, also of a deleted note.
drop policy erased_only on app.note_version;
create policy superseded_or_erased on app.note_version as restrictive for delete to factotum_app
  using (app.is_erased() or exists (select from app.note where note.tenant_id = note_version.tenant_id
    and note.note_id = note_version.note_id and note.version > note_version.version));
create index note_version_age on app.note_version (tenant_id, created_at);
create index note_deleted on app.note (tenant_id, deleted_at) where deleted_at is not null;

-- What people's devices and programs present in their name: the SHA-256 of the token's text. permissions: what it may do at most, beside
-- what the person may. method and secondFactor: of the session that it was made in; it ends where such a session would not count any more.
create table auth."deviceToken" (
  "id"           text not null primary key check ("id" ~ '^dev_[0-9a-f]{24}$'),
  "tenantId"     text not null references auth."organization" ("id") on delete cascade,
  "userId"       text not null references auth."user" ("id") on delete cascade,
  "name"         text not null,
  "start"        text not null,
  "tokenHash"    text not null unique check ("tokenHash" ~ '^[0-9a-f]{64}$'),
  "permissions"  text[] not null,
  "method"       text not null,
  "secondFactor" text,
  "createdAt"    timestamptz not null,
  "expiresAt"    timestamptz,
  "lastUsedAt"   timestamptz
);
create index "deviceToken_person" on auth."deviceToken" ("tenantId", "userId");
create index "deviceToken_user" on auth."deviceToken" ("userId");
grant select, insert, update, delete on auth."deviceToken" to factotum_auth;
