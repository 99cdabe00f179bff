import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { get, post, remove } from '../../api/client.ts';
import type { Page, Settlement, Task, TaskState, TaskSummary } from '../../api/types.ts';
import { queryOf, statesOf, type TaskSearch } from './filters.ts';

const pageLimit = 50;
/** Rows of the list that are fetched at once while somebody scrolls. */
const listLimit = 100;

/** A page of tasks. Set where so few fit that looking for them ended before the page was full: how far back it went. */
type TaskPage = Page<TaskSummary> & { lookedBackTo?: string | null };

/** One task with everything about it. */
export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: ['task', id],
    queryFn: ({ signal }) => get<Task>(`/tasks/${encodeURIComponent(id)}`, { signal }),
  });

/** Tasks in these states, newest first; all states when the list is empty. */
export const tasksQuery = (states: readonly TaskState[], limit = pageLimit) =>
  pagesOf(['tasks', states.join(','), limit], { state: states.join(',') || undefined, limit });

/** The list of tasks as its address narrows it. A key of more than three parts is of a list that not every task of its states is in. */
export function foundTasksQuery(search: TaskSearch) {
  const { state, ...others } = search;
  const states = state ? statesOf[state].join(',') : '';
  const isNarrow = Object.keys(others).length > 0;
  return pagesOf(['tasks', states, listLimit, ...(isNarrow ? [others] : [])], { ...queryOf(search), limit: listLimit });
}

const pagesOf = (queryKey: readonly unknown[], query: Record<string, string | number | undefined>) =>
  infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam, signal }) => get<TaskPage>('/tasks', { query: { ...query, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

/** What the list can be narrowed to by name. */
export const taskNamesQuery = queryOptions({
  queryKey: ['task-names'],
  queryFn: ({ signal }) => get<{ sources: string[]; playbooks: string[] }>('/tasks/names', { signal }),
});

/** A filter that the reader has given a name. */
export interface SavedView {
  id: string;
  page: 'tasks' | 'inbox';
  name: string;
  filter: Record<string, string>;
}

export const viewsQuery = queryOptions({
  queryKey: ['views'],
  queryFn: ({ signal }) => get<{ items: SavedView[] }>('/me/views', { signal }),
});

export const saveView = (view: Omit<SavedView, 'id'>): Promise<SavedView> => post<SavedView>('/me/views', view);
export const deleteView = (id: string): Promise<void> => remove(`/me/views/${encodeURIComponent(id)}`);

/** Cancels a task. */
export const useCancelTask = (id: string) => useTaskMutation<void>(id, 'cancel');

/** Lets a task go on: after a failure, with the answer to a question, or with what a person found out about an unknown outcome. */
export const useResumeTask = (id: string) => useTaskMutation<{ settle?: Record<string, Settlement>; comment?: string }>(id, 'resume');

/** Takes back what a finished task has done. */
export const useUndoTask = (id: string) => useTaskMutation<void>(id, 'undo');

/** Asks for another plan that knows what the person says. */
export const useReplanTask = (id: string) => useTaskMutation<{ comment: string }>(id, 'replan');

function useTaskMutation<Body>(id: string, verb: 'cancel' | 'resume' | 'undo' | 'replan') {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Body) => post<Task>(`/tasks/${encodeURIComponent(id)}/${verb}`, body ?? {}),
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ['task', id] }), client.invalidateQueries({ queryKey: ['tasks'] })]),
  });
}
