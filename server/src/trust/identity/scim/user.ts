import { sql } from 'kysely';
import { FactotumError, type Id } from '#kernel';
import { createPerson, findPerson } from '../member/accept.ts';
import { addMember, endMembership, forgetStrangers } from '../member/member.ts';
import { changingMembers, namesIn, type Room, requireDispensable } from '../member/rules.ts';
import { domainOf } from '../sso/schema.ts';
import { findDomain } from '../sso/store.ts';
import type { AuthDb } from '../store.ts';
import { addressOf, nameOf, type UserAttributes } from './attributes.ts';
import { applyRoles, readRoleMapping } from './roles.ts';

/** A person as their directory sees them. */
export interface ScimUser {
  readonly id: Id<'user'>;
  readonly attributes: UserAttributes;
  readonly groups: readonly { readonly id: Id<'team'>; readonly name: string }[];
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Something that a directory has done, for the audit log. */
export interface ScimAct {
  readonly kind:
    | 'member.joined'
    | 'member.changed'
    | 'member.removed'
    | 'member.invitation_ended'
    | 'session.ended'
    | 'device.revoked'
    | 'team.created'
    | 'team.changed'
    | 'team.deleted';
  readonly objectId: string;
  readonly detail?: Readonly<Record<string, string | number>>;
}

/** What is known of every act of a directory. */
export interface Provisioning {
  readonly tenantId: Id<'tenant'>;
  readonly room: Room;
  readonly now: Date;
}

/** One user, or a page of them; looked up by an index where `by` names one. */
export interface UserQuery {
  readonly by?: { readonly id: string } | { readonly userName: string } | { readonly externalId: string };
  readonly offset: number;
  readonly limit: number;
}

/** In the order in which they were made. */
export async function listScimUsers(
  db: AuthDb,
  tenantId: Id<'tenant'>,
  { by, offset, limit }: UserQuery,
): Promise<{ users: readonly ScimUser[]; total: number }> {
  const where =
    by === undefined
      ? sql``
      : 'id' in by
        ? sql`and "userId" = ${by.id}`
        : 'userName' in by
          ? sql`and lower("userName") = lower(${by.userName})`
          : sql`and "externalId" = ${by.externalId}`;
  const { rows } = await sql<ScimUser>`
    select "userId" as id, attributes || jsonb_build_object('active', active) as attributes, version, "createdAt", "updatedAt",
      coalesce((select json_agg(json_build_object('id', team.id, 'name', team.name) order by lower(team.name))
        from "teamMember" join team on team.id = "teamMember"."teamId"
        where "teamMember"."userId" = "scimUser"."userId" and team."tenantId" = ${tenantId} and team."managedBy" = 'scim'), '[]') as groups
    from "scimUser" where "tenantId" = ${tenantId} ${where} order by "createdAt", "userId" limit ${limit} offset ${offset}`.execute(db);
  const counted = await sql<{
    total: number;
  }>`select count(*)::int as total from "scimUser" where "tenantId" = ${tenantId} ${where}`.execute(db);
  return { users: rows, total: counted.rows[0]?.total ?? 0 };
}

/** @throws FactotumError `scim.not_found` */
export async function findScimUser(db: AuthDb, tenantId: Id<'tenant'>, id: string): Promise<ScimUser> {
  const { users } = await listScimUsers(db, tenantId, { by: { id }, offset: 0, limit: 1 });
  if (users[0] === undefined) throw notFound();
  return users[0];
}

/**
 * Makes a person a member, or takes over the member that they are already.
 *
 * A person of another tenant becomes a member only where this one has proven the domain of their address, and they have shown that the
 * address is theirs: a directory may say what it likes about addresses that it does not own.
 *
 * @throws FactotumError `scim.refused`, `scim.taken`, `quota.exceeded`.
 */
export async function createScimUser(
  db: AuthDb,
  { tenantId, room, now }: Provisioning,
  attributes: UserAttributes,
): Promise<{ id: Id<'user'>; acts: readonly ScimAct[] }> {
  const address = requireAddress(attributes);
  return changingMembers(db, tenantId, async (tx) => {
    await requireFreeName(tx, tenantId, attributes.userName);
    const isVerified = await isProven(tx, tenantId, address);
    const person = await findPerson(tx, address);
    if (person !== null) await requireLinkable(tx, tenantId, person, isVerified);
    const id = person?.id ?? (await createPerson(tx, { email: address, name: nameOf(attributes), isVerified, now }));
    await tx
      .insertInto('scimUser')
      .values({
        ...{ tenantId, userId: id, userName: attributes.userName, externalId: attributes.externalId, active: attributes.active },
        ...{ made: person === null, attributes: sql`${JSON.stringify(attributes)}::jsonb`, version: 1, createdAt: now, updatedAt: now },
      })
      .execute();
    return { id, acts: await (attributes.active ? activate(tx, { tenantId, room, now }, id) : deactivate(tx, tenantId, id)) };
  });
}

/**
 * Replaces what is known of a person. Switched off, they are out at once: no member any more, sessions and links ended; switched on again,
 * they have the roles of their groups. Name and address of the person change only if this directory made them and nobody else knows them.
 *
 * @param version - the one that the directory has seen; undefined for any.
 * @throws FactotumError `scim.not_found`, `scim.changed`, `scim.refused`, `scim.taken`, `member.last_owner`, `member.break_glass`, `quota.exceeded`.
 */
export async function changeScimUser(
  db: AuthDb,
  { tenantId, room, now }: Provisioning,
  { id, version, change }: { id: string; version: number | undefined; change: (current: UserAttributes) => UserAttributes },
): Promise<readonly ScimAct[]> {
  return changingMembers(db, tenantId, async (tx) => {
    const { id: userId, attributes: before, version: current } = await findScimUser(tx, tenantId, id);
    if (version !== undefined && version !== current)
      throw new FactotumError('scim.changed', 'The user has been changed meanwhile. Read it again.');
    const attributes = change(before);
    const address = requireAddress(attributes);
    if (attributes.userName.toLowerCase() !== before.userName.toLowerCase()) await requireFreeName(tx, tenantId, attributes.userName);
    await renamePerson(tx, { tenantId, now }, { userId, address, name: nameOf(attributes) });
    await sql`update "scimUser" set "userName" = ${attributes.userName}, "externalId" = ${attributes.externalId}, active = ${attributes.active},
      attributes = ${JSON.stringify(attributes)}::jsonb, version = version + 1, "updatedAt" = ${now}
      where "tenantId" = ${tenantId} and "userId" = ${userId}`.execute(tx);
    if (attributes.active === before.active) return [{ kind: 'member.changed', objectId: userId, detail: { by: 'scim' } }];
    return attributes.active ? activate(tx, { tenantId, room, now }, userId) : deactivate(tx, tenantId, userId);
  });
}

/** Takes a person out for good. @throws FactotumError `scim.not_found`, `member.last_owner`, `member.break_glass`. */
export async function deleteScimUser(db: AuthDb, tenantId: Id<'tenant'>, id: string): Promise<readonly ScimAct[]> {
  return changingMembers(db, tenantId, async (tx) => {
    const { id: userId } = await findScimUser(tx, tenantId, id);
    const acts = await deactivate(tx, tenantId, userId);
    await tx.deleteFrom('teamMember').where('tenantId', '=', tenantId).where('userId', '=', userId).execute();
    await tx.deleteFrom('scimUser').where('tenantId', '=', tenantId).where('userId', '=', userId).execute();
    await forgetStrangers(tx, [userId]);
    return acts;
  });
}

async function activate(tx: AuthDb, { tenantId, room, now }: Provisioning, userId: Id<'user'>): Promise<readonly ScimAct[]> {
  const taken = await tx
    .updateTable('member')
    .set({ managedBy: 'scim' })
    .where('organizationId', '=', tenantId)
    .where('userId', '=', userId)
    .returning('id')
    .executeTakeFirst();
  if (taken) {
    await applyRoles(tx, tenantId, [userId]);
    return [{ kind: 'member.changed', objectId: userId, detail: { by: 'scim' } }];
  }
  const { fallback } = await readRoleMapping(tx, tenantId);
  await addMember(tx, { tenantId, userId, roles: fallback, managedBy: 'scim', now, room });
  await applyRoles(tx, tenantId, [userId]);
  return [{ kind: 'member.joined', objectId: userId, detail: { by: 'scim' } }];
}

/** Does nothing to somebody who is no member. */
async function deactivate(tx: AuthDb, tenantId: Id<'tenant'>, userId: Id<'user'>): Promise<readonly ScimAct[]> {
  const member = await tx
    .selectFrom('member')
    .select('role')
    .where('organizationId', '=', tenantId)
    .where('userId', '=', userId)
    .executeTakeFirst();
  if (!member) return [];
  if (namesIn(member.role).includes('owner')) await requireDispensable(tx, tenantId, userId);
  const { sessionIds, deviceIds, invitationIds } = await endMembership(tx, tenantId, userId);
  return [
    { kind: 'member.removed', objectId: userId, detail: { by: 'scim' } },
    ...sessionIds.map((objectId) => ({ kind: 'session.ended', objectId }) as const),
    ...deviceIds.map((objectId) => ({ kind: 'device.revoked', objectId }) as const),
    ...invitationIds.map((objectId) => ({ kind: 'member.invitation_ended', objectId }) as const),
  ];
}

function requireAddress(attributes: UserAttributes): string {
  const address = addressOf(attributes);
  if (address !== null) return address;
  throw refused('invalidValue', 'A user needs an e-mail address: in emails, or as the userName.');
}

async function requireFreeName(tx: AuthDb, tenantId: Id<'tenant'>, userName: string): Promise<void> {
  const { total } = await listScimUsers(tx, tenantId, { by: { userName }, offset: 0, limit: 1 });
  if (total > 0) throw taken(`There is a user ${userName} already.`);
}

async function requireLinkable(
  tx: AuthDb,
  tenantId: Id<'tenant'>,
  person: { id: Id<'user'>; emailVerified: boolean },
  isDomainProven: boolean,
): Promise<void> {
  const { rows } = await sql<{ isMember: boolean; isProvisioned: boolean }>`select
    exists (select from member where "organizationId" = ${tenantId} and "userId" = ${person.id}) as "isMember",
    exists (select from "scimUser" where "tenantId" = ${tenantId} and "userId" = ${person.id}) as "isProvisioned"`.execute(tx);
  const [found] = rows;
  if (found?.isProvisioned === true) throw taken('There is a user with this address already.');
  if (found?.isMember === true || (isDomainProven && person.emailVerified)) return;
  throw taken(
    'This address cannot be provisioned. Prove its domain under single sign-on, and let the person sign in once if they have an account elsewhere.',
  );
}

async function isProven(tx: AuthDb, tenantId: Id<'tenant'>, address: string): Promise<boolean> {
  const domain = domainOf(address);
  return domain !== null && ((await findDomain(tx, tenantId, domain))?.verifiedAt ?? null) !== null;
}

/**
 * Changes what a person is called and how they are reached, if they are this directory's alone. Not of an owner: whoever reads the mail of the
 * new address is that person, and who owns a tenant is decided inside it.
 */
async function renamePerson(
  tx: AuthDb,
  { tenantId, now }: Omit<Provisioning, 'room'>,
  { userId, address, name }: { userId: Id<'user'>; address: string; name: string },
): Promise<void> {
  const { rows } = await sql<{ email: string; emailVerified: boolean }>`select email, "emailVerified" from "user"
    where id = ${userId} and exists (select from "scimUser" where "tenantId" = ${tenantId} and "userId" = "user".id and made)
      and not exists (select from "scimUser" where "tenantId" <> ${tenantId} and "userId" = "user".id)
      and not exists (select from member where "userId" = "user".id
        and ("organizationId" <> ${tenantId} or 'owner' = any(string_to_array(role, ','))))
      and not exists (select from operator where "userId" = "user".id)`.execute(tx);
  const [person] = rows;
  if (person === undefined) return;
  const isMoved = person.email !== address;
  if (isMoved && (await findPerson(tx, address)) !== null) throw taken('Somebody else has this address.');
  const emailVerified = isMoved ? await isProven(tx, tenantId, address) : person.emailVerified;
  await tx.updateTable('user').set({ name, email: address, emailVerified, updatedAt: now }).where('id', '=', userId).execute();
}

const notFound = () => new FactotumError('scim.not_found', 'There is no such resource.');
export const taken = (message: string) => new FactotumError('scim.taken', message, { details: { scimType: 'uniqueness' } });
/** @param scimType - as RFC 7644, table 9, names it */
export const refused = (scimType: string, message: string) => new FactotumError('scim.refused', message, { details: { scimType } });
