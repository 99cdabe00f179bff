import { type InfiniteData, infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query';
import { get } from '../../api/client.ts';
import type { Approval, Page, Risk } from '../../api/types.ts';

/** More waiting approvals than this are not for one screen; the list is keyset-paged by the server. */
const waitingLimit = 200;
const pageLimit = 50;

/** How long before its end an approval is urgent: it cannot be put off beyond that. */
export const urgentMs = 3_600_000;

const approvalsKey = ['approvals'];

/** What the server is asked for: states joined by commas, whose attention, and what is looked for. */
interface ApprovalSearch {
  state?: string;
  view?: 'mine' | 'delegated' | 'snoozed' | 'all';
  risk?: Risk | undefined;
  tool?: string | undefined;
  q?: string | undefined;
}

/** Approvals, newest first. */
export const approvalsQuery = (search: ApprovalSearch) =>
  infiniteQueryOptions({
    queryKey: [...approvalsKey, search],
    queryFn: ({ pageParam, signal }) => {
      const limit = search.state === 'waiting' ? waitingLimit : pageLimit;
      return get<Page<Approval>>('/approvals', { query: { ...search, limit, cursor: pageParam }, signal });
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

type Approvals = InfiniteData<Page<Approval>>;

/** Approvals that wait for the reader. */
export const waitingQuery = approvalsQuery({ state: 'waiting', view: 'mine' });

/** The approvals of all loaded pages. */
export const allOf = (data: Approvals | undefined): Approval[] => data?.pages.flatMap((page) => page.items) ?? [];

export const approvalPath = (id: string) => `/approvals/${encodeURIComponent(id)}`;

export const approvalQuery = (id: string) =>
  queryOptions({ queryKey: ['approval', id], queryFn: ({ signal }) => get<Approval>(approvalPath(id), { signal }) });

export const commentsKey = (id: string) => ['approval-comments', id];

/** Whether approving needs the confirm dialog, and the screen waits for the server's word: it is a risk, final, or not one person's to say. */
export const needsConfirmation = ({ risk, reversible, stepUp, quorum }: Approval): boolean =>
  risk === 'high' || !reversible || stepUp || quorum.needed > 1;

/** Puts an approval into every list and page that shows it, in its place; answers whether it stands in what waits for the reader. */
export function putApproval(client: QueryClient, approval: Approval): boolean {
  client.setQueryData(['approval', approval.id], approval);
  const isIt = (item: Approval) => item.id === approval.id;
  client.setQueriesData<Approvals>({ queryKey: approvalsKey }, (data) => {
    if (!data?.pages.some((page) => page.items.some(isIt))) return data;
    return { ...data, pages: data.pages.map((page) => ({ ...page, items: page.items.map((item) => (isIt(item) ? approval : item)) })) };
  });
  return allOf(client.getQueryData(waitingQuery.queryKey)).some(isIt);
}

/** Fetches every list of approvals and of tasks again. */
export const refreshLists = (client: QueryClient) =>
  Promise.all([client.invalidateQueries({ queryKey: approvalsKey }), client.invalidateQueries({ queryKey: ['tasks'] })]);
