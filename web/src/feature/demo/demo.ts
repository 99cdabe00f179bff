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

const demoQuery = queryOptions({
  queryKey: ['demo'],
  queryFn: ({ signal }) => get<Demo>('/demo', { signal }),
  staleTime: 60_000,
});

/** The demo, if the tenant has one. */
export function useDemo(): Demo | undefined {
  const { data } = useQuery({ ...demoQuery, retry: false });
  return data?.isHere ? data : undefined;
}
