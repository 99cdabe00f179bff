import { sql } from 'kysely';
import { type Id, isId } from '#kernel';
import type { KeyCheck } from './key-check.ts';
import { readPermissionText } from './machine/permission-text.ts';
import { namesIn } from './member/rules.ts';
import { permissionsOf } from './permissions.ts';
import { type AuthDb, grantedByOwnRoles } from './store.ts';

/**
 * Those of these actors who hold `approval:decide` in the tenant at this moment. Somebody who was removed or has lost the role is not among
 * them, nor a key that was revoked or has ended; who operates the installation always is.
 */
export async function whoMayDecide(
  { db, keys }: { db: AuthDb; keys: Pick<KeyCheck, 'checkId'> },
  tenantId: Id<'tenant'>,
  actors: readonly string[],
): Promise<ReadonlySet<string>> {
  const named = (kind: string) => actors.flatMap((actor) => (actor.startsWith(`${kind}:`) ? [actor.slice(kind.length + 1)] : []));
  const may = new Set(named('operator').map((name) => `operator:${name}`));
  for (const id of await membersAmong(db, tenantId, named('user'))) may.add(`user:${id}`);
  for (const id of await accountsAmong(db, tenantId, named('service'))) may.add(`service:${id}`);
  for (const id of named('key')) {
    const key = isId('apiKey', id) ? await keys.checkId(id) : null;
    if (key?.tenantId === tenantId && key.permissions.has('approval:decide')) may.add(`key:${id}`);
  }
  return may;
}

async function membersAmong(db: AuthDb, tenantId: Id<'tenant'>, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<{ id: string; role: string; granted: string[] | null }>`
    select member."userId" as id, member.role, ${grantedByOwnRoles} as granted from member
    where member."organizationId" = ${tenantId} and member."userId" = any(${[...ids]}::text[])`.execute(db);
  return rows.filter(({ role, granted }) => permissionsOf(namesIn(role), granted ?? []).has('approval:decide')).map(({ id }) => id);
}

async function accountsAmong(db: AuthDb, tenantId: Id<'tenant'>, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<{ id: string; permissions: string }>`select id, permissions from "serviceAccount"
    where "organizationId" = ${tenantId} and id = any(${[...ids]}::text[]) and "deletedAt" is null`.execute(db);
  return rows.filter(({ permissions }) => readPermissionText(permissions).has('approval:decide')).map(({ id }) => id);
}
