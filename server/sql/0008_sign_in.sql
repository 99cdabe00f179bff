-- How a session came to be, when its person last proved to be present, who operates the installation, and what each tenant asks of
-- those who sign in.

-- method: link, password, passkey, invitation, or sso:<provider id>. "stepUpAt": the last time the person proved to be present, at
-- sign-in or later.
alter table auth."session" add column "method" text not null default 'link', add column "stepUpAt" timestamptz;

-- People who run the installation. They belong to no tenant by this and see no tenant's content.
create table auth."operator" (
  "userId"    text not null primary key references auth."user" ("id") on delete cascade,
  "createdAt" timestamptz not null default current_timestamp
);

-- One row per tenant that asks for anything; without it, the defaults of these columns hold.
create table auth."tenantSecurity" (
  "tenantId"             text not null primary key references auth."organization" ("id") on delete cascade,
  "ssoRequired"          boolean not null default false,
  -- The one person who may sign in otherwise while single sign-on is required.
  "breakGlassUserId"     text references auth."user" ("id") on delete set null,
  "secondFactorRequired" boolean not null default false,
  -- Networks in CIDR notation; empty: from anywhere.
  "allowedAddresses"     text[] not null default '{}',
  -- Null: as the installation has it. Only shorter counts.
  "sessionIdleMinutes"   integer check ("sessionIdleMinutes" between 5 and 720),
  "sessionAbsoluteHours" integer check ("sessionAbsoluteHours" between 1 and 720),
  "updatedAt"            timestamptz not null default current_timestamp
);

grant select, insert, update, delete on auth."operator", auth."tenantSecurity" to factotum_auth;
