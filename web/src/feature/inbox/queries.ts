import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { TaskSummary } from '../../api/types.ts';
import { allOf, waitingQuery } from '../approval/queries.ts';
import { tasksQuery } from '../task/queries.ts';
import { attentionOf, isOpen } from './attention.ts';

/** The tasks that cannot go on by themselves. */
export const stuckQuery = tasksQuery(['waiting', 'failed']);

/** What needs a person, how much of it is still open, and how loading it went. */
export function useAttention() {
  const approvals = useInfiniteQuery(waitingQuery);
  const stuck = useInfiniteQuery(stuckQuery);
  const rows = useMemo(() => attentionOf(allOf(approvals.data), flat(stuck.data)), [approvals.data, stuck.data]);
  return {
    rows,
    count: rows.filter(isOpen).length,
    isPending: approvals.isPending || stuck.isPending,
    error: approvals.error ?? stuck.error,
    refetch: () => Promise.all([approvals.refetch(), stuck.refetch()]),
  };
}

/** The latest tasks that are over, and those being worked on. */
export const handledQuery = tasksQuery(['done', 'cancelled'], 12);
export const workingQuery = tasksQuery(['received', 'planning', 'running'], 5);

/** The rows of all loaded pages. */
export const flat = (data: { pages: { items: TaskSummary[] }[] } | undefined): TaskSummary[] =>
  data?.pages.flatMap((page) => page.items) ?? [];
