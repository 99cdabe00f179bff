import { sql } from 'kysely';
import { z } from 'zod';
import { FactotumError, type Id, newId } from '#kernel';
import { roles as builtInRoles, type Permission, parsePermissions, permissionsOf, type RoleInTenant } from '../permissions.ts';
import type { AuthDb } from '../store.ts';
import { type Acting, changingMembers, requireWithin } from './rules.ts';

/** What a member may be: a role of ours, or one that the tenant has made. */
export interface Role {
  /** Null for the built-in ones. */
  readonly id: Id<'role'> | null;
  /** How members, invitations and mappings name it; it never changes. */
  readonly name: string;
  readonly title: string;
  readonly permissions: readonly Permission[];
  readonly builtIn: boolean;
  /** How many have it. */
  readonly members: number;
}

export interface NewRole {
  readonly name: string;
  readonly title: string;
  /** Names as they came from outside. */
  readonly permissions: readonly string[];
}

const titles: Readonly<Record<RoleInTenant, string>> = {
  owner: 'Owner',
  admin: 'Administrator',
  approver: 'Approver',
  member: 'Member',
  auditor: 'Auditor',
};

const nameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be up to 40 small letters, digits or hyphens, a letter first')
  .refine((name) => name !== 'operator' && !builtInRoles.some((role) => role === name), 'is the name of a role that everybody has');
const titleSchema = z.string().trim().min(1).max(100);

/** How many roles a tenant may make: more than a list shows at once helps nobody. */
const rolesMax = 100;

/** The built-in ones from most to least, then the tenant's own by name. */
export async function listRoles(db: AuthDb, tenantId: Id<'tenant'>): Promise<readonly Role[]> {
  const own = await db.selectFrom('tenantRole').selectAll().where('tenantId', '=', tenantId).orderBy('name').execute();
  const { rows } = await sql<{ name: string; members: number }>`
    select name, count(*)::int as members from member, unnest(string_to_array(member.role, ',')) name
    where "organizationId" = ${tenantId} group by name`.execute(db);
  const members = new Map(rows.map((row) => [row.name, row.members]));
  return [
    ...builtInRoles.map((name) => ({ id: null, name, title: titles[name], permissions: [...permissionsOf([name])], builtIn: true })),
    ...own.map(({ id, name, title, permissions }) => ({
      id,
      name,
      title,
      permissions: [...permissionsOf([], permissions)],
      builtIn: false,
    })),
  ].map((role) => ({ ...role, members: members.get(role.name) ?? 0 }));
}

/** @throws FactotumError `request.invalid`, `auth.forbidden` (more than the maker may), `role.name_taken`, `quota.exceeded`. */
export async function createRole(
  db: AuthDb,
  { tenantId, by, name, title, permissions }: NewRole & { tenantId: Id<'tenant'>; by: Acting },
): Promise<Id<'role'>> {
  const wanted = { name: checked(nameSchema, 'name', name), title: checked(titleSchema, 'title', title) };
  const granted = parsePermissions(permissions);
  requireWithin(by, granted);
  return changingMembers(db, tenantId, async (tx) => {
    const others = await tx.selectFrom('tenantRole').select('name').where('tenantId', '=', tenantId).execute();
    if (others.some((other) => other.name === wanted.name))
      throw new FactotumError('role.name_taken', `There is a role ${wanted.name} already.`);
    if (others.length >= rolesMax)
      throw new FactotumError('quota.exceeded', `A tenant may have ${rolesMax} roles of its own. Delete one that nobody has.`, {
        details: { limit: rolesMax },
      });
    const id = newId('role');
    await tx
      .insertInto('tenantRole')
      .values({ id, tenantId, ...wanted, permissions: [...granted], createdAt: sql`now()`, updatedAt: sql`now()` })
      .execute();
    return id;
  });
}

/**
 * Changes what a role is called and brings: for everybody who has it, from their next request on.
 *
 * @throws FactotumError `role.not_found`, `request.invalid`, `auth.forbidden` (when it would bring more than before and more than the changer may).
 */
export async function changeRole(
  db: AuthDb,
  { tenantId, id, by, title, permissions }: Omit<NewRole, 'name'> & { tenantId: Id<'tenant'>; id: string; by: Acting },
): Promise<void> {
  const wanted = { title: checked(titleSchema, 'title', title), permissions: parsePermissions(permissions) };
  await changingMembers(db, tenantId, async (tx) => {
    const role = await findRole(tx, tenantId, id);
    requireWithin(by, wanted.permissions.difference(permissionsOf([], role.permissions)));
    await tx
      .updateTable('tenantRole')
      .set({ title: wanted.title, permissions: [...wanted.permissions], updatedAt: sql`now()` })
      .where('id', '=', role.id)
      .execute();
  });
}

/** @throws FactotumError `role.not_found`; `role.in_use` while a member, an open invitation or a rule names it. */
export async function deleteRole(db: AuthDb, { tenantId, id }: { tenantId: Id<'tenant'>; id: string }): Promise<void> {
  await changingMembers(db, tenantId, async (tx) => {
    const { name, ...role } = await findRole(tx, tenantId, id);
    const { rows } = await sql<{ members: number; invitations: number; mappings: number }>`select
      (select count(*) from member where "organizationId" = ${tenantId} and ${name} = any(string_to_array(role, ',')))::int as members,
      (select count(*) from invitation where "organizationId" = ${tenantId} and ${name} = any(string_to_array(role, ',')))::int as invitations,
      (select count(*) from "scimRoles" where "tenantId" = ${tenantId} and (${name} = any(fallback) or rules @> ${JSON.stringify([{ role: name }])}::jsonb))::int as mappings`.execute(
      tx,
    );
    const [uses] = rows;
    if (uses && uses.members + uses.invitations + uses.mappings > 0)
      throw new FactotumError(
        'role.in_use',
        `The role ${name} is in use: ${uses.members} members, ${uses.invitations} invitations, ${uses.mappings} mappings of a directory.`,
        {
          details: { ...uses },
        },
      );
    await tx.deleteFrom('tenantRole').where('id', '=', role.id).execute();
  });
}

async function findRole(tx: AuthDb, tenantId: Id<'tenant'>, roleId: string) {
  const role = await tx
    .selectFrom('tenantRole')
    .select(['id', 'name', 'permissions'])
    .where('tenantId', '=', tenantId)
    .where(sql<boolean>`id = ${roleId}`)
    .executeTakeFirst();
  if (!role) throw new FactotumError('role.not_found', 'There is no such role, or it is one that cannot be changed.');
  return role;
}

/** @throws FactotumError `request.invalid` */
export function checked<T>(schema: z.ZodType<T>, what: string, value: unknown): T {
  const answer = schema.safeParse(value);
  if (answer.success) return answer.data;
  throw new FactotumError('request.invalid', `The ${what} ${answer.error.issues[0]?.message ?? 'is not valid'}.`, {
    details: { member: what },
  });
}
