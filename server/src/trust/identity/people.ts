import { sql } from 'kysely';
import type { Clock, Id } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import type { Language } from '#kernel/words';
import { findRestingSession } from './current-session.ts';
import { countPeople as countIn } from './member/rules.ts';
import { type Permission, permissionsOf } from './permissions.ts';
import type { Principal } from './principal.ts';
import { findPersonByEmail, verifyAddress } from './sign-in/person-store.ts';
import { authDb, grantedByOwnRoles } from './store.ts';

/** How many people a tenant has: members, and invitations that can still be used. */
export const countPeople = (auth: RoleDatabase, tenantId: Id<'tenant'>, now: Date): Promise<number> => countIn(authDb(auth), tenantId, now);

/**
 * Notes that the address was proved by its mail. If nobody had proved it before, what an account of it was set up with ends: it may be
 * somebody else's. Does nothing where there is no such account.
 *
 * @param email - in lower case.
 */
export async function proveAddress(auth: RoleDatabase, email: string, now: Date): Promise<void> {
  const db = authDb(auth);
  const person = await findPersonByEmail(db, email);
  if (person !== undefined) await verifyAddress(db, person.id, now);
}

/** Those who run the installation and can be mailed to, and what they read, if they have said so. */
export async function mailedOperators(
  auth: RoleDatabase,
): Promise<{ readonly userId: Id<'user'>; readonly email: string; readonly language: Language | null }[]> {
  const { rows } = await auth.pool.query<{ userId: Id<'user'>; email: string; language: Language | null }>(
    `select u.id as "userId", u.email, u.language from auth.operator o join auth."user" u on u.id = o."userId"
      where u.email not like '%.invalid' order by u.id`,
  );
  return rows;
}

/** Members of each of these tenants; one without any is left out. */
export async function countMembers(auth: RoleDatabase, tenantIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const { rows } = await auth.pool.query<{ id: string; members: number }>({
    name: 'identity-member-counts',
    text: `select "organizationId" as id, count(*)::int as members from auth.member where "organizationId" = any($1) group by 1`,
    values: [tenantIds],
  });
  return new Map(rows.map(({ id, members }) => [id, members]));
}

/** An owner who can be mailed to, and what they read, if they have said so. */
interface MailedOwner {
  readonly email: string;
  readonly language: Language | null;
}

/** The tenant's name, and its owners who can be mailed to: addresses made up when a tenant was made without one are left out. */
export async function ownersOf(auth: RoleDatabase, tenantId: Id<'tenant'>): Promise<{ name: string; owners: MailedOwner[] }> {
  const { rows } = await auth.pool.query<{ name: string; owners: MailedOwner[] }>({
    name: 'identity-owners',
    text: `select o.name, coalesce((select json_agg(json_build_object('email', u.email, 'language', u.language) order by m."createdAt")
        from auth.member m join auth."user" u on u.id = m."userId"
        where m."organizationId" = o.id and 'owner' = any(string_to_array(m.role, ',')) and u.email not like '%.invalid'), '[]') as owners
      from auth.organization o where o.id = $1`,
    values: [tenantId],
  });
  return rows[0] ?? { name: tenantId, owners: [] };
}

/** A member of a tenant as somebody who can be told something: what they may see, and where they are reached. */
export interface Reachable {
  readonly userId: Id<'user'>;
  /** Proved by a mail, or null. */
  readonly email: string | null;
  readonly permissions: ReadonlySet<Permission>;
  readonly teams: readonly string[];
  /** Null: not said. */
  readonly language: Language | null;
}

/** Members of a tenant as they are at this moment. @param only - these people alone */
export async function reachableMembers(
  auth: RoleDatabase,
  tenantId: Id<'tenant'>,
  only?: readonly string[],
): Promise<readonly Reachable[]> {
  let query = authDb(auth)
    .selectFrom('member')
    .innerJoin('user', 'user.id', 'member.userId')
    .select(['member.userId', 'member.role', 'user.email', 'user.emailVerified', 'user.language'])
    .select(grantedByOwnRoles.as('granted'))
    .select(
      sql<
        string[]
      >`array(select "teamId" from "teamMember" t where t."tenantId" = member."organizationId" and t."userId" = member."userId")`.as(
        'teams',
      ),
    )
    .where('member.organizationId', '=', tenantId);
  if (only !== undefined) query = query.where(sql<boolean>`member."userId" = any(${[...only]}::text[])`);
  return (await query.execute()).map(({ userId, role, email, emailVerified, granted, teams, language }) => ({
    userId,
    email: emailVerified && !email.endsWith('.invalid') ? email : null,
    permissions: permissionsOf(role.split(','), granted ?? []),
    teams,
    language,
  }));
}

/** Whom a session stands for and what they may do now, also while it rests; null when it was ended, or nobody may come in by it any more. */
export const principalOfSession = async (
  { auth, clock }: { readonly auth: RoleDatabase; readonly clock: Clock },
  id: Id<'session'>,
): Promise<Principal | null> => (await findRestingSession({ db: authDb(auth), clock }, id))?.principal ?? null;
