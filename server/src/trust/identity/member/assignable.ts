import { sql } from 'kysely';
import type { Id } from '#kernel';
import { permissionsOf } from '../permissions.ts';
import { type AuthDb, grantedByOwnRoles } from '../store.ts';
import { namesIn } from './rules.ts';

/** A member or a team that something can be put before. */
export interface Assignable {
  readonly kind: 'member' | 'team';
  readonly id: Id<'user'> | Id<'team'>;
  readonly name: string;
  /** Whether they hold `approval:decide` now; of a team, whether somebody in it does. */
  readonly mayDecide: boolean;
}

interface Holder {
  readonly role: string;
  readonly granted: string[] | null;
}

const mayDecide = ({ role, granted }: Holder): boolean => permissionsOf(namesIn(role), granted ?? []).has('approval:decide');

/** Those of these ids that are members or teams of the tenant. */
export async function findAssignable(
  db: AuthDb,
  { tenantId, ids }: { tenantId: Id<'tenant'>; ids: readonly string[] },
): Promise<readonly Assignable[]> {
  if (ids.length === 0) return [];
  const wanted = [...new Set(ids)];
  const members = await sql<Holder & { id: Id<'user'>; name: string }>`
    select "user".id, "user".name, member.role, ${grantedByOwnRoles} as granted from member join "user" on "user".id = member."userId"
    where member."organizationId" = ${tenantId} and "user".id = any(${wanted}::text[])`.execute(db);
  const teams = await sql<{ id: Id<'team'>; name: string; role: string | null; granted: string[] | null }>`
    select team.id, team.name, member.role, case when member.role is null then null else ${grantedByOwnRoles} end as granted from team
    left join "teamMember" on "teamMember"."teamId" = team.id
    left join member on member."userId" = "teamMember"."userId" and member."organizationId" = team."tenantId"
    where team."tenantId" = ${tenantId} and team.id = any(${wanted}::text[])`.execute(db);
  return [
    ...members.rows.map((row) => ({ kind: 'member' as const, id: row.id, name: row.name, mayDecide: mayDecide(row) })),
    ...[...Map.groupBy(teams.rows, ({ id }) => id)].flatMap(([id, rows]) => {
      const [first] = rows;
      const holds = rows.some(({ role, granted }) => role !== null && mayDecide({ role, granted }));
      return first === undefined ? [] : [{ kind: 'team' as const, id, name: first.name, mayDecide: holds }];
    }),
  ];
}

/** The teams that somebody is in. */
export async function teamIdsOf(
  db: AuthDb,
  { tenantId, userId }: { tenantId: Id<'tenant'>; userId: string },
): Promise<readonly Id<'team'>[]> {
  const { rows } = await sql<{ id: Id<'team'> }>`select "teamMember"."teamId" as id from "teamMember"
    join member on member."userId" = "teamMember"."userId" and member."organizationId" = "teamMember"."tenantId"
    where "teamMember"."tenantId" = ${tenantId} and "teamMember"."userId" = ${userId}`.execute(db);
  return rows.map(({ id }) => id);
}
