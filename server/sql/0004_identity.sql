-- Identity: the tables of better-auth (core, organisations, API keys), as its own migration tool writes them, in schema auth.
-- A test asks that tool what is missing; whoever adds a plug-in adds a file with what it answers.
-- No row-level security here: a session is looked up before anybody knows whose tenant it is for. The wall is the role:
-- factotum_auth touches nothing else, and no other role touches these.

create table auth."user" (
  "id"            text not null primary key,
  "name"          text not null,
  "email"         text not null unique,
  "emailVerified" boolean not null,
  "image"         text,
  "createdAt"     timestamptz not null default current_timestamp,
  "updatedAt"     timestamptz not null default current_timestamp
);

-- The token alone opens nothing: the cookie carries it signed. expiresAt slides with use, never past createdAt plus the absolute life.
create table auth."session" (
  "id"                   text not null primary key,
  "expiresAt"            timestamptz not null,
  "token"                text not null unique,
  "createdAt"            timestamptz not null default current_timestamp,
  "updatedAt"            timestamptz not null,
  "ipAddress"            text,
  "userAgent"            text,
  "userId"               text not null references auth."user" ("id") on delete cascade,
  "activeOrganizationId" text
);
create index "session_userId_idx" on auth."session" ("userId");

create table auth."account" (
  "id"                    text not null primary key,
  "accountId"             text not null,
  "providerId"            text not null,
  "userId"                text not null references auth."user" ("id") on delete cascade,
  "accessToken"           text,
  "refreshToken"          text,
  "idToken"               text,
  "accessTokenExpiresAt"  timestamptz,
  "refreshTokenExpiresAt" timestamptz,
  "scope"                 text,
  "password"              text,
  "createdAt"             timestamptz not null default current_timestamp,
  "updatedAt"             timestamptz not null
);
create index "account_userId_idx" on auth."account" ("userId");

-- Sign-in links live here, by the SHA-256 of their token.
create table auth."verification" (
  "id"         text not null primary key,
  "identifier" text not null,
  "value"      text not null,
  "expiresAt"  timestamptz not null,
  "createdAt"  timestamptz not null default current_timestamp,
  "updatedAt"  timestamptz not null default current_timestamp
);
create index "verification_identifier_idx" on auth."verification" ("identifier");
create index verification_age on auth."verification" ("expiresAt");

-- The id is the tenant's: app.tenant has the same one.
create table auth."organization" (
  "id"        text not null primary key check ("id" ~ '^ten_[0-9a-f]{24}$'),
  "name"      text not null,
  "slug"      text not null unique,
  "logo"      text,
  "createdAt" timestamptz not null,
  "metadata"  text
);

create table auth."member" (
  "id"             text not null primary key,
  "organizationId" text not null references auth."organization" ("id") on delete cascade,
  "userId"         text not null references auth."user" ("id") on delete cascade,
  "role"           text not null,
  "createdAt"      timestamptz not null
);
create index "member_organizationId_idx" on auth."member" ("organizationId");
create index "member_userId_idx" on auth."member" ("userId");
-- Two rows would be two answers to what somebody may do.
create unique index member_once on auth."member" ("userId", "organizationId");

create table auth."invitation" (
  "id"             text not null primary key,
  "organizationId" text not null references auth."organization" ("id") on delete cascade,
  "email"          text not null,
  "role"           text,
  "status"         text not null,
  "expiresAt"      timestamptz not null,
  "createdAt"      timestamptz not null default current_timestamp,
  "inviterId"      text not null references auth."user" ("id") on delete cascade
);
create index "invitation_organizationId_idx" on auth."invitation" ("organizationId");
create index "invitation_email_idx" on auth."invitation" ("email");

-- key is the SHA-256 of the key; referenceId the tenant that owns it.
create table auth."apikey" (
  "id"                  text not null primary key,
  "configId"            text not null,
  "name"                text,
  "start"               text,
  "referenceId"         text not null,
  "prefix"              text,
  "key"                 text not null,
  "refillInterval"      integer,
  "refillAmount"        integer,
  "lastRefillAt"        timestamptz,
  "enabled"             boolean,
  "rateLimitEnabled"    boolean,
  "rateLimitTimeWindow" integer,
  "rateLimitMax"        integer,
  "requestCount"        integer,
  "remaining"           integer,
  "lastRequest"         timestamptz,
  "expiresAt"           timestamptz,
  "createdAt"           timestamptz not null,
  "updatedAt"           timestamptz not null,
  "permissions"         text,
  "metadata"            text
);
create index "apikey_configId_idx" on auth."apikey" ("configId");
create index "apikey_referenceId_idx" on auth."apikey" ("referenceId");
create index "apikey_key_idx" on auth."apikey" ("key");

create table auth."rateLimit" (
  "id"          text not null primary key,
  "key"         text not null unique,
  "count"       integer not null,
  "lastRequest" bigint not null
);

grant select, insert, update, delete
  on auth."user", auth."session", auth."account", auth."verification", auth."organization", auth."member", auth."invitation", auth."apikey", auth."rateLimit"
  to factotum_auth;
