-- Single sign-on: a tenant's identity providers, the domains it has proven, who is who at them, and sign-ins that are under way.

-- sealed: everything else about the provider, its secrets included, under the tenant's keys with the provider's id bound in. So a row
-- copied to another id or tenant does not open, and who may write this table cannot point a provider elsewhere.
create table auth."ssoProvider" (
  "id"        text not null primary key check ("id" ~ '^sso_[0-9a-f]{24}$'),
  "tenantId"  text not null references auth."organization" ("id") on delete cascade,
  "kind"      text not null check ("kind" in ('oidc', 'oauth2', 'saml')),
  "name"      text not null,
  "enabled"   boolean not null,
  "sealed"    bytea not null,
  "createdAt" timestamptz not null,
  "updatedAt" timestamptz not null,
  -- The last test: when it ended, and the error's code if it failed.
  "testedAt"  timestamptz,
  "testError" text,
  unique ("id", "tenantId")
);
create index "ssoProvider_tenant" on auth."ssoProvider" ("tenantId");

-- token: what the tenant puts into DNS. A domain may be claimed by many tenants and is proven by one.
create table auth."ssoDomain" (
  "tenantId"     text not null,
  "domain"       text not null check ("domain" = lower("domain")),
  "providerId"   text not null,
  "token"        text not null,
  "createdAt"    timestamptz not null,
  "verifiedAt"   timestamptz,
  "checkedAt"    timestamptz,
  -- Since when the record has been missing from DNS, while the domain still counts as proven.
  "missingSince" timestamptz,
  primary key ("tenantId", "domain"),
  foreign key ("providerId", "tenantId") references auth."ssoProvider" ("id", "tenantId") on delete cascade
);
create unique index "ssoDomain_proven" on auth."ssoDomain" ("domain") where "verifiedAt" is not null;
create index "ssoDomain_provider" on auth."ssoDomain" ("providerId");
create index "ssoDomain_due" on auth."ssoDomain" ("checkedAt") where "verifiedAt" is not null;

-- Who a provider's subject is here. It ends with the membership, so that who is removed does not come back by an old connection.
create table auth."ssoIdentity" (
  "providerId"   text not null,
  "subject"      text not null,
  "tenantId"     text not null,
  "userId"       text not null,
  "createdAt"    timestamptz not null,
  "lastSignInAt" timestamptz not null,
  primary key ("providerId", "subject"),
  -- A second subject for the same person is most often somebody else who was given their old address.
  unique ("providerId", "userId"),
  foreign key ("providerId", "tenantId") references auth."ssoProvider" ("id", "tenantId") on delete cascade,
  foreign key ("userId", "tenantId") references auth."member" ("userId", "organizationId") on delete cascade
);
create index "ssoIdentity_member" on auth."ssoIdentity" ("userId", "tenantId");

-- A sign-in between here and the provider. state and browser are SHA-256: of what travels, and of the browser's cookie.
-- sealed: nonce, verifier, request id, where to go back to. answer: what a provider posted, checked, until the browser fetches it.
create table auth."ssoLogin" (
  "state"      text not null primary key,
  "browser"    text not null,
  "tenantId"   text not null,
  "providerId" text not null references auth."ssoProvider" ("id") on delete cascade,
  "sealed"     bytea not null,
  "answer"     bytea,
  "expiresAt"  timestamptz not null
);
create index "ssoLogin_age" on auth."ssoLogin" ("expiresAt");
create index "ssoLogin_provider" on auth."ssoLogin" ("providerId");

-- token: the SHA-256 of what begins the test, null once it has begun. sealed: what the provider said.
create table auth."ssoTest" (
  "id"         text not null primary key,
  "tenantId"   text not null,
  "providerId" text not null references auth."ssoProvider" ("id") on delete cascade,
  "token"      text unique,
  "state"      text not null check ("state" in ('waiting', 'ok', 'failed')),
  "sealed"     bytea,
  "expiresAt"  timestamptz not null
);
create index "ssoTest_age" on auth."ssoTest" ("expiresAt");
create index "ssoTest_provider" on auth."ssoTest" ("providerId");

grant select, insert, update, delete
  on auth."ssoProvider", auth."ssoDomain", auth."ssoIdentity", auth."ssoLogin", auth."ssoTest"
  to factotum_auth;
