import type { Clock, Id } from '#kernel';
import type { AuthDb } from '../store.ts';
import { type Acceptance, acceptInvitation, lookAtInvitation } from './accept.ts';
import { findAssignable, teamIdsOf } from './assignable.ts';
import { invite, listInvitations, type NewInvitation, noteUnsent, renewInvitation, withdrawInvitation } from './invitation.ts';
import { changeRoles, endMemberSessions, listMembers, type Member, removeMember } from './member.ts';
import { changeRole, createRole, deleteRole, listRoles, type NewRole } from './role.ts';
import { type Acting, countPeople } from './rules.ts';
import { changeSecurity, readSecurity, type SecurityRules } from './security.ts';
import { changeTeam, createTeam, deleteTeam, listTeams } from './team.ts';

export type { InvitationLook } from './accept.ts';
export type { Assignable } from './assignable.ts';
export type { Invitation, MadeInvitation } from './invitation.ts';
export type { Member } from './member.ts';
export type { Role } from './role.ts';
export type { Room } from './rules.ts';
export type { SecurityRules } from './security.ts';
export type { Team } from './team.ts';

export type Membership = ReturnType<typeof createMembership>;

interface OfTenant {
  readonly tenantId: Id<'tenant'>;
}
/** An id as it came from outside: what is none is not found. */
interface OfObject extends OfTenant {
  readonly id: string;
}
interface By {
  readonly by: Acting;
}

/**
 * Who belongs to a tenant and as what. Every change counts from the next request on, in every process: members and their roles are looked
 * up with each.
 *
 * @param forgetKeys - called when something changes that is remembered with keys.
 */
export function createMembership({ db, clock }: { readonly db: AuthDb; readonly clock: Clock }, forgetKeys: () => void) {
  return {
    /** By name. */
    listMembers: (query: OfTenant & { after?: Pick<Member, 'name' | 'userId'> | null; limit: number }) => listMembers(db, query),
    /** Those of these ids that are members or teams, with whether they may decide approvals. */
    findAssignable: (query: OfTenant & { ids: readonly string[] }) => findAssignable(db, query),
    /** The teams that a member is in. */
    teamIdsOf: (query: OfTenant & { userId: string }) => teamIdsOf(db, query),
    /** Members and open invitations, as the quota counts them. */
    countPeople: (tenantId: Id<'tenant'>) => countPeople(db, tenantId, clock.now()),
    /** @throws FactotumError `member.not_found`, `role.not_found`, `member.managed`, `auth.forbidden`, `member.last_owner`, `member.break_glass`. */
    changeRoles: (change: OfTenant & By & { userId: string; roles: readonly string[] }) => changeRoles(db, change),
    /** @throws FactotumError `member.not_found`, `member.managed`, `auth.forbidden`, `member.last_owner`, `member.break_glass`. */
    removeMember: (removal: OfTenant & By & { userId: string }) => removeMember(db, removal),
    /** @throws FactotumError `member.not_found`, `auth.forbidden`. */
    endSessions: (what: OfTenant & By & { userId: string }) => endMemberSessions(db, what),

    /** Newest first. */
    listInvitations: (query: OfTenant & { before?: string | null; limit: number }) => listInvitations(db, { ...query, now: clock.now() }),
    /** @throws FactotumError `request.invalid`, `role.not_found`, `team.not_found`, `member.exists`, `auth.forbidden`, `auth.throttled`, `quota.exceeded`. */
    invite: (wanted: Omit<NewInvitation, 'now'>) => invite(db, { ...wanted, now: clock.now() }),
    /** @throws FactotumError `invitation.not_found`, `auth.forbidden`, `auth.throttled`, `quota.exceeded`. */
    renewInvitation: (wanted: Omit<NewInvitation, 'now' | 'email' | 'roles' | 'teams'> & { id: string }) =>
      renewInvitation(db, { ...wanted, now: clock.now() }),
    /** Call it when the mail of a new or renewed invitation did not go out: it may be tried again at once. */
    noteUnsent: (what: OfObject) => noteUnsent(db, what),
    /** @throws FactotumError `invitation.not_found`. */
    withdrawInvitation: (what: OfObject) => withdrawInvitation(db, what),
    /** @throws FactotumError `invitation.invalid`. */
    lookAtInvitation: (token: string) => lookAtInvitation(db, token, clock.now()),
    /** @throws FactotumError `invitation.invalid`, `auth.required`, `auth.password_weak`, `request.invalid`, `member.exists`, `quota.exceeded`. */
    acceptInvitation: (acceptance: Omit<Acceptance, 'now'>) => acceptInvitation(db, { ...acceptance, now: clock.now() }),

    listRoles: (tenantId: Id<'tenant'>) => listRoles(db, tenantId),
    /** @throws FactotumError `request.invalid`, `auth.forbidden`, `role.name_taken`, `quota.exceeded`. */
    createRole: (role: OfTenant & By & NewRole) => createRole(db, role),
    /** @throws FactotumError `role.not_found`, `request.invalid`, `auth.forbidden`. */
    changeRole: (change: OfObject & By & Omit<NewRole, 'name'>) => changeRole(db, change),
    /** @throws FactotumError `role.not_found`, `role.in_use`. */
    deleteRole: (what: OfObject) => deleteRole(db, what),

    /** By name. */
    listTeams: (tenantId: Id<'tenant'>) => listTeams(db, tenantId),
    /** @throws FactotumError `request.invalid`, `member.not_found`, `team.name_taken`, `quota.exceeded`. */
    createTeam: (team: OfTenant & { name: string; members: readonly string[] }) => createTeam(db, team),
    /** @throws FactotumError as above, and `team.not_found`. */
    changeTeam: (change: OfObject & { name: string; members: readonly string[] }) => changeTeam(db, change),
    /** @throws FactotumError `team.not_found`. */
    deleteTeam: (what: OfObject) => deleteTeam(db, what),

    readSecurity: (tenantId: Id<'tenant'>) => readSecurity(db, tenantId),
    /** @throws FactotumError `request.invalid`, `security.lockout`. */
    changeSecurity: async (change: OfTenant & By & { rules: SecurityRules; address: string | undefined }) => {
      const changed = await changeSecurity(db, change);
      forgetKeys();
      return changed;
    },
  };
}
