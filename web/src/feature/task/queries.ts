import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { get, post } from '../../api/client.ts';
import type { Page, Settlement, Task, TaskState, TaskSummary } from '../../api/types.ts';

const pageLimit = 50;

/** One task with everything about it. */
export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: ['task', id],
    queryFn: ({ signal }) => get<Task>(`/tasks/${encodeURIComponent(id)}`, { signal }),
  });

/** Tasks in these states, newest first; all states when the list is empty. */
export const tasksQuery = (states: readonly TaskState[], limit = pageLimit) =>
  infiniteQueryOptions({
    queryKey: ['tasks', states.join(','), limit],
    queryFn: ({ pageParam, signal }) =>
      get<Page<TaskSummary>>('/tasks', { query: { state: states.join(',') || undefined, limit, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

/** Cancels a task. */
export const useCancelTask = (id: string) => useTaskMutation<void>(id, 'cancel');

/** Lets a task go on: after a failure, with the answer to a question, or with what a person found out about an unknown outcome. */
export const useResumeTask = (id: string) => useTaskMutation<{ settle?: Record<string, Settlement>; comment?: string }>(id, 'resume');

function useTaskMutation<Body>(id: string, verb: 'cancel' | 'resume') {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Body) => post<Task>(`/tasks/${encodeURIComponent(id)}/${verb}`, body ?? {}),
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ['task', id] }), client.invalidateQueries({ queryKey: ['tasks'] })]),
  });
}
