import { infiniteQueryOptions } from '@tanstack/react-query';
import { get } from './client.ts';
import type { Page } from './types.ts';

/** A list of the server in pages; `filter` is part of its key. */
export const listQuery = <T>(key: string, path: string, filter: Record<string, string | undefined> = {}) =>
  infiniteQueryOptions({
    queryKey: [key, path, filter],
    queryFn: ({ pageParam, signal }) => get<Page<T>>(path, { query: { ...filter, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
