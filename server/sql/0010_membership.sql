-- Who belongs to a tenant and as what: roles that tenants make themselves, teams, invitations.

-- Roles of a tenant's own. member."role" holds names, of these and of the built-in ones, with commas between; a name never changes.
create table auth."tenantRole" (
  "id"          text not null primary key check ("id" ~ '^rol_[0-9a-f]{24}$'),
  "tenantId"    text not null references auth."organization" ("id") on delete cascade,
  "name"        text not null check ("name" ~ '^[a-z][a-z0-9-]{0,39}$'),
  "title"       text not null,
  "permissions" text[] not null,
  "createdAt"   timestamptz not null default current_timestamp,
  "updatedAt"   timestamptz not null default current_timestamp,
  unique ("tenantId", "name")
);

create table auth."team" (
  "id"        text not null primary key check ("id" ~ '^tem_[0-9a-f]{24}$'),
  "tenantId"  text not null references auth."organization" ("id") on delete cascade,
  "name"      text not null,
  -- As in auth.member below.
  "managedBy" text check ("managedBy" in ('scim')),
  "createdAt" timestamptz not null default current_timestamp,
  "updatedAt" timestamptz not null default current_timestamp,
  unique ("tenantId", "id")
);
create unique index team_name on auth."team" ("tenantId", lower("name"));

-- Of people, not of members: somebody whom a directory switches off for a while comes back to their teams. Lists show members only.
create table auth."teamMember" (
  "tenantId" text not null,
  "teamId"   text not null,
  "userId"   text not null references auth."user" ("id") on delete cascade,
  primary key ("teamId", "userId"),
  foreign key ("tenantId", "teamId") references auth."team" ("tenantId", "id") on delete cascade
);
create index team_of_member on auth."teamMember" ("tenantId", "userId");

-- 'scim': a directory says what this member is, and nobody changes it by hand.
alter table auth."member" add column "managedBy" text check ("managedBy" in ('scim'));

-- Open invitations; used and withdrawn ones are deleted. Who invites may be a key or an operator, who are no users: "invitedBy" is their name in the audit log.
alter table auth."invitation"
  alter column "inviterId" drop not null,
  add column "tokenHash" text unique check ("tokenHash" ~ '^[0-9a-f]{64}$'),
  add column "teams" text[] not null default '{}',
  add column "invitedBy" text,
  -- Whether the token went to the address itself: only then does using it prove the address.
  add column "mailed" boolean not null default false,
  add column "sentAt" timestamptz;
create unique index invitation_once on auth."invitation" ("organizationId", lower("email"));

grant select, insert, update, delete on auth."tenantRole", auth."team", auth."teamMember" to factotum_auth;
