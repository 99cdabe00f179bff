-- People and groups that a directory provisions (SCIM 2.0, RFC 7643 and 7644).

-- The bearer tokens of directories, by the SHA-256 of their text.
create table auth."scimToken" (
  "id"         text not null primary key check ("id" ~ '^sct_[0-9a-f]{24}$'),
  "tenantId"   text not null references auth."organization" ("id") on delete cascade,
  "name"       text not null,
  "start"      text not null,
  "tokenHash"  text not null unique check ("tokenHash" ~ '^[0-9a-f]{64}$'),
  "createdBy"  text not null,
  "createdAt"  timestamptz not null,
  "expiresAt"  timestamptz,
  "lastUsedAt" timestamptz
);
create index "scimToken_tenant" on auth."scimToken" ("tenantId");

-- What a directory says of a person. active is false: no member now, and nobody makes them one but the directory.
create table auth."scimUser" (
  "tenantId"   text not null references auth."organization" ("id") on delete cascade,
  "userId"     text not null references auth."user" ("id") on delete cascade,
  "userName"   text not null,
  "externalId" text,
  "active"     boolean not null,
  -- Whether this directory made the person, so that it may say what they are called and how they are reached.
  "made"       boolean not null,
  "attributes" jsonb not null,
  "version"    integer not null default 1,
  "createdAt"  timestamptz not null,
  "updatedAt"  timestamptz not null,
  primary key ("tenantId", "userId")
);
create unique index "scimUser_name" on auth."scimUser" ("tenantId", lower("userName"));
create index "scimUser_external" on auth."scimUser" ("tenantId", "externalId");
create index "scimUser_person" on auth."scimUser" ("userId");

-- A group of a directory is a team with this set; its managedBy is 'scim'.
alter table auth."team" add column "externalId" text;

-- Which roles members get whom a directory manages: those of the rules that name one of their groups, else the fallback.
create table auth."scimRoles" (
  "tenantId" text not null primary key references auth."organization" ("id") on delete cascade,
  "rules"    jsonb not null,
  "fallback" text[] not null
);

grant select, insert, update, delete on auth."scimToken", auth."scimUser", auth."scimRoles" to factotum_auth;
