import { sql } from 'kysely';
import { FactotumError, type Id } from '#kernel';
import { endDevices } from '../device/device-token.ts';
import { type AuthDb, revocationChannel } from '../store.ts';
import {
  type Acting,
  changingMembers,
  hasDirectory,
  namesIn,
  type Room,
  requireByHand,
  requireDispensable,
  requireOwner,
  requireRoom,
  requireWithin,
  resolveRoles,
} from './rules.ts';

/** Somebody who belongs to a tenant, as its other members see them. */
export interface Member {
  readonly userId: Id<'user'>;
  readonly name: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly roles: readonly string[];
  readonly teams: readonly { readonly id: Id<'team'>; readonly name: string }[];
  readonly joinedAt: Date;
  /** When a session in this tenant that still exists was last used. */
  readonly lastSeenAt: Date | null;
  /** Whether they have an authenticator app or a passkey. */
  readonly secondFactor: boolean;
  readonly managedBy: 'scim' | null;
}

/** By name; the page after a member starts behind their name and id. */
export async function listMembers(
  db: AuthDb,
  { tenantId, after, limit }: { tenantId: Id<'tenant'>; after?: Pick<Member, 'name' | 'userId'> | null | undefined; limit: number },
): Promise<readonly Member[]> {
  const behind = after ? sql`and (lower("user".name), "user".id) > (lower(${after.name}), ${after.userId})` : sql``;
  const { rows } = await sql<Omit<Member, 'roles'> & { role: string }>`
    select "user".id as "userId", "user".name, "user".email, "user"."emailVerified", member.role, member."createdAt" as "joinedAt", member."managedBy",
      (select max("updatedAt") from session where session."userId" = "user".id and "activeOrganizationId" = ${tenantId}) as "lastSeenAt",
      exists (select from passkey where passkey."userId" = "user".id)
        or exists (select from "twoFactor" where "twoFactor"."userId" = "user".id and verified) as "secondFactor",
      coalesce((select json_agg(json_build_object('id', team.id, 'name', team.name) order by lower(team.name))
        from "teamMember" join team on team.id = "teamMember"."teamId"
        where "teamMember"."userId" = "user".id and team."tenantId" = ${tenantId}), '[]') as teams
    from member join "user" on "user".id = member."userId"
    where member."organizationId" = ${tenantId} ${behind} order by lower("user".name), "user".id limit ${limit}`.execute(db);
  return rows.map(({ role, ...member }) => ({ ...member, roles: namesIn(role) }));
}

/**
 * Gives a member other roles. What they have already they keep even if the changer does not have it.
 *
 * @returns what they had and have.
 * @throws FactotumError `member.not_found`, `role.not_found`, `member.managed`, `auth.forbidden` (owners by owners; nobody gives what they do
 *   not have), `member.last_owner`, `member.break_glass`.
 */
export async function changeRoles(
  db: AuthDb,
  { tenantId, userId, roles, by }: { tenantId: Id<'tenant'>; userId: string; roles: readonly string[]; by: Acting },
): Promise<{ before: readonly string[]; after: readonly string[] }> {
  return changingMembers(db, tenantId, async (tx) => {
    const member = await findMember(tx, tenantId, userId);
    const before = await resolveRoles(tx, tenantId, member.roles);
    const after = await resolveRoles(tx, tenantId, roles);
    // Who owns the tenant is decided in it, whatever a directory says.
    if (new Set(before.names).symmetricDifference(new Set(after.names)).difference(new Set(['owner'])).size > 0)
      await requireByHand(tx, tenantId, member);
    const [wasOwner, isOwner] = [before.names.includes('owner'), after.names.includes('owner')];
    if (wasOwner || isOwner) await requireOwner(tx, tenantId, by);
    requireWithin(by, after.permissions.difference(before.permissions));
    if (wasOwner && !isOwner) await requireDispensable(tx, tenantId, member.userId);
    await setRoles(tx, tenantId, member.userId, after.names);
    return { before: before.names, after: after.names };
  });
}

/**
 * Takes somebody out: their sessions here, their links and tokens end at once. API keys stay, they are the tenant's. A person who then
 * belongs to no tenant is forgotten with all that they signed in with.
 *
 * @returns the sessions that ended, and the invitations that ended because they were theirs.
 * @throws FactotumError `member.not_found`, `member.managed`, `auth.forbidden`, `member.last_owner`, `member.break_glass`.
 */
export async function removeMember(
  db: AuthDb,
  { tenantId, userId, by }: { tenantId: Id<'tenant'>; userId: string; by: Acting },
): Promise<Ended> {
  return changingMembers(db, tenantId, async (tx) => {
    const member = await findMember(tx, tenantId, userId);
    await requireByHand(tx, tenantId, member);
    if (member.roles.includes('owner')) {
      await requireOwner(tx, tenantId, by);
      await requireDispensable(tx, tenantId, member.userId);
    }
    const ended = await endMembership(tx, tenantId, member.userId);
    for (const table of ['teamMember', 'scimUser'] as const)
      await tx.deleteFrom(table).where('tenantId', '=', tenantId).where('userId', '=', member.userId).execute();
    await forgetStrangers(tx, [member.userId]);
    return ended;
  });
}

/** Signs a member out of this tenant everywhere, their devices too. @throws FactotumError `member.not_found`, `auth.forbidden`. */
export async function endMemberSessions(
  db: AuthDb,
  { tenantId, userId, by }: { tenantId: Id<'tenant'>; userId: string; by: Acting },
): Promise<Pick<Ended, 'sessionIds' | 'deviceIds'>> {
  return changingMembers(db, tenantId, async (tx) => {
    const member = await findMember(tx, tenantId, userId);
    if (member.roles.includes('owner')) await requireOwner(tx, tenantId, by);
    const sessionIds = await endSessions(tx, tenantId, member.userId);
    return { sessionIds, deviceIds: await endDevices(tx, tenantId, member.userId) };
  });
}

