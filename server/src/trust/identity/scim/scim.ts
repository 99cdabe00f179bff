import type { Clock, Id } from '#kernel';
import type { Acting, Room } from '../member/rules.ts';
import type { AuthDb } from '../store.ts';
import type { GroupAttributes, UserAttributes } from './attributes.ts';
import { changeScimGroup, createScimGroup, deleteScimGroup, findScimGroup, type GroupQuery, listScimGroups } from './group.ts';
import { changeRoleMapping, type RoleMapping, readRoleMapping } from './roles.ts';
import { createScimToken, findDirectory, listScimTokens, revokeScimToken } from './token.ts';
import { changeScimUser, createScimUser, deleteScimUser, findScimUser, listScimUsers, type UserQuery } from './user.ts';

export { type GroupAttributes, groupAttributesSchema, type UserAttributes, userAttributesSchema } from './attributes.ts';
export type { ScimGroup } from './group.ts';
export type { RoleMapping } from './roles.ts';
export type { Directory, ScimToken } from './token.ts';
export type { ScimAct, ScimUser } from './user.ts';

export type Scim = ReturnType<typeof createScim>;

interface Tenant {
  readonly tenantId: Id<'tenant'>;
}

/** What a tenant's directory says of its people and groups (SCIM 2.0). Every change is one transaction and counts from the next request on. */
export function createScim({ db, clock }: { readonly db: AuthDb; readonly clock: Clock }) {
  return {
    /** Whose token an `Authorization` header carries; null for anything else. */
    directoryOf: (authorization: string | null) => findDirectory(db, authorization, clock.now()),
    listTokens: (tenantId: Id<'tenant'>) => listScimTokens(db, tenantId),
    /** @throws FactotumError `request.invalid`, `quota.exceeded`. */
    createToken: (token: Tenant & { name: string; expiresAt: Date | null; by: string }) =>
      createScimToken(db, { ...token, now: clock.now() }),
    /** @throws FactotumError `scim.token_not_found`. */
    revokeToken: (what: Tenant & { id: string }) => revokeScimToken(db, what),
    readRoleMapping: (tenantId: Id<'tenant'>) => readRoleMapping(db, tenantId),
    /** @throws FactotumError `request.invalid`, `role.not_found`, `auth.forbidden`. */
    changeRoleMapping: (mapping: Tenant & RoleMapping & { by: Acting }) => changeRoleMapping(db, mapping),

    listUsers: (tenantId: Id<'tenant'>, query: UserQuery) => listScimUsers(db, tenantId, query),
    /** @throws FactotumError `scim.not_found`. */
    findUser: (tenantId: Id<'tenant'>, id: string) => findScimUser(db, tenantId, id),
    /** @throws FactotumError `scim.refused`, `scim.taken`, `quota.exceeded`. */
    createUser: (context: Tenant & { room: Room }, attributes: UserAttributes) =>
      createScimUser(db, { ...context, now: clock.now() }, attributes),
    /** @throws FactotumError as above, and `scim.not_found`, `scim.changed`, `member.last_owner`, `member.break_glass`. */
    changeUser: (
      context: Tenant & { room: Room },
      what: { id: string; version: number | undefined; change: (current: UserAttributes) => UserAttributes },
    ) => changeScimUser(db, { ...context, now: clock.now() }, what),
    /** @throws FactotumError `scim.not_found`, `member.last_owner`, `member.break_glass`. */
    deleteUser: (tenantId: Id<'tenant'>, id: string) => deleteScimUser(db, tenantId, id),

    listGroups: (tenantId: Id<'tenant'>, query: GroupQuery) => listScimGroups(db, tenantId, query),
    /** @throws FactotumError `scim.not_found`. */
    findGroup: (tenantId: Id<'tenant'>, id: string) => findScimGroup(db, tenantId, id),
    /** @throws FactotumError `scim.refused`, `scim.taken`, `quota.exceeded`. */
    createGroup: (tenantId: Id<'tenant'>, attributes: GroupAttributes) => createScimGroup(db, { tenantId, now: clock.now() }, attributes),
    /** @throws FactotumError as above, and `scim.not_found`. */
    changeGroup: (tenantId: Id<'tenant'>, what: { id: string; change: (current: GroupAttributes) => GroupAttributes }) =>
      changeScimGroup(db, { tenantId, now: clock.now() }, what),
    /** @throws FactotumError `scim.not_found`. */
    deleteGroup: (tenantId: Id<'tenant'>, id: string) => deleteScimGroup(db, tenantId, id),
  };
}
