import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { get } from '../../api/client.ts';
import type { NoticePage, PushBrowsers, RulesAnswer } from '../../api/notices.ts';

/** How many things one has not seen, for the bell. */
export const unreadQuery = queryOptions({
  queryKey: ['notices', 'unread'],
  queryFn: ({ signal }) => get<NoticePage>('/me/notices', { query: { limit: 1 }, signal }).then(({ unread }) => unread),
});

export const noticesQuery = infiniteQueryOptions({
  queryKey: ['notices', 'list'],
  queryFn: ({ pageParam, signal }) => get<NoticePage>('/me/notices', { query: { before: pageParam }, signal }),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next ?? undefined,
});

export const rulesQuery = queryOptions({
  queryKey: ['notice-rules'],
  queryFn: ({ signal }) => get<RulesAnswer>('/me/notice-rules', { signal }),
});

export const browsersQuery = queryOptions({
  queryKey: ['push-browsers'],
  queryFn: ({ signal }) => get<PushBrowsers>('/me/push-subscriptions', { signal }),
});
