import type { Id } from '#kernel';

/** What 0010_membership.sql adds: see there for what each column means. */
export interface MembershipTables {
  tenantRole: {
    id: Id<'role'>;
    tenantId: Id<'tenant'>;
    name: string;
    title: string;
    permissions: string[];
    createdAt: Date;
    updatedAt: Date;
  };
  team: { id: Id<'team'>; tenantId: Id<'tenant'>; name: string; createdAt: Date; updatedAt: Date };
  teamMember: { tenantId: Id<'tenant'>; teamId: Id<'team'>; userId: Id<'user'> };
  invitation: {
    id: Id<'invitation'>;
    organizationId: Id<'tenant'>;
    email: string;
    role: string;
    status: 'pending' | 'accepted' | 'withdrawn';
    expiresAt: Date;
    createdAt: Date;
    tokenHash: string;
    teams: Id<'team'>[];
    invitedBy: string;
    mailed: boolean;
    sentAt: Date | null;
  };
}
