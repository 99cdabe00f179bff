import { sql } from 'kysely';
import type { Risk, StepState, Verdict } from '#engine';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

/** What the gate has decided about one step, as it lies in the rows; content still sealed. */
export interface DecidedRow {
  readonly taskId: Id<'task'>;
  readonly planVersion: number;
  readonly stepId: string;
  readonly tool: string;
  readonly verdict: Verdict;
  readonly state: StepState;
  readonly body: Buffer;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** Where a walk stands: the last row that was looked at. */
export type Place = Pick<DecidedRow, 'taskId' | 'planVersion' | 'stepId'>;

/** The next decisions of tasks from `since` on, the newest tasks first. Ids of tasks are ordered by time, so this is a range of the primary key. */
export async function selectDecided(
  tx: Tx,
  query: { readonly tenantId: Id<'tenant'>; readonly since: string; readonly after: Place | null; readonly limit: number },
): Promise<DecidedRow[]> {
  const { tenantId, since, after, limit } = query;
  const below =
    after === null ? sql`` : sql`and (task_id, plan_version, step_id) < (${after.taskId}, ${after.planVersion}, ${after.stepId})`;
  const { rows } = await sql<DecidedRow>`select task_id, plan_version, step_id, tool, verdict, state, body, started_at, finished_at
    from app.step where tenant_id = ${tenantId} and task_id >= ${since} ${below}
      and state <> 'pending' and (effect <> 'read' or verdict <> 'auto')
    order by task_id desc, plan_version desc, step_id desc limit ${limit}`.execute(tx);
  return rows;
}

/** What stands around the decisions: the event and the plan of each, every step of the plan, and what was asked. */
export interface Surroundings {
  readonly events: readonly { taskId: Id<'task'>; eventId: Id<'event'>; source: string; body: Buffer }[];
  readonly plans: readonly { taskId: Id<'task'>; version: number; playbook: string | null; body: Buffer }[];
  readonly steps: readonly (Pick<DecidedRow, 'taskId' | 'planVersion' | 'stepId' | 'tool' | 'body'> & { finishedAt: Date })[];
  readonly approvals: readonly AskedRow[];
}

/** A question about a step, without what was asked. */
export interface AskedRow {
  readonly approvalId: Id<'approval'>;
  readonly taskId: Id<'task'>;
  readonly planVersion: number;
  readonly stepId: string;
  readonly risk: Risk;
  readonly state: string;
  readonly policyHash: string;
  readonly createdAt: Date;
}

export async function selectSurroundings(tx: Tx, tenantId: Id<'tenant'>, taskIds: readonly string[]): Promise<Surroundings> {
  const mine = sql`tenant_id = ${tenantId} and task_id = any(${[...taskIds]})`;
  const events = await sql<Surroundings['events'][number]>`select t.task_id, e.event_id, e.source, e.body
    from app.task t join app.event e on e.tenant_id = t.tenant_id and e.event_id = t.event_id
    where t.tenant_id = ${tenantId} and t.task_id = any(${[...taskIds]})`.execute(tx);
  const plans = await sql<Surroundings['plans'][number]>`select task_id, version, playbook, body from app.plan where ${mine}`.execute(tx);
  const steps = await sql<Surroundings['steps'][number]>`select task_id, plan_version, step_id, tool, body, finished_at
    from app.step where ${mine} and state in ('done', 'undone') and finished_at is not null`.execute(tx);
  const approvals = await sql<AskedRow>`select approval_id, task_id, plan_version, step_id, risk, state, policy_hash, created_at
    from app.approval where ${mine} order by approval_id`.execute(tx);
  return { events: events.rows, plans: plans.rows, steps: steps.rows, approvals: approvals.rows };
}
