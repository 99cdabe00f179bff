-- Tenants that come from or go to another installation.

-- importing: being filled, in the one transaction that makes it; nobody else ever sees it. moving: written to by nobody, here because it is
-- about to leave, there because it has not been released yet.
alter table app.tenant drop constraint tenant_state;
alter table app.tenant
  add constraint tenant_state check (state in ('active', 'suspended', 'closing', 'erased', 'importing', 'moving', 'moved'));

-- A move, as each side keeps it. away: at the old side, with the archive that was made for it. here: at the new side.
-- log_size: entries of the audit log in the archive. tasks_epoch: how often tasks had been claimed by then; identity_hash: SHA-256 of the
-- people and keys in it. What is released must still be that.
create table app.tenant_move (
  tenant_id     text not null references app.tenant,
  direction     text not null check (direction in ('away', 'here')),
  -- away: open until it is moved or called off. here: open until it is released.
  state         text not null check (state in ('open', 'moved', 'called off', 'released')),
  began_at      timestamptz not null,
  archive_id    text,
  log_size      bigint,
  tasks_epoch   bigint,
  identity_hash bytea,
  ended_at      timestamptz,
  primary key (tenant_id, direction)
);

-- Archives on their way: made here and not fetched yet, or brought here and not taken in yet. Sealed under a passphrase.
create table app.archive_piece (
  tenant_id  text not null,
  archive_id text not null,
  place      integer not null,
  bytes      bytea not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, archive_id, place)
);
alter table app.archive_piece alter column bytes set storage external;

do $$
declare t text;
begin
  foreach t in array array['tenant_move', 'archive_piece'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
  end loop;
end $$;
grant select, insert, update on app.tenant_move to factotum_app;
grant select, insert, delete on app.archive_piece to factotum_app;

-- held: nothing is appended to this log here. It goes on at another installation, or has not been released by the one it comes from.
-- foreign_auditor: its first MAC key is sealed for the auditor of the installation it came from, who then is the one to check with it.
alter table app.audit_head add column held boolean not null default false, add column foreign_auditor boolean not null default false;
create index audit_head_held on app.audit_head (tenant_id) where held;
grant update (held) on app.audit_head to factotum_sequencer;

-- A tenant is being imported from its first row on or never: no tenant that has lived can be put into the state that lets its past be written.
create function app.keep_imports_new() returns trigger language plpgsql as $$
begin
  raise exception 'a tenant that is here cannot be imported' using errcode = '42501';
end $$;
create trigger tenant_import_new before update of state on app.tenant for each row
  when (new.state = 'importing' and old.state <> 'importing') execute function app.keep_imports_new();

-- One side at a time: who has moved away works no more here, and who has come works only when the other side has let go.
create function app.keep_moves_final() returns trigger language plpgsql as $$
begin
  if exists (select from app.tenant_move where tenant_id = new.tenant_id
      and (direction = 'away' and state = 'moved' or direction = 'here' and state = 'open')) then
    raise exception 'the tenant is at work at another installation' using errcode = 'FT409';
  end if;
  return new;
end $$;
create trigger tenant_move_final before update of state on app.tenant for each row
  when (new.state in ('active', 'suspended')) execute function app.keep_moves_final();

-- What only workers and the sequencer write, the application writes for a tenant that is being imported, and for no other.
create function app.is_importing(of_tenant text) returns boolean language sql stable
  as $$ select exists (select from app.tenant where tenant_id = of_tenant and state = 'importing') $$;
do $$
declare t text;
begin
  foreach t in array array['plan', 'step', 'attempt', 'approval', 'audit_entry', 'audit_tile'] loop
    execute format('create policy import_only on app.%I as restrictive for insert to factotum_app with check (app.is_importing(tenant_id))', t);
    execute format('grant insert on app.%I to factotum_app', t);
  end loop;
end $$;

-- While a tenant is moving, nothing of it changes: not even by a process that has not heard of it yet. The lock makes the change of state
-- wait for writers that came before it, and shows those that come after it what it has become. FOR KEY SHARE, as foreign keys take it,
-- would show the row as it was.
create function app.refuse_while_moving() returns trigger language plpgsql as $$
begin
  if (select state from app.tenant where tenant_id = app.current_tenant() for share) in ('moving', 'moved') then
    raise exception 'the tenant is being moved' using errcode = 'FT503';
  end if;
  return null;
end $$;
do $$
declare t text;
begin
  foreach t in array array['event', 'task', 'step', 'attempt', 'approval', 'note', 'note_version', 'policy', 'standing_grant', 'idempotency'] loop
    execute format('create trigger %I before insert or update or delete on app.%I for each statement when (current_user = ''factotum_app'')
      execute function app.refuse_while_moving()', t || '_moving', t);
  end loop;
end $$;

create function app.refuse_settings_while_moving() returns trigger language plpgsql as $$
begin
  raise exception 'the tenant is being moved' using errcode = 'FT503';
end $$;
create trigger tenant_settings_moving before update of settings, title on app.tenant for each row
  when (old.state in ('moving', 'moved') and (new.settings is distinct from old.settings or new.title is distinct from old.title) and new.state <> 'erased')
  execute function app.refuse_settings_while_moving();
