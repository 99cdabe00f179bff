import { sql } from 'kysely';
import { FactotumError, type Id } from '#kernel';
import { type Acting, changingMembers, namesIn, requireWithin, resolveRoles } from '../member/rules.ts';
import type { AuthDb } from '../store.ts';
import type { RoleRule } from './tables.ts';

/** Which roles a directory's groups bring. */
export interface RoleMapping {
  readonly rules: readonly RoleRule[];
  /** Of those whom no rule names. */
  readonly fallback: readonly string[];
}

const rulesMax = 200;

export async function readRoleMapping(db: AuthDb, tenantId: Id<'tenant'>): Promise<RoleMapping> {
  const row = await db.selectFrom('scimRoles').select(['rules', 'fallback']).where('tenantId', '=', tenantId).executeTakeFirst();
  return row ?? { rules: [], fallback: ['member'] };
}

/**
 * Says which roles groups bring, for everybody whom the directory manages.
 *
 * @throws FactotumError `request.invalid` (an owner's role: who owns a tenant is decided inside it), `role.not_found`, `auth.forbidden`.
 */
export async function changeRoleMapping(
  db: AuthDb,
  { tenantId, rules, fallback, by }: RoleMapping & { tenantId: Id<'tenant'>; by: Acting },
): Promise<void> {
  if (rules.length > rulesMax) throw new FactotumError('request.invalid', `Make at most ${rulesMax} rules.`);
  const named = [...rules.map(({ role }) => role), ...fallback];
  if (named.includes('owner')) throw new FactotumError('request.invalid', 'A directory makes no owners. Let an owner do that.');
  await changingMembers(db, tenantId, async (tx) => {
    const before = await readRoleMapping(tx, tenantId);
    const { names } = await resolveRoles(tx, tenantId, fallback);
    const had = await resolveRoles(tx, tenantId, [...before.rules.map(({ role }) => role), ...before.fallback]);
    const { permissions } = await resolveRoles(tx, tenantId, named);
    requireWithin(by, permissions.difference(had.permissions));
    const row = { rules: JSON.stringify(rules), fallback: sql<string[]>`${names}::text[]` };
    await sql`insert into "scimRoles" ("tenantId", rules, fallback) values (${tenantId}, ${row.rules}::jsonb, ${row.fallback})
      on conflict ("tenantId") do update set rules = excluded.rules, fallback = excluded.fallback`.execute(tx);
    await applyRoles(tx, tenantId);
  });
}

/**
 * Gives members whom the directory manages what their groups bring, within `changingMembers`. Owners stay owners.
 *
 * @param userIds - of whom; everybody if left out.
 * @returns whose roles are others now.
 */
export async function applyRoles(tx: AuthDb, tenantId: Id<'tenant'>, userIds?: readonly string[]): Promise<readonly Id<'user'>[]> {
  const mapping = await readRoleMapping(tx, tenantId);
  const { rows } = await sql<{ userId: Id<'user'>; role: string; groups: string[] }>`
    select member."userId", member.role, coalesce((select array_agg(team.name) from "teamMember" join team on team.id = "teamMember"."teamId"
        where "teamMember"."userId" = member."userId" and team."tenantId" = ${tenantId} and team."managedBy" = 'scim'), '{}') as groups
    from member where "organizationId" = ${tenantId} and "managedBy" = 'scim'
      and (${userIds === undefined} or "userId" = any(${userIds ?? []}::text[]))`.execute(tx);
  const changed = rows.flatMap(({ userId, role, groups }) => {
    const wanted = [...(namesIn(role).includes('owner') ? ['owner'] : []), ...rolesFor(mapping, groups)].join();
    return wanted === role ? [] : [{ userId, role: wanted }];
  });
  if (changed.length > 0)
    await sql`update member set role = wanted.role
      from unnest(${changed.map(({ userId }) => userId)}::text[], ${changed.map(({ role }) => role)}::text[]) wanted ("userId", role)
      where member."organizationId" = ${tenantId} and member."userId" = wanted."userId"`.execute(tx);
  return changed.map(({ userId }) => userId);
}

/** The roles of somebody in these groups, in a fixed order. */
function rolesFor({ rules, fallback }: RoleMapping, groups: readonly string[]): string[] {
  const held = new Set(groups.map((group) => group.toLowerCase()));
  const roles = new Set(rules.filter(({ group }) => held.has(group.toLowerCase())).map(({ role }) => role));
  return (roles.size > 0 ? [...roles] : [...fallback]).sort();
}
