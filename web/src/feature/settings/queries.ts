import { queryOptions } from '@tanstack/react-query';
import { get } from '../../api/client.ts';
import type { Invitation, Member, PermissionItem, Role, ServiceAccount, Team } from '../../api/identity.ts';
import { listQuery } from '../../api/list.ts';
import type { Settings } from '../../api/tenancy.ts';
import type { Page } from '../../api/types.ts';

/** The tenant's settings and where it stands. */
export const settingsQuery = queryOptions({ queryKey: ['settings'], queryFn: ({ signal }) => get<Settings>('/settings', { signal }) });

export const membersQuery = listQuery<Member>('members', '/members');
export const invitationsQuery = listQuery<Invitation>('invitations', '/invitations');
export const teamsQuery = listQuery<Team>('teams', '/teams');
export const rolesQuery = listQuery<Role>('roles', '/roles');
export const serviceAccountsQuery = listQuery<ServiceAccount>('service-accounts', '/service-accounts');

/** Every permission there is, with what it means. */
export const permissionsQuery = queryOptions({
  queryKey: ['permissions'],
  queryFn: ({ signal }) => get<Page<PermissionItem>>('/permissions', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
});
