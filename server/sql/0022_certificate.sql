-- The installation's own certificate authority, for processes that talk to each other and to tool servers, and what it has issued.

-- id: SHA-256 of the root's DER, hex. "trustDomain": the authority part of every SPIFFE name, equal for all roots of the installation.
-- "sealedKey": PKCS #8, sealed by the installation key. A new root is trusted as soon as it is here and signs from "signsFrom" on, when
-- every process has read it; the one before is retired and trusted until nothing that it signed is valid any more.
create table auth."certificateAuthority" (
  "id"           text not null primary key check ("id" ~ '^[0-9a-f]{64}$'),
  "state"        text not null check ("state" in ('active', 'retired')),
  "trustDomain"  text not null check ("trustDomain" ~ '^factotum\.[0-9a-f]{24}$'),
  "certificate"  text not null,
  "sealedKey"    bytea not null,
  "createdAt"    timestamptz not null,
  "createdBy"    text not null,
  "signsFrom"    timestamptz not null,
  "trustedUntil" timestamptz not null
);
create unique index "certificateAuthority_one" on auth."certificateAuthority" ("state") where "state" = 'active';

-- A journal: the certificate itself and its key are nowhere. Kept for 90 days after it has expired.
create table auth."certificate" (
  "serial"      text not null primary key check ("serial" ~ '^[0-9a-f]{32}$'),
  "authorityId" text not null references auth."certificateAuthority" ("id"),
  "subject"     text not null,
  "dnsNames"    text[] not null default '{}',
  "issuedBy"    text not null,
  "issuedAt"    timestamptz not null,
  "expiresAt"   timestamptz not null,
  "revokedAt"   timestamptz,
  "revokedBy"   text
);
create index "certificate_expiry" on auth."certificate" ("expiresAt");
create index "certificate_revoked" on auth."certificate" ("revokedAt") where "revokedAt" is not null;

grant select, insert, update on auth."certificateAuthority" to factotum_auth;
grant select, insert, update, delete on auth."certificate" to factotum_auth;
