-- Programs: accounts of their own, keys that are rotated, and the keys that sign short-lived tokens; and the counters of network addresses.

-- permissions: as an API key's. A deleted account stays, so that what it did can be told; its name is free again.
create table auth."serviceAccount" (
  "id"             text not null primary key check ("id" ~ '^svc_[0-9a-f]{24}$'),
  "organizationId" text not null references auth."organization" ("id") on delete cascade,
  "name"           text not null,
  "description"    text not null default '',
  "permissions"    text not null,
  "createdAt"      timestamptz not null,
  "updatedAt"      timestamptz not null,
  "deletedAt"      timestamptz
);
create unique index service_account_name on auth."serviceAccount" ("organizationId", lower("name")) where "deletedAt" is null;

-- perMinute: requests, null for what the tenant has. replacedBy: the key that a rotation made; this one then ends at its expiresAt.
alter table auth."apikey"
  add column "serviceAccountId" text references auth."serviceAccount" ("id") on delete cascade,
  add column "perMinute" integer check ("perMinute" between 1 and 1000000),
  add column "replacedBy" text;
create index apikey_service_account on auth."apikey" ("serviceAccountId") where "serviceAccountId" is not null;

-- id: the RFC 7638 thumbprint of the public key, which is the kid of its tokens. The one without an end signs.
create table auth."signingKey" (
  "id"               text not null primary key,
  "publicJwk"        jsonb not null,
  "sealedPrivateKey" bytea not null,
  "createdAt"        timestamptz not null,
  "endsAt"           timestamptz
);
create unique index signing_key_current on auth."signingKey" ((true)) where "endsAt" is null;

-- Requests of one network address in one minute. Not logged to disk: a crash forgets a minute's counts, which is worth the writes saved.
create unlogged table auth."addressCounter" (
  "name"        text not null,
  "windowStart" timestamptz not null,
  "used"        bigint not null,
  primary key ("name", "windowStart")
);
create index address_counter_age on auth."addressCounter" ("windowStart");

grant select, insert, update, delete on auth."serviceAccount", auth."signingKey", auth."addressCounter" to factotum_auth;
