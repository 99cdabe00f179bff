import { sql } from 'kysely';
import { z } from 'zod';
import { FactotumError, type Id, newId } from '#kernel';
import type { AuthDb } from '../store.ts';
import { checked } from './role.ts';
import { changingMembers, requireByHand } from './rules.ts';

/** Some members of a tenant under a name. A team brings no permissions: it says who belongs together. */
export interface Team {
  readonly id: Id<'team'>;
  readonly name: string;
  /** By name. */
  readonly members: readonly Id<'user'>[];
  readonly managedBy: 'scim' | null;
}

const nameSchema = z.string().trim().min(1).max(100);
const teamsMax = 500;

/** By name. */
export async function listTeams(db: AuthDb, tenantId: Id<'tenant'>): Promise<readonly Team[]> {
  const { rows } = await sql<Team>`
    select team.id, team.name, team."managedBy", coalesce((
      select array_agg("user".id order by lower("user".name), "user".id)
      from "teamMember" join member on member."userId" = "teamMember"."userId" and member."organizationId" = "teamMember"."tenantId"
        join "user" on "user".id = member."userId"
      where "teamMember"."teamId" = team.id), '{}') as members
    from team where "tenantId" = ${tenantId} order by lower(team.name)`.execute(db);
  return rows;
}

/** @throws FactotumError `request.invalid`, `member.not_found`, `team.name_taken`, `quota.exceeded`. */
export async function createTeam(
  db: AuthDb,
  { tenantId, name, members }: { tenantId: Id<'tenant'>; name: string; members: readonly string[] },
): Promise<Id<'team'>> {
  const wanted = checked(nameSchema, 'name', name);
  return changingMembers(db, tenantId, async (tx) => {
    const { count } = await tx
      .selectFrom('team')
      .select(({ fn }) => fn.countAll<string>().as('count'))
      .where('tenantId', '=', tenantId)
      .executeTakeFirstOrThrow();
    if (Number(count) >= teamsMax)
      throw new FactotumError('quota.exceeded', `A tenant may have ${teamsMax} teams. Delete one that nobody needs.`, {
        details: { limit: teamsMax },
      });
    await requireFreeName(tx, tenantId, wanted);
    const id = newId('team');
    await tx.insertInto('team').values({ id, tenantId, name: wanted, createdAt: sql`now()`, updatedAt: sql`now()` }).execute();
    await setTeamMembers(tx, { tenantId, teamId: id, userIds: members });
    return id;
  });
}

/** @throws FactotumError `team.not_found`, `member.managed`, and as `createTeam`. */
export async function changeTeam(
  db: AuthDb,
  { tenantId, id, name, members }: { tenantId: Id<'tenant'>; id: string; name: string; members: readonly string[] },
): Promise<void> {
  const wanted = checked(nameSchema, 'name', name);
  await changingMembers(db, tenantId, async (tx) => {
    const team = await findTeam(tx, tenantId, id);
    await requireByHand(tx, tenantId, team);
    await requireFreeName(tx, tenantId, wanted, team.id);
    await tx.updateTable('team').set({ name: wanted, updatedAt: sql`now()` }).where('id', '=', team.id).execute();
    await setTeamMembers(tx, { tenantId, teamId: team.id, userIds: members });
  });
}

/** @throws FactotumError `team.not_found`, `member.managed`. */
export async function deleteTeam(db: AuthDb, { tenantId, id }: { tenantId: Id<'tenant'>; id: string }): Promise<void> {
  await changingMembers(db, tenantId, async (tx) => {
    const team = await findTeam(tx, tenantId, id);
    await requireByHand(tx, tenantId, team);
    await tx.deleteFrom('team').where('id', '=', team.id).execute();
  });
}

/** @throws FactotumError `team.not_found` naming those that are not there. */
export async function requireTeams(tx: AuthDb, tenantId: Id<'tenant'>, teamIds: readonly string[]): Promise<Id<'team'>[]> {
  const teams = await tx.selectFrom('team').select('id').where('tenantId', '=', tenantId).execute();
  const missing = teamIds.filter((id) => !teams.some((team) => team.id === id));
  if (missing.length > 0)
    throw new FactotumError('team.not_found', `There is no team ${missing.join(', ')}.`, { details: { unknown: missing } });
  return teams.map(({ id }) => id).filter((id) => teamIds.includes(id));
}

async function findTeam(tx: AuthDb, tenantId: Id<'tenant'>, teamId: string): Promise<Pick<Team, 'id' | 'name' | 'managedBy'>> {
  const team = await tx
    .selectFrom('team')
    .select(['id', 'name', 'managedBy'])
    .where('tenantId', '=', tenantId)
    .where(sql<boolean>`id = ${teamId}`)
    .executeTakeFirst();
  if (!team) throw new FactotumError('team.not_found', 'There is no such team.');
  return team;
}

async function requireFreeName(tx: AuthDb, tenantId: Id<'tenant'>, name: string, besides?: Id<'team'>): Promise<void> {
  const other = await tx
    .selectFrom('team')
    .select('id')
    .where('tenantId', '=', tenantId)
    .where(sql<boolean>`lower(name) = lower(${name})`)
    .executeTakeFirst();
  if (other && other.id !== besides) throw new FactotumError('team.name_taken', `There is a team ${name} already.`);
}

/** Who is in the team from now on: these members and nobody else. People who are no members now keep their place. */
async function setTeamMembers(
  tx: AuthDb,
  { tenantId, teamId, userIds }: { tenantId: Id<'tenant'>; teamId: Id<'team'>; userIds: readonly string[] },
): Promise<void> {
  const wanted = [...new Set(userIds)];
  const { rows } = await sql<{ userId: Id<'user'> }>`
    select "userId" from member where "organizationId" = ${tenantId} and "userId" = any(${wanted}::text[])`.execute(tx);
  const found = rows.map(({ userId }) => userId);
  const missing = wanted.filter((id) => !found.some((userId) => userId === id));
  if (missing.length > 0)
    throw new FactotumError('member.not_found', `There is no member ${missing.join(', ')}.`, { details: { unknown: missing } });
  await sql`delete from "teamMember" using member where "teamMember"."teamId" = ${teamId} and member."userId" = "teamMember"."userId"
    and member."organizationId" = "teamMember"."tenantId" and not "teamMember"."userId" = any(${found}::text[])`.execute(tx);
  if (found.length > 0)
    await tx
      .insertInto('teamMember')
      .values(found.map((userId) => ({ tenantId, teamId, userId })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
}
