import type { Id } from '#kernel';

/** What 0010_membership.sql adds: see there for what each column means. */
interface MembershipTables {
  tenantRole: {
    id: Id<'role'>;
    tenantId: Id<'tenant'>;
    name: string;
    title: string;
    permissions: string[];
    createdAt: Date;
    updatedAt: Date;
  };
  team: {
    id: Id<'team'>;
    tenantId: Id<'tenant'>;
    name: string;
    managedBy: 'scim' | null;
    externalId: string | null;
    createdAt: Date;
    updatedAt: Date;
  };
  teamMember: { tenantId: Id<'tenant'>; teamId: Id<'team'>; userId: Id<'user'> };
  invitation: {
    id: Id<'invitation'>;
    organizationId: Id<'tenant'>;
    email: string;
    role: string;
    /** better-auth's; here a row is an open invitation. Used and withdrawn ones are deleted: the audit log tells of them, without addresses. */
    status: 'pending';
    expiresAt: Date;
    createdAt: Date;
    tokenHash: string;
    teams: Id<'team'>[];
    invitedBy: string;
    mailed: boolean;
    sentAt: Date | null;
  };
}

declare module '../store.ts' {
  interface AuthTables extends MembershipTables {}
}
