import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { AuthDb } from '../store.ts';

/** What a member's tenant asks of a session; nothing when they are no member of it. */
export const findSessionRules = (db: AuthDb, userId: Id<'user'>, tenantId: Id<'tenant'>) =>
  db
    .selectFrom('member')
    .leftJoin('tenantSecurity', 'tenantSecurity.tenantId', 'member.organizationId')
    .select(['tenantSecurity.ssoRequired', 'tenantSecurity.breakGlassUserId'])
    .where('member.userId', '=', userId)
    .where('member.organizationId', '=', tenantId)
    .executeTakeFirst();

export const setLastTenant = (db: AuthDb, userId: Id<'user'>, tenantId: Id<'tenant'>) =>
  db.updateTable('user').set({ lastTenantId: tenantId }).where('id', '=', userId).execute();

export const deleteSession = (db: AuthDb, sessionId: string) => db.deleteFrom('session').where(sql`id`, '=', sessionId).execute();

/** Clears away a person's sessions that are over. */
export const deleteExpiredSessions = (db: AuthDb, userId: Id<'user'>, now: Date) =>
  db.deleteFrom('session').where('userId', '=', userId).where('expiresAt', '<=', now).execute();

/** Gives a session a new token, which ends the old one's use, and notes what has been proved or chosen; nothing when it has ended. */
export const renewSession = (
  db: AuthDb,
  sessionId: Id<'session'>,
  token: string,
  change: { stepUpAt?: Date; secondFactor?: string; activeOrganizationId?: Id<'tenant'> | null },
) =>
  db
    .updateTable('session')
    .set({ ...change, token })
    .where('id', '=', sessionId)
    .returning('id')
    .executeTakeFirst();
