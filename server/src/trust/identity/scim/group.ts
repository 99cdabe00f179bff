import { sql } from 'kysely';
import { FactotumError, type Id, newId } from '#kernel';
import { changingMembers } from '../member/rules.ts';
import type { AuthDb } from '../store.ts';
import type { GroupAttributes } from './attributes.ts';
import { applyRoles } from './roles.ts';
import { refused, type ScimAct, taken } from './user.ts';

/** A group as its directory sees it: a team whose members may have roles by it. */
export interface ScimGroup {
  readonly id: Id<'team'>;
  readonly displayName: string;
  readonly externalId: string | null;
  /** Those who are switched off included. */
  readonly members: readonly { readonly id: Id<'user'>; readonly userName: string }[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface GroupQuery {
  readonly by?: { readonly id: string } | { readonly displayName: string } | { readonly externalId: string };
  readonly offset: number;
  readonly limit: number;
}

const groupsMax = 2_000;

/** In the order in which they were made. */
export async function listScimGroups(
  db: AuthDb,
  tenantId: Id<'tenant'>,
  { by, offset, limit }: GroupQuery,
): Promise<{ groups: readonly ScimGroup[]; total: number }> {
  const where =
    by === undefined
      ? sql``
      : 'id' in by
        ? sql`and team.id = ${by.id}`
        : 'displayName' in by
          ? sql`and lower(team.name) = lower(${by.displayName})`
          : sql`and team."externalId" = ${by.externalId}`;
  const from = sql`from team where team."tenantId" = ${tenantId} and team."managedBy" = 'scim' ${where}`;
  const { rows } = await sql<ScimGroup>`
    select team.id, team.name as "displayName", team."externalId", team."createdAt", team."updatedAt",
      coalesce((select json_agg(json_build_object('id', "scimUser"."userId", 'userName', "scimUser"."userName") order by "scimUser"."userId")
        from "teamMember" join "scimUser" on "scimUser"."userId" = "teamMember"."userId" and "scimUser"."tenantId" = ${tenantId}
        where "teamMember"."teamId" = team.id), '[]') as members
    ${from} order by team."createdAt", team.id limit ${limit} offset ${offset}`.execute(db);
  const counted = await sql<{ total: number }>`select count(*)::int as total ${from}`.execute(db);
  return { groups: rows, total: counted.rows[0]?.total ?? 0 };
}

/** @throws FactotumError `scim.not_found` */
export async function findScimGroup(db: AuthDb, tenantId: Id<'tenant'>, id: string): Promise<ScimGroup> {
  const { groups } = await listScimGroups(db, tenantId, { by: { id }, offset: 0, limit: 1 });
  if (groups[0] === undefined) throw new FactotumError('scim.not_found', 'There is no such resource.');
  return groups[0];
}

interface When {
  readonly tenantId: Id<'tenant'>;
  readonly now: Date;
}

/** @throws FactotumError `scim.taken` (also by a team that was made by hand), `scim.refused` (a member who is no user of this directory), `quota.exceeded`. */
export async function createScimGroup(
  db: AuthDb,
  { tenantId, now }: When,
  { displayName, externalId, members }: GroupAttributes,
): Promise<{ id: Id<'team'>; acts: readonly ScimAct[] }> {
  return changingMembers(db, tenantId, async (tx) => {
    const { total } = await listScimGroups(tx, tenantId, { offset: 0, limit: 0 });
    if (total >= groupsMax)
      throw new FactotumError(
        'quota.exceeded',
        `A directory may have ${groupsMax} groups here. Delete one, or have the directory send fewer.`,
        { details: { limit: groupsMax } },
      );
    await requireFreeName(tx, tenantId, displayName);
    const id = newId('team', now.getTime());
    await tx
      .insertInto('team')
      .values({ id, tenantId, name: displayName, externalId, managedBy: 'scim', createdAt: now, updatedAt: now })
      .execute();
    await setMembers(tx, tenantId, id, members);
    const changed = await applyRoles(tx, tenantId, members);
    return { id, acts: [{ kind: 'team.created', objectId: id, detail: { by: 'scim' } }, ...changedMembers(changed)] };
  });
}

/** @throws FactotumError `scim.not_found`, `scim.taken`, `scim.refused`. */
export async function changeScimGroup(
  db: AuthDb,
  { tenantId, now }: When,
  { id, change }: { id: string; change: (current: GroupAttributes) => GroupAttributes },
): Promise<readonly ScimAct[]> {
  return changingMembers(db, tenantId, async (tx) => {
    const group = await findScimGroup(tx, tenantId, id);
    const before = group.members.map((member) => String(member.id));
    const { displayName, externalId, members } = change({ displayName: group.displayName, externalId: group.externalId, members: before });
    if (displayName.toLowerCase() !== group.displayName.toLowerCase()) await requireFreeName(tx, tenantId, displayName);
    await tx.updateTable('team').set({ name: displayName, externalId, updatedAt: now }).where('id', '=', group.id).execute();
    await setMembers(tx, tenantId, group.id, members);
    // A group that is called otherwise now may be named by other rules.
    const changed = await applyRoles(tx, tenantId, [...before, ...members]);
    return [{ kind: 'team.changed', objectId: group.id, detail: { by: 'scim' } }, ...changedMembers(changed)];
  });
}

/** @throws FactotumError `scim.not_found` */
export async function deleteScimGroup(db: AuthDb, tenantId: Id<'tenant'>, id: string): Promise<readonly ScimAct[]> {
  return changingMembers(db, tenantId, async (tx) => {
    const group = await findScimGroup(tx, tenantId, id);
    await tx.deleteFrom('team').where('id', '=', group.id).execute();
    const changed = await applyRoles(
      tx,
      tenantId,
      group.members.map((member) => member.id),
    );
    return [{ kind: 'team.deleted', objectId: group.id, detail: { by: 'scim' } }, ...changedMembers(changed)];
  });
}

const changedMembers = (userIds: readonly Id<'user'>[]): ScimAct[] =>
  userIds.map((objectId) => ({ kind: 'member.changed', objectId, detail: { by: 'scim' } }));

async function requireFreeName(tx: AuthDb, tenantId: Id<'tenant'>, name: string): Promise<void> {
  const { rows } = await sql`select from team where "tenantId" = ${tenantId} and lower(name) = lower(${name})`.execute(tx);
  if (rows.length > 0) throw taken(`There is a group or team ${name} already.`);
}

/** Who is in the group from now on: users of the tenant's directory and nobody else. */
async function setMembers(tx: AuthDb, tenantId: Id<'tenant'>, teamId: Id<'team'>, userIds: readonly string[]): Promise<void> {
  const wanted = [...new Set(userIds)];
  const { rows } = await sql<{ userId: string }>`
    select "userId" from "scimUser" where "tenantId" = ${tenantId} and "userId" = any(${wanted}::text[])`.execute(tx);
  const found = new Set(rows.map(({ userId }) => userId));
  const missing = wanted.filter((id) => !found.has(id));
  if (missing.length > 0) throw refused('invalidValue', `There is no user ${missing.slice(0, 5).join(', ')}.`);
  await sql`delete from "teamMember" where "teamId" = ${teamId} and not "userId" = any(${wanted}::text[])`.execute(tx);
  await sql`insert into "teamMember" ("tenantId", "teamId", "userId") select ${tenantId}, ${teamId}, unnest(${wanted}::text[])
    on conflict do nothing`.execute(tx);
}
