import type { RoleDatabase } from '#kernel/database';
import { inTransaction } from '#kernel/database';

export interface AuthorityRow {
  readonly id: string;
  readonly state: 'active' | 'retired';
  readonly trustDomain: string;
  readonly certificate: string;
  readonly sealedKey: Buffer;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly signsFrom: Date;
  readonly trustedUntil: Date;
}

/** A certificate that was issued, without its bytes. */
export interface JournalRow {
  readonly serial: string;
  readonly authorityId: string;
  readonly subject: string;
  readonly dnsNames: readonly string[];
  readonly issuedBy: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  readonly revokedBy: string | null;
}

/** What statements run on: the pool, or a connection in a transaction. */
type Queryable = Pick<RoleDatabase['pool'], 'query'>;

/** Journal rows are kept for 90 days after the certificate has expired. */
const journalDays = 90;

/** Roots that are trusted at that time, the one that signs last first. */
export async function selectAuthorities(on: Queryable, now: Date): Promise<AuthorityRow[]> {
  const { rows } = await on.query<AuthorityRow>(
    `select "id", "state", "trustDomain", "certificate", "sealedKey", "createdAt", "createdBy", "signsFrom", "trustedUntil"
     from "certificateAuthority" where "trustedUntil" > $1 order by "signsFrom" desc, "id"`,
    [now],
  );
  return rows;
}

/** Serials that are refused although they have not expired. */
export async function selectDenied(on: Queryable, now: Date): Promise<string[]> {
  const { rows } = await on.query<{ serial: string }>(
    'select "serial" from "certificate" where "revokedAt" is not null and "expiresAt" > $1',
    [now],
  );
  return rows.map(({ serial }) => serial);
}

/** Runs `work` while no other process makes or retires a root. */
export const withAuthorities = <R>(auth: RoleDatabase, work: (tx: Queryable) => Promise<R>): Promise<R> =>
  inTransaction(auth, async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtext('factotum'), hashtext('certificate authority'))`);
    return work(tx);
  });

export async function insertAuthority(on: Queryable, row: Omit<AuthorityRow, 'state'>): Promise<void> {
  await on.query(
    `insert into "certificateAuthority" ("id", "state", "trustDomain", "certificate", "sealedKey", "createdAt", "createdBy", "signsFrom", "trustedUntil")
     values ($1, 'active', $2, $3, $4, $5, $6, $7, $8)`,
    [row.id, row.trustDomain, row.certificate, row.sealedKey, row.createdAt, row.createdBy, row.signsFrom, row.trustedUntil],
  );
}

/** Retires every root that is trusted. Each stays trusted until then, or until the last thing that it signed expires where that is later. */
export async function retireAuthorities(on: Queryable, now: Date, trustedUntil: Date): Promise<void> {
  await on.query(
    `update "certificateAuthority" a set "state" = 'retired', "trustedUntil" = least(a."trustedUntil", greatest($2::timestamptz,
       (select max(c."expiresAt") from "certificate" c where c."authorityId" = a."id" and c."revokedAt" is null)))
     where a."trustedUntil" > $1`,
    [now, trustedUntil],
  );
}

/** Ends the trust in every retired root at once. */
export async function endRetired(on: Queryable, now: Date): Promise<void> {
  await on.query(`update "certificateAuthority" set "trustedUntil" = $1 where "state" = 'retired' and "trustedUntil" > $1`, [now]);
}

/** Writes a certificate down, and forgets those that expired long ago. */
export async function insertJournal(on: Queryable, row: Omit<JournalRow, 'revokedAt' | 'revokedBy'>): Promise<void> {
  await on.query(
    `with forgotten as (delete from "certificate" where "expiresAt" < $7::timestamptz - make_interval(days => ${journalDays}))
     insert into "certificate" ("serial", "authorityId", "subject", "dnsNames", "issuedBy", "expiresAt", "issuedAt") values ($1, $2, $3, $4, $5, $6, $7)`,
    [row.serial, row.authorityId, row.subject, row.dnsNames, row.issuedBy, row.expiresAt, row.issuedAt],
  );
}

/** @returns what was revoked: nothing when there is no such certificate, or when it is revoked already. */
export async function revokeJournal(on: Queryable, serial: string, by: string, now: Date): Promise<string | null> {
  const { rows } = await on.query<{ subject: string }>(
    'update "certificate" set "revokedAt" = $3, "revokedBy" = $2 where "serial" = $1 and "revokedAt" is null returning "subject"',
    [serial, by, now],
  );
  return rows[0]?.subject ?? null;
}

/** What is valid or was revoked, the newest first. */
export async function selectJournal(on: Queryable, now: Date, limit: number): Promise<JournalRow[]> {
  const { rows } = await on.query<JournalRow>(
    `select "serial", "authorityId", "subject", "dnsNames", "issuedBy", "issuedAt", "expiresAt", "revokedAt", "revokedBy"
     from "certificate" where "expiresAt" > $1 order by "issuedAt" desc, "serial" limit $2`,
    [now, limit],
  );
  return rows;
}
