-- Secrets: credentials that people and settings refer to by name (secret://db/<name>). Values are sealed; names are what references say.

-- reference: the value lies in another store, and no version has bytes here. rotate_at: when the present value should be replaced.
create table app.secret (
  tenant_id         text not null references app.tenant,
  secret_id         text not null check (secret_id ~ '^sec_[0-9a-f]{24}$'),
  name              text not null check (name ~ '^[a-z0-9]([a-z0-9._/-]{0,98}[a-z0-9])?$'),
  kind              text not null check (kind in ('static', 'api-key', 'oauth-token', 'database-password', 'signing-key', 'certificate')),
  reference         text,
  current_version   integer not null check (current_version > 0),
  rotate_after_days integer check (rotate_after_days between 1 and 3650),
  rotate_at         timestamptz,
  created_at        timestamptz not null,
  created_by        text not null,
  changed_at        timestamptz not null,
  last_used_at      timestamptz,
  primary key (tenant_id, secret_id),
  unique (tenant_id, name)
);

-- pending: made and not in use yet. previous: still accepted while the new one spreads. revoked: its bytes are gone.
create table app.secret_version (
  tenant_id   text not null,
  secret_id   text not null,
  version     integer not null check (version > 0),
  state       text not null check (state in ('pending', 'current', 'previous', 'revoked')),
  sealed      bytea,
  created_at  timestamptz not null,
  created_by  text not null,
  state_since timestamptz not null,
  primary key (tenant_id, secret_id, version),
  foreign key (tenant_id, secret_id) references app.secret (tenant_id, secret_id) on delete cascade,
  check (state <> 'revoked' or sealed is null)
);
create unique index secret_version_current on app.secret_version (tenant_id, secret_id) where state = 'current';

do $$
declare t text;
begin
  foreach t in array array['secret', 'secret_version'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy tenant_isolation on app.%I to factotum_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', t);
    execute format('grant select, insert, update, delete on app.%I to factotum_app', t);
  end loop;
end $$;

-- While a tenant is moving nothing of it changes, but for when a secret was used last.
create trigger secret_moving before insert or delete or update of name, kind, reference, current_version, rotate_after_days, rotate_at on app.secret
  for each statement when (current_user = 'factotum_app') execute function app.refuse_while_moving();
create trigger secret_version_moving before insert or update or delete on app.secret_version
  for each statement when (current_user = 'factotum_app') execute function app.refuse_while_moving();

-- The installation's own, sealed with the installation key. The same columns, named as this schema names things.
create table auth."installationSecret" (
  "secretId"        text not null primary key check ("secretId" ~ '^sec_[0-9a-f]{24}$'),
  "name"            text not null unique check ("name" ~ '^[a-z0-9]([a-z0-9._/-]{0,98}[a-z0-9])?$'),
  "kind"            text not null check ("kind" in ('static', 'api-key', 'oauth-token', 'database-password', 'signing-key', 'certificate')),
  "reference"       text,
  "currentVersion"  integer not null check ("currentVersion" > 0),
  "rotateAfterDays" integer check ("rotateAfterDays" between 1 and 3650),
  "rotateAt"        timestamptz,
  "createdAt"       timestamptz not null,
  "createdBy"       text not null,
  "changedAt"       timestamptz not null,
  "lastUsedAt"      timestamptz
);
create table auth."installationSecretVersion" (
  "secretId"   text not null references auth."installationSecret" ("secretId") on delete cascade,
  "version"    integer not null check ("version" > 0),
  "state"      text not null check ("state" in ('pending', 'current', 'previous', 'revoked')),
  "sealed"     bytea,
  "createdAt"  timestamptz not null,
  "createdBy"  text not null,
  "stateSince" timestamptz not null,
  primary key ("secretId", "version"),
  check ("state" <> 'revoked' or "sealed" is null)
);
create unique index "installationSecretVersion_current" on auth."installationSecretVersion" ("secretId") where "state" = 'current';
grant select, insert, update, delete on auth."installationSecret", auth."installationSecretVersion" to factotum_auth;
