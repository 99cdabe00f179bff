import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

/** From the first instant to before the second. */
export interface Span {
  readonly from: Date;
  readonly to: Date;
}

export interface ApprovalFigures {
  readonly asked: number;
  readonly approved: number;
  readonly rejected: number;
  readonly expired: number;
  /** From question to answer, in seconds; null when none was answered. */
  readonly medianWaitSeconds: number | null;
}

/** How people answered about one tool. */
export interface ToolApprovals {
  readonly tool: string;
  /** Whether any of its questions was of high risk. */
  readonly isRisky: boolean;
  readonly approved: number;
  readonly rejected: number;
}

/** How many tasks of one kind of event. */
export interface KindCount {
  readonly source: string;
  readonly kind: string;
  readonly count: number;
}

/** What happened with a tenant's tasks in a span. What is waiting is as of now. */
export interface WorkFigures {
  readonly arrived: number;
  readonly completed: number;
  readonly refused: number;
  readonly partly: number;
  readonly failed: number;
  readonly cancelled: number;
  /** From arrival to the end, in seconds, of those that ended well; null when none did. */
  readonly medianSecondsToDone: number | null;
  readonly waiting: { readonly approval: number; readonly question: number; readonly unknown: number };
  readonly approvals: ApprovalFigures;
  /** By tool, the most asked first. */
  readonly approvalsByTool: readonly ToolApprovals[];
  /** Events of the span whose tasks wait because nothing knows how to plan them, the most frequent first. */
  readonly unplanned: readonly KindCount[];
  /** What took longest to be answered, by tool: where work stands still. The slowest first, at most five. */
  readonly slowestAnswers: readonly { readonly tool: string; readonly medianSeconds: number; readonly count: number }[];
}

/** How far back a task can have begun that ends in the span: what waits longer has expired. */
const reachDays = 120;

export async function workFigures(tx: Tx, tenantId: Id<'tenant'>, { from, to }: Span): Promise<WorkFigures> {
  // Ids carry their time, so the primary key finds the span.
  const [first, past, reach] = [taskIdAt(from), taskIdAt(to), taskIdAt(new Date(from.getTime() - reachDays * 86_400_000))];
  const tasks = await sql<Record<keyof typeof taskCounts, number> & { median: number | null }>`
    select ${sql.join(
      Object.entries(taskCounts).map(([name, condition]) => sql`(count(*) filter (where ${sql.raw(condition)}))::int as ${sql.ref(name)}`),
    )},
      percentile_cont(0.5) within group (order by extract(epoch from finished_at - created_at))
        filter (where state = 'done' and outcome = 'completed' and plan_version > 0 and finished_at >= ${from} and finished_at < ${to})::float8 as median
    from (select *, task_id >= ${first} and task_id < ${past} as is_new, ended_at >= ${from} and ended_at < ${to} as is_ended
      from app.task t cross join lateral (select case when t.state = 'failed' then ${lastFailure} else t.finished_at end as ended_at) e
      where tenant_id = ${tenantId} and task_id >= ${reach}) t`.execute(tx);
  const approvals = await sql<{
    tool: string;
    isRisky: boolean;
    asked: number;
    approved: number;
    rejected: number;
    expired: number;
    answers: number[] | null;
  }>`
    select tool, bool_or(risk = 'high') as "isRisky",
      (count(*) filter (where created_at >= ${from} and created_at < ${to}))::int as asked,
      (count(*) filter (where state = 'approved' and decided_at >= ${from} and decided_at < ${to}))::int as approved,
      (count(*) filter (where state = 'rejected' and decided_at >= ${from} and decided_at < ${to}))::int as rejected,
      (count(*) filter (where state = 'expired' and expires_at >= ${from} and expires_at < ${to}))::int as expired,
      array_agg(extract(epoch from decided_at - created_at)::float8) filter (where decided_at >= ${from} and decided_at < ${to}) as answers
    from app.approval where tenant_id = ${tenantId} and approval_id >= ${approvalIdAt(new Date(from.getTime() - reachDays * 86_400_000))}
    group by tool`.execute(tx);
  const unplanned = await sql<KindCount>`
    select source, kind, count(*)::int as count from app.task
    where tenant_id = ${tenantId} and task_id >= ${first} and task_id < ${past} and wait_reason = 'question' and plan_version = 0
    group by source, kind order by count desc, source, kind limit 5`.execute(tx);
  const { median = null, ...counts } = tasks.rows[0] ?? { median: null };
  const count = (name: keyof typeof taskCounts): number => (counts as Partial<Record<keyof typeof taskCounts, number>>)[name] ?? 0;
  const byTool = approvals.rows;
  const sum = (field: 'asked' | 'approved' | 'rejected' | 'expired') => byTool.reduce((total, row) => total + row[field], 0);
  return {
    arrived: count('arrived'),
    completed: count('completed'),
    refused: count('refused'),
    partly: count('partly'),
    failed: count('failed'),
    cancelled: count('cancelled'),
    medianSecondsToDone: median,
    waiting: { approval: count('waitingApproval'), question: count('waitingQuestion'), unknown: count('waitingUnknown') },
    approvals: {
      asked: sum('asked'),
      approved: sum('approved'),
      rejected: sum('rejected'),
      expired: sum('expired'),
      medianWaitSeconds: medianOf(byTool.flatMap(({ answers }) => answers ?? [])),
    },
    approvalsByTool: byTool
      .filter(({ approved, rejected }) => approved + rejected > 0)
      .sort((left, right) => right.approved + right.rejected - left.approved - left.rejected || (left.tool < right.tool ? -1 : 1))
      .map(({ tool, isRisky, approved, rejected }) => ({ tool, isRisky, approved, rejected })),
    unplanned: unplanned.rows,
    slowestAnswers: byTool
      .flatMap(({ tool, answers }) => {
        const medianSeconds = medianOf(answers ?? []);
        return medianSeconds === null ? [] : [{ tool, medianSeconds, count: answers?.length ?? 0 }];
      })
      .sort((left, right) => right.medianSeconds - left.medianSeconds)
      .slice(0, 5),
  };
}

const taskCounts = {
  // What was there before a connection was made is kept without a plan, and was nobody's work.
  arrived: "is_new and not (state = 'done' and plan_version = 0)",
  completed: "is_ended and state = 'done' and outcome = 'completed' and plan_version > 0",
  refused: "is_ended and state = 'done' and outcome = 'refused'",
  partly: "is_ended and state = 'done' and outcome = 'partly'",
  failed: "is_ended and state = 'failed'",
  cancelled: "is_ended and state = 'cancelled'",
  waitingApproval: "state = 'waiting' and wait_reason = 'approval'",
  waitingQuestion: "state = 'waiting' and wait_reason = 'question'",
  waitingUnknown: "state = 'waiting' and wait_reason = 'unknown'",
} as const;

/** A failed task is not at its end, since it can be resumed: when it failed is in the log alone. */
const lastFailure = sql`(select max(at) from app.audit_entry l where l.tenant_id = t.tenant_id and l.task_id = t.task_id and l.kind = 'task.failed')`;

/** The least id that is made at that time: eleven hex digits of milliseconds, as in kernel/ids. */
const idAt = (prefix: string, at: Date) => `${prefix}_${Math.max(0, at.getTime()).toString(16).padStart(11, '0')}`;
const taskIdAt = (at: Date) => idAt('tsk', at);
const approvalIdAt = (at: Date) => idAt('apr', at);

function medianOf(values: readonly number[]): number | null {
  const sorted = [...values].sort((left, right) => left - right);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
