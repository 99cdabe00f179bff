import { queryOptions, useQuery } from '@tanstack/react-query';
import { get } from '../../api/client.ts';

/** What of the demo is still in the tenant. */
export interface Demo {
  isHere: boolean;
  tasks: string[];
  approvals: string[];
  notes: string[];
  grants: string[];
}

/** What of the demo is here, asked once. */
export const demoQuery = queryOptions({
  queryKey: ['demo'],
  queryFn: ({ signal }) => get<Demo>('/demo', { signal }),
  staleTime: 60_000,
  retry: false,
});

/** The demo, if the tenant has one. */
export function useDemo(): Demo | undefined {
  const { data } = useQuery(demoQuery);
  return data?.isHere ? data : undefined;
}
