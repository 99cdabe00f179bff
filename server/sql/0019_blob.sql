-- Large objects: sealed bytes lie in the storage, what is known of them lies here. And the files of the vault, which are made of them.

-- object: the last part of the object's name in the storage. Drawn anew when it is sealed under another generation, so that nobody ever
-- reads half of the one and half of the other. manifest: sealed, how many bytes it has in plain and their SHA-256; a part of an object is
-- believed by that length. deleted_at: nobody refers to it any more; the object goes a day later, when no reader is left.
create table app.blob (
  tenant_id    text not null references app.tenant,
  blob_id      text not null check (blob_id ~ '^blb_[0-9a-f]{24}$'),
  object       text not null check (object ~ '^blb_[0-9a-f]{24}$'),
  generation   integer not null check (generation >= 1),
  sealed_bytes bigint not null check (sealed_bytes >= 78),
  manifest     bytea not null,
  created_at   timestamptz not null,
  deleted_at   timestamptz,
  primary key (tenant_id, blob_id),
  unique (tenant_id, object)
);
create index blob_deleted on app.blob (tenant_id, deleted_at) where deleted_at is not null;
create index blob_generation on app.blob (tenant_id, generation, blob_id) where deleted_at is null;

-- A file stands at a path of the vault, where no note stands. Its id stays when its content changes; only the newest content is kept.
create table app.vault_file (
  tenant_id  text not null references app.tenant,
  file_id    text not null check (file_id ~ '^fil_[0-9a-f]{24}$'),
  path_mac   bytea not null,
  manifest   bytea not null,
  version    integer not null check (version >= 1),
  blob_id    text not null,
  size_bytes bigint not null check (size_bytes >= 0),
  author     text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, file_id),
  foreign key (tenant_id, blob_id) references app.blob
);
create unique index vault_file_path on app.vault_file (tenant_id, path_mac);
create unique index vault_file_blob on app.vault_file (tenant_id, blob_id);

do $$
declare t text;
begin
  foreach t in array array['blob', 'vault_file'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
    execute format('create trigger %I before insert or update or delete on app.%I for each statement when (current_user = ''factotum_app'')
      execute function app.refuse_while_moving()', t || '_moving', t);
  end loop;
end $$;
grant select, insert, delete, update (object, generation, manifest, deleted_at) on app.blob to factotum_app;
grant select, insert, delete, update (path_mac, manifest, version, blob_id, size_bytes, author, updated_at) on app.vault_file to factotum_app;

-- Of two that put a note and a file at one path at the same moment one comes later, and then sees the other. The names of the constraints
-- are those that a second note, or a second file, would break.
create function app.refuse_taken_path() returns trigger language plpgsql as $$
declare taken boolean;
begin
  perform pg_advisory_xact_lock(hashtextextended(new.tenant_id || encode(new.path_mac, 'hex'), 19));
  if tg_table_name = 'note' then
    select exists (select from app.vault_file where tenant_id = new.tenant_id and path_mac = new.path_mac) into taken;
  else
    select exists (select from app.note where tenant_id = new.tenant_id and path_mac = new.path_mac and deleted_at is null) into taken;
  end if;
  if taken then
    raise exception 'there is a note or file at this path already' using errcode = '23505', constraint = tg_table_name || '_path';
  end if;
  return new;
end $$;
create trigger note_path_new before insert on app.note for each row when (new.deleted_at is null) execute function app.refuse_taken_path();
create trigger note_path_changed before update of path_mac, deleted_at on app.note for each row
  when (new.deleted_at is null and (old.path_mac is distinct from new.path_mac or old.deleted_at is not null)) execute function app.refuse_taken_path();
create trigger vault_file_path_new before insert on app.vault_file for each row execute function app.refuse_taken_path();
create trigger vault_file_path_changed before update of path_mac on app.vault_file for each row
  when (old.path_mac is distinct from new.path_mac) execute function app.refuse_taken_path();
