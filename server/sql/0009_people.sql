-- How people prove who they are, and what is counted so that nobody guesses.

-- Set when a session was proved by a second factor: totp, recovery, passkey, or operator for a link that was printed at the machine.
alter table auth."session" add column "secondFactor" text;
-- Where the person was last: where the next sign-in leads to.
alter table auth."user" add column "lastTenantId" text;

-- An authenticator app. The secret is sealed with a key made of the installation's session secret. "lastStep": the time step of the
-- last code that was taken, so that no code opens twice. Not verified: being set up.
create table auth."twoFactor" (
  "userId"    text not null primary key references auth."user" ("id") on delete cascade,
  "secret"    text not null,
  "verified"  boolean not null default false,
  "lastStep"  bigint not null default 0,
  "createdAt" timestamptz not null default current_timestamp
);

-- Keyed hashes of recovery codes. A code is used by deleting its row.
create table auth."recoveryCode" (
  "userId" text not null references auth."user" ("id") on delete cascade,
  "hash"   text not null,
  primary key ("userId", "hash")
);

-- Public keys of passkeys (WebAuthn Level 3). publicKey is a COSE key, base64url.
create table auth."passkey" (
  "id"           text not null primary key check ("id" ~ '^pky_[0-9a-f]{24}$'),
  "userId"       text not null references auth."user" ("id") on delete cascade,
  "name"         text not null,
  "credentialID" text not null unique,
  "publicKey"    text not null,
  "counter"      bigint not null,
  "transports"   text[] not null default '{}',
  "backedUp"     boolean not null,
  "createdAt"    timestamptz not null default current_timestamp,
  "lastUsedAt"   timestamptz
);
create index "passkey_userId_idx" on auth."passkey" ("userId");

-- Failed attempts, by a keyed hash of what is counted: an address, a person at an address, a browser that is known.
create table auth."signInFailure" (
  "key"          text not null primary key,
  "count"        integer not null,
  "blockedUntil" timestamptz not null,
  "lastAt"       timestamptz not null
);
create index "signInFailure_age" on auth."signInFailure" ("lastAt");

-- One password a person.
create unique index account_password_once on auth."account" ("userId") where "providerId" = 'credential';

grant select, insert, update, delete on auth."twoFactor", auth."recoveryCode", auth."passkey", auth."signInFailure" to factotum_auth;
