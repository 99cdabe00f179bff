import { sql } from 'kysely';
import { FactotumError, type Id, isId } from '#kernel';
import { roles as builtInRoles, type Permission, permissionsOf } from '../permissions.ts';
import type { Principal } from '../principal.ts';
import type { AuthDb } from '../store.ts';
import './tables.ts';

/** Who asks for a change of members, roles or teams. */
export type Acting = Pick<Principal, 'kind' | 'actor' | 'permissions'>;

/**
 * Says whether a tenant may have that many people, members and open invitations together: the quota is kept by others.
 *
 * @throws FactotumError `quota.exceeded`
 */
export type Room = (people: number) => Promise<void>;

/**
 * One transaction on who belongs to a tenant. They queue behind each other per tenant, so what one has looked at (the last owner, how many
 * there are, who has a role) stays true until it commits.
 */
export async function changingMembers<R>(db: AuthDb, tenantId: Id<'tenant'>, work: (tx: AuthDb) => Promise<R>): Promise<R> {
  const once = () =>
    db.transaction().execute(async (tx) => {
      // Not `for update`: other transactions may go on pointing at the row.
      const { rows } = await sql`select from organization where id = ${tenantId} for no key update`.execute(tx);
      if (rows.length === 0) throw new FactotumError('tenant.not_found', 'There is no such tenant.');
      return work(tx);
    });
  try {
    return await once();
  } catch (error) {
    // Another tenant has made the same person at the same moment. They are there now.
    if (error instanceof Error && 'code' in error && error.code === uniqueViolation) return once();
    throw error;
  }
}

const uniqueViolation = '23505';

/** The names in `member.role` and `invitation.role`. */
export const namesIn = (role: string): string[] => role.split(',').filter((name) => name !== '');

/**
 * What the named roles bring in this tenant.
 *
 * @returns the names in a fixed order, each once, and the permissions.
 * @throws FactotumError `role.not_found`; `request.invalid` without any.
 */
export async function resolveRoles(
  tx: AuthDb,
  tenantId: Id<'tenant'>,
  given: readonly string[],
): Promise<{ names: string[]; permissions: ReadonlySet<Permission> }> {
  const wanted = new Set(given);
  if (wanted.size === 0) throw new FactotumError('request.invalid', 'Name at least one role.');
  const own = await tx.selectFrom('tenantRole').select(['name', 'permissions']).where('tenantId', '=', tenantId).execute();
  const ownNames = own.map(({ name }) => name).sort();
  const known: readonly string[] = [...builtInRoles, ...ownNames];
  const unknown = [...wanted].filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new FactotumError('role.not_found', `There is no role ${unknown.join(', ')}. There are: ${known.join(', ')}.`, {
      details: { unknown, known },
    });
  const granted = own.filter(({ name }) => wanted.has(name)).flatMap(({ permissions }) => permissions);
  return { names: known.filter((name) => wanted.has(name)), permissions: permissionsOf([...wanted], granted) };
}

/** Nobody gives what they do not have. @throws FactotumError `auth.forbidden` naming what is too much. */
export function requireWithin(by: Acting, added: ReadonlySet<Permission>): void {
  const beyond = [...added.difference(by.permissions)];
  if (beyond.length > 0)
    throw new FactotumError('auth.forbidden', `You cannot give what you may not do yourself: ${beyond.join(', ')}.`, {
      details: { beyond },
    });
}

/**
 * Owners are made, changed and removed by owners alone: people who are one in this transaction, or the operator at the machine. A key is
 * none, whatever it may do.
 *
 * @throws FactotumError `auth.forbidden`
 */
export async function requireOwner(tx: AuthDb, tenantId: Id<'tenant'>, by: Acting): Promise<void> {
  if (!(await isOwner(tx, tenantId, by))) throw new FactotumError('auth.forbidden', 'Only an owner makes, changes or removes owners.');
}

/** Whether somebody may act for owners: is one, or is the operator at the machine. */
export async function isOwner(tx: AuthDb, tenantId: Id<'tenant'>, by: Acting): Promise<boolean> {
  if (by.kind === 'operator') return true;
  const userId = userOf(by);
  return userId !== null && (await ownersOf(tx, tenantId)).includes(userId);
}

/** The person who asks, null when it is none. */
export function userOf({ kind, actor }: Acting): Id<'user'> | null {
  const id = actor.slice(actor.indexOf(':') + 1);
  return kind === 'user' && isId('user', id) ? id : null;
}

export async function ownersOf(tx: AuthDb, tenantId: Id<'tenant'>): Promise<Id<'user'>[]> {
  const rows = await tx
    .selectFrom('member')
    .select('userId')
    .where('organizationId', '=', tenantId)
    .where(sql<boolean>`'owner' = any(string_to_array(member.role, ','))`)
    .execute();
  return rows.map(({ userId }) => userId);
}

/**
 * Asked before somebody stops being an owner.
 *
 * @throws FactotumError `member.last_owner`; `member.break_glass` for the one who gets in when single sign-on fails.
 */
export async function requireDispensable(tx: AuthDb, tenantId: Id<'tenant'>, userId: Id<'user'>): Promise<void> {
  if ((await ownersOf(tx, tenantId)).every((owner) => owner === userId))
    throw new FactotumError('member.last_owner', 'This is the last owner. Make somebody else an owner first.');
  const security = await tx
    .selectFrom('tenantSecurity')
    .select('tenantId')
    .where('tenantId', '=', tenantId)
    .where('breakGlassUserId', '=', userId)
    .executeTakeFirst();
  if (security) throw new FactotumError('member.break_glass', 'This owner gets in when single sign-on fails. Name another for that first.');
}

/**
 * Whether one more person fits. The tenant's transactions queue, so the count is exact.
 *
 * @param besides - an open invitation that is not counted, because it is the one being used.
 * @throws FactotumError `quota.exceeded`
 */
export async function requireRoom(tx: AuthDb, tenantId: Id<'tenant'>, room: Room, now: Date, besides?: Id<'invitation'>): Promise<void> {
  await room((await countPeople(tx, tenantId, now, besides)) + 1);
}

/**
 * Members and teams of a directory are changed there and not by hand, while it has a token: one that cannot speak manages nobody.
 *
 * @throws FactotumError `member.managed`
 */
export async function requireByHand(
  tx: AuthDb,
  tenantId: Id<'tenant'>,
  { managedBy }: { readonly managedBy: 'scim' | null },
): Promise<void> {
  if (managedBy !== null && (await hasDirectory(tx, tenantId)))
    throw new FactotumError('member.managed', 'Your directory manages this. Change it there.', { details: { managedBy } });
}

/** Whether a directory may speak for the tenant. */
export async function hasDirectory(tx: AuthDb, tenantId: Id<'tenant'>): Promise<boolean> {
  const token = await tx.selectFrom('scimToken').select('id').where('tenantId', '=', tenantId).limit(1).executeTakeFirst();
  return token !== undefined;
}

/** Members and open invitations. */
export async function countPeople(db: AuthDb, tenantId: Id<'tenant'>, now: Date, besides?: Id<'invitation'>): Promise<number> {
  const { rows } = await sql<{ people: number }>`
    select (select count(*) from member where "organizationId" = ${tenantId})::int
      + (select count(*) from invitation where "organizationId" = ${tenantId} and "expiresAt" > ${now} and id <> ${besides ?? ''})::int as people`.execute(
    db,
  );
  return rows[0]?.people ?? 0;
}
