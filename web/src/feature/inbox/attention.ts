import type { Approval, Risk, TaskSummary } from '../../api/types.ts';

/** One thing that needs a person: an approval, or a task that cannot go on by itself. */
export type Attention = { kind: 'approval'; approval: Approval } | { kind: 'question' | 'unknown' | 'failed'; task: TaskSummary };

export interface AttentionDay {
  /** The local midnight that the day begins with. */
  at: string;
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

/** Groups by local day, newest day first; inside a day the riskiest first, then the one that waited longest. */
export function groupByDay(rows: readonly Attention[]): AttentionDay[] {
  const days = Map.groupBy(rows, (row) => new Date(attentionAt(row)).setHours(0, 0, 0, 0));
  return [...days]
    .sort(([a], [b]) => b - a)
    .map(([dayMs, items]) => ({
      at: new Date(dayMs).toISOString(),
      rows: items.toSorted((a, b) => rank(b) - rank(a) || attentionAt(a).localeCompare(attentionAt(b))),
    }));
}
