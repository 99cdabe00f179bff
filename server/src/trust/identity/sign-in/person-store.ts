import { sql } from 'kysely';
import type { Id } from '#kernel';
import { type AuthDb, secondFactorOf } from '../store.ts';

/** A person as signing in needs to know them. One query, which takes as long whether there is somebody or not. */
const people = (db: AuthDb) =>
  db
    .selectFrom('user')
    .leftJoin('account', (join) => join.onRef('account.userId', '=', 'user.id').on('account.providerId', '=', 'credential'))
    .leftJoin('twoFactor', 'twoFactor.userId', 'user.id')
    .leftJoin('operator', 'operator.userId', 'user.id')
    .select(['user.id', 'user.name', 'user.email', 'user.emailVerified', 'user.lastTenantId', 'user.language', 'account.password'])
    .select(sql<boolean>`coalesce("twoFactor".verified, false)`.as('hasTotp'))
    .select(sql<boolean>`operator."userId" is not null`.as('isOperator'))
    .select(secondFactorOf('user.id').as('hasSecondFactor'));

export type Person = NonNullable<Awaited<ReturnType<typeof findPerson>>>;

export const findPerson = (db: AuthDb, userId: Id<'user'>) => people(db).where('user.id', '=', userId).executeTakeFirst();

/** @param email - in lower case. */
export const findPersonByEmail = (db: AuthDb, email: string) => people(db).where('user.email', '=', email).executeTakeFirst();

/** Where somebody is a member and what that tenant asks of sign-ins, by the tenants' names. */
export const findMemberships = (db: AuthDb, userId: Id<'user'>) =>
  db
    .selectFrom('member')
    .innerJoin('organization', 'organization.id', 'member.organizationId')
    .leftJoin('tenantSecurity', 'tenantSecurity.tenantId', 'member.organizationId')
    .select([
      'organization.id as tenantId',
      'organization.name',
      'member.role',
      'tenantSecurity.ssoRequired',
      'tenantSecurity.breakGlassUserId',
    ])
    .where('member.userId', '=', userId)
    .orderBy('organization.name')
    .execute();

/** @param email - in lower case. */
export const findMemberByEmail = (db: AuthDb, tenantId: Id<'tenant'>, email: string) =>
  db
    .selectFrom('member')
    .innerJoin('user', 'user.id', 'member.userId')
    .select('user.id as userId')
    .where('member.organizationId', '=', tenantId)
    .where('user.email', '=', email)
    .executeTakeFirst();

/** Keeps a password's hash, instead of an earlier one. */
export const putPassword = (db: AuthDb, row: { id: string; userId: Id<'user'>; hash: string; now: Date }) =>
  db
    .insertInto('account')
    .values({
      id: row.id,
      accountId: row.userId,
      providerId: 'credential',
      userId: row.userId,
      password: row.hash,
      createdAt: row.now,
      updatedAt: row.now,
    })
    .onConflict((conflict) =>
      // Spelt out: PostgreSQL finds a partial index by its words, not by a parameter.
      conflict.column('userId').where(sql<boolean>`"providerId" = 'credential'`).doUpdateSet({ password: row.hash, updatedAt: row.now }),
    )
    .execute();

export const deletePassword = (db: AuthDb, userId: Id<'user'>) =>
  db.deleteFrom('account').where('userId', '=', userId).where('providerId', '=', 'credential').returning('id').executeTakeFirst();

export const findTotp = (db: AuthDb, userId: Id<'user'>) =>
  db.selectFrom('twoFactor').select(['secret', 'verified', 'lastStep']).where('userId', '=', userId).executeTakeFirst();

/** Takes a code's time step: of any number of uses of one code, one gets through, and none of an earlier one after it. */
export const takeTotpStep = (db: AuthDb, userId: Id<'user'>, step: number, { verified }: { verified: boolean }) =>
  db
    .updateTable('twoFactor')
    .set({ lastStep: String(step), verified: true })
    .where('userId', '=', userId)
    .where('lastStep', '<', String(step))
    .where('verified', '=', verified)
    .returning('userId')
    .executeTakeFirst();

/** Uses a recovery code up. */
export const takeRecoveryCode = (db: AuthDb, userId: Id<'user'>, hash: string) =>
  db.deleteFrom('recoveryCode').where('userId', '=', userId).where('hash', '=', hash).returning('hash').executeTakeFirst();

/**
 * Notes that a person reads the mail of their address. If nobody had proved that before, whatever was set up until now may be somebody
 * else's, who took the address for theirs: passwords, passkeys, apps and sessions end.
 */
export const verifyAddress = (db: AuthDb, userId: Id<'user'>, now: Date): Promise<boolean> =>
  db.transaction().execute(async (tx) => {
    const first = await tx
      .updateTable('user')
      .set({ emailVerified: true, updatedAt: now })
      .where('id', '=', userId)
      .where('emailVerified', '=', false)
      .returning('id')
      .executeTakeFirst();
    if (first === undefined) return false;
    await deletePassword(tx, userId);
    for (const table of ['passkey', 'twoFactor', 'recoveryCode', 'session'] as const)
      await tx.deleteFrom(table).where('userId', '=', userId).execute();
    return true;
  });
