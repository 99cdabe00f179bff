import type { Approval, Risk, TaskSummary } from '../../api/types.ts';
import { urgentMs } from '../approval/queries.ts';

/** One thing that needs a person: an approval, or a task that cannot go on by itself. */
export type Attention = { kind: 'approval'; approval: Approval } | { kind: 'question' | 'unknown' | 'failed'; task: TaskSummary };

export interface AttentionGroup {
  /** The local midnight that the day begins with; null for what cannot wait. */
  at: string | null;
  rows: Attention[];
}

const riskRank: Record<Risk, number> = { high: 40, medium: 30, low: 10 };

/** What stands higher is riskier: an outcome nobody knows counts like a high risk, a failure like a medium one, a question below. */
function rank(row: Attention): number {
  if (row.kind === 'approval') return riskRank[row.approval.risk];
  return { unknown: 40, failed: 25, question: 20 }[row.kind];
}

export const attentionId = (row: Attention): string => (row.kind === 'approval' ? row.approval.id : row.task.id);

const attentionAt = (row: Attention): string => (row.kind === 'approval' ? row.approval.createdAt : row.task.createdAt);

/** Whether it still waits; what was decided a moment ago stays in its row. */
export const isOpen = (row: Attention): boolean => {
  if (row.kind === 'approval') return row.approval.state === 'waiting';
  return row.task.state === (row.kind === 'failed' ? 'failed' : 'waiting');
};

/** What needs a person, out of the waiting approvals and the tasks in `waiting` and `failed`. */
export function attentionOf(approvals: readonly Approval[], tasks: readonly TaskSummary[]): Attention[] {
  const rows = tasks.flatMap((task): Attention[] => {
    if (task.state === 'failed') return [{ kind: 'failed', task }];
    const reason = task.waitReason;
    return reason === 'question' || reason === 'unknown' ? [{ kind: reason, task }] : [];
  });
  return [...approvals.map((approval): Attention => ({ kind: 'approval', approval })), ...rows];
}

/** Whether it expires so soon that nothing else matters. */
const isUrgent = (row: Attention, nowMs: number): boolean =>
  row.kind === 'approval' && row.approval.state === 'waiting' && Date.parse(row.approval.expiresAt) - nowMs < urgentMs;

/**
 * What expires within the hour first; the others by local day, newest day first. Inside a group the riskiest first, then the one that
 * waited longest.
 */
export function groupByDay(rows: readonly Attention[], nowMs: number): AttentionGroup[] {
  const days = Map.groupBy(rows, (row) =>
    isUrgent(row, nowMs) ? Number.POSITIVE_INFINITY : new Date(attentionAt(row)).setHours(0, 0, 0, 0),
  );
  return [...days]
    .sort(([a], [b]) => (a === b ? 0 : b - a))
    .map(([dayMs, items]) => ({
      at: Number.isFinite(dayMs) ? new Date(dayMs).toISOString() : null,
      rows: items.toSorted((a, b) => rank(b) - rank(a) || attentionAt(a).localeCompare(attentionAt(b))),
    }));
}

/** Groups by local day, and keeps the order of the rows. */
export function groupInOrder(rows: readonly Attention[]): AttentionGroup[] {
  const days = Map.groupBy(rows, (row) => new Date(attentionAt(row)).setHours(0, 0, 0, 0));
  return [...days].map(([dayMs, items]) => ({ at: new Date(dayMs).toISOString(), rows: items }));
}
