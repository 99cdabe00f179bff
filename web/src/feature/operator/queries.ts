import { queryOptions } from '@tanstack/react-query';
import { get } from '../../api/client.ts';
import { listQuery } from '../../api/list.ts';
import type { Job, QuotaLimit, Registration, TenantItem } from '../../api/tenancy.ts';
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

export const registrationsQuery = listQuery<Registration>('operator-registrations', '/operator/registrations');

/** Long-running work of all tenants, asked for again while it moves. */
export const operatorJobsQuery = { ...listQuery<Job>('operator-jobs', '/operator/jobs'), refetchInterval: jobPollMs };
