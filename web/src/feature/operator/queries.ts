import { queryOptions } from '@tanstack/react-query';
import { get } from '../../api/client.ts';
import { listQuery } from '../../api/list.ts';
import type { Job, QuotaChange, QuotaLimit, Registration, TenantItem } from '../../api/tenancy.ts';
import type { Page } from '../../api/types.ts';

const jobPollMs = 3_000;

/** Tenants whose name or id contains `find`, in that state. */
export const tenantsQuery = (filter: { find?: string; state?: string }) =>
  listQuery<TenantItem>('operator-tenants', '/operator/tenants', { find: filter.find || undefined, state: filter.state || undefined });

export const tenantPath = (id: string): string => `/operator/tenants/${encodeURIComponent(id)}`;

export const tenantQuery = (id: string) =>
  queryOptions({ queryKey: ['operator-tenant', id], queryFn: ({ signal }) => get<TenantItem>(tenantPath(id), { signal }) });

export const quotasQuery = (id: string) =>
  queryOptions({
    queryKey: ['operator-quotas', id],
    queryFn: ({ signal }) => get<Page<QuotaLimit>>(`${tenantPath(id)}/quotas`, { signal }),
  });

/** What limits were set before, newest first. */
export const quotaChangesQuery = (id: string) => listQuery<QuotaChange>('operator-quotas', `${tenantPath(id)}/quotas/history`);

/** Those who have proved their address and wait for a decision. */
export const registrationsQuery = listQuery<Registration>('operator-registrations', '/operator/registrations', { state: 'waiting' });

/** Long-running work of all tenants, or of one, asked for again while it moves. */
export const operatorJobsQuery = (tenantId?: string) => ({
  ...listQuery<Job>('operator-jobs', '/operator/jobs', { tenantId }),
  refetchInterval: jobPollMs,
});