export interface NewMember {
  readonly tenantId: Id<'tenant'>;
  readonly userId: Id<'user'>;
  /** Checked already. */
  readonly roles: readonly string[];
  readonly managedBy?: 'scim';
  readonly now: Date;
  readonly room: Room;
  /** The open invitation that is being used: its place is theirs. */
  readonly invitation?: Id<'invitation'>;
}

/**
 * The one way into a tenant that exists, within `changingMembers`.
 *
 * @throws FactotumError `member.exists`, `member.managed` (switched off by a directory), `quota.exceeded`.
 */
export async function addMember(tx: AuthDb, { tenantId, userId, roles, managedBy, now, room, invitation }: NewMember): Promise<void> {
  const present = await tx
    .selectFrom('member')
    .select('id')
    .where('organizationId', '=', tenantId)
    .where('userId', '=', userId)
    .executeTakeFirst();
  if (present) throw new FactotumError('member.exists', 'This person is a member already.');
  if (managedBy === undefined) await requireNotSwitchedOff(tx, tenantId, userId);
  // Whoever joins another way has no use for their invitation any more, and it would count beside them.
  await sql`delete from invitation using "user" where "organizationId" = ${tenantId} and "user".id = ${userId}
    and lower(invitation.email) = "user".email`.execute(tx);
  await requireRoom(tx, tenantId, room, now, invitation);
  await sql`insert into member (id, "organizationId", "userId", role, "createdAt", "managedBy")
    values (replace(gen_random_uuid()::text, '-', ''), ${tenantId}, ${userId}, ${roles.join()}, ${now}, ${managedBy ?? null})`.execute(tx);
}

/** Whom a directory has switched off, it alone lets in again: not an invitation, and not the next sign-in. */
async function requireNotSwitchedOff(tx: AuthDb, tenantId: Id<'tenant'>, userId: Id<'user'>): Promise<void> {
  const known = tx.selectFrom('scimUser').select('active').where('tenantId', '=', tenantId).where('userId', '=', userId);
  if ((await known.executeTakeFirst())?.active !== false) return;
  if (await hasDirectory(tx, tenantId))
    throw new FactotumError('member.managed', 'Your directory has switched this person off. Switch them on there.');
  await tx.deleteFrom('scimUser').where('tenantId', '=', tenantId).where('userId', '=', userId).execute();
}

export const setRoles = (tx: AuthDb, tenantId: Id<'tenant'>, userId: Id<'user'>, roles: readonly string[]) =>
  tx.updateTable('member').set({ role: roles.join() }).where('organizationId', '=', tenantId).where('userId', '=', userId).execute();

/** What came to an end with a membership. */
export interface Ended {
  readonly sessionIds: readonly Id<'session'>[];
  readonly deviceIds: readonly Id<'deviceToken'>[];
  readonly invitationIds: readonly Id<'invitation'>[];
}

/** Ends a membership and everything that hangs on it, within `changingMembers`. Places in teams stay. */
export async function endMembership(tx: AuthDb, tenantId: Id<'tenant'>, userId: Id<'user'>): Promise<Ended> {
  await tx.deleteFrom('member').where('organizationId', '=', tenantId).where('userId', '=', userId).execute();
  const sessionIds = await endSessions(tx, tenantId, userId);
  const deviceIds = await endDevices(tx, tenantId, userId);
  // Else somebody who is put out could come back as a second person whom they have invited before.
  const invitations = await tx
    .deleteFrom('invitation')
    .where('organizationId', '=', tenantId)
    .where('invitedBy', '=', `user:${userId}`)
    .returning('id')
    .execute();
  await sql`delete from verification where case when value like '{%' then value::jsonb ->> 'tenantId' = ${tenantId}
    and value::jsonb ->> 'userId' = ${userId} end`.execute(tx);
  return { sessionIds, deviceIds, invitationIds: invitations.map(({ id }) => id) };
}

async function endSessions(tx: AuthDb, tenantId: Id<'tenant'>, userId: Id<'user'>): Promise<readonly Id<'session'>[]> {
  const ended = await tx
    .deleteFrom('session')
    .where('activeOrganizationId', '=', tenantId)
    .where('userId', '=', userId)
    .returning('id')
    .execute();
  // For processes that believe what they have looked up for a moment; delivered with the commit.
  await sql`select pg_notify(${revocationChannel}, ${userId})`.execute(tx);
  return ended.map(({ id }) => id);
}

/** Forgets people who belong to nothing: no tenant and no directory, and do not operate the installation. */
export async function forgetStrangers(tx: AuthDb, userIds: readonly Id<'user'>[]): Promise<void> {
  await sql`delete from "user" where id = any(${userIds}::text[])
    and not exists (select from member where member."userId" = "user".id)
    and not exists (select from operator where operator."userId" = "user".id)
    and not exists (select from "scimUser" where "scimUser"."userId" = "user".id)`.execute(tx);
}

interface Found {
  readonly userId: Id<'user'>;
  readonly roles: readonly string[];
  readonly managedBy: 'scim' | null;
}

/** @throws FactotumError `member.not_found` */
export async function findMember(tx: AuthDb, tenantId: Id<'tenant'>, userId: string): Promise<Found> {
  const row = await tx
    .selectFrom('member')
    .select(['userId', 'role', 'managedBy'])
    .where('organizationId', '=', tenantId)
    .where(sql<boolean>`"userId" = ${userId}`)
    .executeTakeFirst();
  if (!row) throw new FactotumError('member.not_found', 'There is no such member.');
  return { userId: row.userId, roles: namesIn(row.role), managedBy: row.managedBy };
}
