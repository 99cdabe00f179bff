import type { TaskState } from '../../api/types.ts';

export const taskFilters = ['open', 'waiting', 'done', 'failed', 'cancelled'] as const;
export type TaskFilter = (typeof taskFilters)[number];

/** The states that a filter of the task list stands for. */
export const statesOf: Record<TaskFilter, readonly TaskState[]> = {
  open: ['received', 'planning', 'waiting', 'running'],
  waiting: ['waiting'],
  done: ['done'],
  failed: ['failed'],
  cancelled: ['cancelled'],
};
