import type { Id } from '#kernel';
import type { UserAttributes } from './attributes.ts';

/** What 0016_scim.sql adds: see there for what each column means. */
interface ScimTables {
  scimToken: {
    id: Id<'scimToken'>;
    tenantId: Id<'tenant'>;
    name: string;
    start: string;
    tokenHash: string;
    createdBy: string;
    createdAt: Date;
    expiresAt: Date | null;
    lastUsedAt: Date | null;
  };
  scimUser: {
    tenantId: Id<'tenant'>;
    userId: Id<'user'>;
    userName: string;
    externalId: string | null;
    active: boolean;
    made: boolean;
    attributes: UserAttributes;
    version: number;
    createdAt: Date;
    updatedAt: Date;
  };
  scimRoles: { tenantId: Id<'tenant'>; rules: RoleRule[]; fallback: string[] };
}

/** Whoever is in the group of that name, in whatever case, has the role. */
export interface RoleRule {
  readonly group: string;
  readonly role: string;
}

declare module '../store.ts' {
  interface AuthTables extends ScimTables {}
}
