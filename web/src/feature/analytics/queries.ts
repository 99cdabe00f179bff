import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { Analytics, TenantVolume } from '../../api/analytics.ts';
import { get } from '../../api/client.ts';
import type { AnalyticsSearch } from './views.ts';

type Period = Pick<AnalyticsSearch, 'from' | 'to' | 'bucket'>;

export const analyticsQuery = ({ from, to, bucket }: Period) =>
  queryOptions({
    queryKey: ['analytics', from, to, bucket],
    queryFn: ({ signal }) => get<Analytics>('/analytics', { query: { from, to, bucket }, signal }),
    // Another period is drawn over the one before it.
    placeholderData: keepPreviousData,
  });

export const surveyQuery = queryOptions({
  queryKey: ['survey'],
  queryFn: ({ signal }) => get<{ quarter: string; isDue: boolean }>('/me/survey', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
});

export const volumesQuery = queryOptions({
  queryKey: ['operator', 'analytics'],
  queryFn: ({ signal }) => get<{ days: { from: string; to: string }; items: TenantVolume[] }>('/operator/analytics', { signal }),
});

/** Where a table is downloaded. */
export function csvHref(table: string, { from, to, bucket }: Period): string {
  const query = new URLSearchParams(Object.entries({ from, to, bucket }).filter((pair): pair is [string, string] => pair[1] !== undefined));
  return `/api/v1/analytics/tables/${table}?${query}`;
}
