-- MCP servers whose tools a tenant has plugged in, and what its administrators say of those tools.

-- slug: the middle of its tools' names, mcp.<slug>.<tool>. body: sealed (title, address or program, how it is signed in to).
-- login: sealed (OAuth client and tokens); login_version grows with each, so that two refreshes never overwrite each other.
-- authorisation: sealed (a sign-in that somebody has begun), found by the hash of its state.
-- fault: sealed, what people are told of the last failure. last_words: sealed, the end of what a program has said on standard error.
create table app.tool_server (
  tenant_id          text not null references app.tenant,
  server_id          text not null check (server_id ~ '^tsv_[0-9a-f]{24}$'),
  slug               text not null check (slug ~ '^[a-z][a-z0-9-]{0,23}$'),
  kind               text not null check (kind in ('http', 'program')),
  state              text not null default 'active' check (state in ('active', 'paused', 'broken')),
  version            integer not null check (version >= 1),
  body               bytea not null,
  login              bytea,
  login_version      integer not null default 0,
  authorisation      bytea,
  authorisation_hash bytea check (length(authorisation_hash) = 32),
  fault_code         text,
  fault              bytea,
  last_words         bytea,
  checked_at         timestamptz,
  author             text not null,
  created_at         timestamptz not null,
  updated_at         timestamptz not null,
  primary key (tenant_id, server_id),
  unique (tenant_id, slug),
  unique (tenant_id, authorisation_hash)
);

-- One tool that a server offers. pin: SHA-256 of what it offered when an administrator confirmed it, null before.
-- state: proposed (nobody has confirmed it), confirmed (may be used), quarantined (differs from what was confirmed, or is not offered any more).
-- body: sealed (what is offered now; what was offered and said of it when it was confirmed).
create table app.plugged_tool (
  tenant_id  text not null,
  server_id  text not null,
  tool       text not null check (length(tool) between 1 and 99),
  state      text not null check (state in ('proposed', 'confirmed', 'quarantined')),
  version    integer not null check (version >= 1),
  pin        text check (pin ~ '^[0-9a-f]{64}$'),
  body       bytea not null,
  author     text not null,
  updated_at timestamptz not null,
  primary key (tenant_id, server_id, tool),
  foreign key (tenant_id, server_id) references app.tool_server on delete cascade
);
create index plugged_tool_name on app.plugged_tool (tenant_id, tool);

do $$
declare t text;
begin
  foreach t in array array['tool_server', 'plugged_tool'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app
      using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
    execute format('create trigger %I before insert or update or delete on app.%I
      for each statement when (current_user = ''factotum_app'') execute function app.refuse_while_moving()', t || '_moving', t);
    execute format('grant select, insert, update, delete on app.%I to factotum_app', t);
  end loop;
end $$;

-- Which tools there are decides about tasks. Signing in and looking in on a server do not.
create trigger tool_server_revision after insert or update of state, slug, body on app.tool_server
  for each row execute function app.bump_revision();
create trigger plugged_tool_revision after insert or update of state, pin, body on app.plugged_tool
  for each row execute function app.bump_revision();

-- A row that goes takes its tools away with it.
create function app.bump_revision_of_gone() returns trigger language plpgsql as $$
begin
  update app.tenant_queue set revision = revision + 1 where tenant_id = old.tenant_id;
  return old;
end $$;
create trigger tool_server_gone after delete on app.tool_server for each row execute function app.bump_revision_of_gone();
