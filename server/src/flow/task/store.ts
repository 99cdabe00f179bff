import { type RawBuilder, sql } from 'kysely';
import type { ApprovalRow, AttemptRow, PlanRow, StepRow, TaskRow, TaskState } from '#engine';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

/** A task row as the list and the page read it. */
export type StoredTask = Omit<TaskRow, 'runAt'> & { readonly updatedAt: Date; readonly runAt: Date | null; readonly owner: string | null };

/** The columns of a `StoredTask`. */
export const taskFields = sql`tenant_id, task_id, event_id, source, kind, state, outcome, wait_reason, error_code, run_at, owner, retries, plan_version, playbook, risk, detail,
  finished_at, epoch, signals, cancelling, created_at, updated_at`;

/**
 * Tasks in these states, newest first. Keyset over the time-ordered id: the last page costs what the first does.
 * With states, one index range a state is read and merged, so a rare state among a million tasks is still a few probes.
 */
export async function selectTasks(
  tx: Tx,
  query: { tenantId: Id<'tenant'>; states: readonly TaskState[]; before: string | null; limit: number },
): Promise<StoredTask[]> {
  const { tenantId, states, before, limit } = query;
  const below = before === null ? sql`` : sql`and task_id < ${before}`;
  if (states.length === 0) {
    const all =
      await sql<StoredTask>`select ${taskFields} from app.task where tenant_id = ${tenantId} ${below} order by task_id desc limit ${limit}`.execute(
        tx,
      );
    return all.rows;
  }
  const some = await sql<StoredTask>`
    select t.* from unnest(${[...states]}::text[]) as s(state) cross join lateral (
      select ${taskFields} from app.task where tenant_id = ${tenantId} and state = s.state ${below} order by task_id desc limit ${limit}
    ) t order by t.task_id desc limit ${limit}`.execute(tx);
  return some.rows;
}

/**
 * One task. With `lock` its row is held until the transaction ends, before anything about it is decided: a worker that parks and a person
 * who decides meet on this row.
 */
export async function selectTask(
  tx: Tx,
  tenantId: Id<'tenant'>,
  taskId: string,
  { lock = false }: { lock?: boolean } = {},
): Promise<StoredTask | undefined> {
  const held = lock ? sql`for no key update` : sql``;
  const found =
    await sql<StoredTask>`select ${taskFields} from app.task where tenant_id = ${tenantId} and task_id = ${taskId} ${held}`.execute(tx);
  return found.rows[0];
}

/** Rings a task: a worker claims it now (or at `notBefore`), or, holding it, sees the ring when it parks. */
export async function ringTask(tx: Tx, tenantId: Id<'tenant'>, taskId: string, now: Date, change: Ring = {}): Promise<void> {
  await ringing(tenantId, taskId, now, change).execute(tx);
}

/** What is changed with it. */
interface Ring {
  readonly cancelling?: boolean;
  readonly detail?: Buffer;
  readonly notBefore?: Date;
}

/** The same as a part of a greater statement. */
export function ringing(tenantId: Id<'tenant'>, taskId: string, now: Date, change: Ring = {}): RawBuilder<unknown> {
  const { notBefore } = change;
  // Whatever else it is due for earlier, it stays due for.
  const due = notBefore === undefined ? sql`${now}` : sql`least(coalesce(run_at, ${notBefore}::timestamptz), ${notBefore}::timestamptz)`;
  const cancelling = change.cancelling === true ? sql`, cancelling = true` : sql``;
  const detail = change.detail === undefined ? sql`` : sql`, detail = ${change.detail}`;
  return sql`update app.task set signals = signals + 1, run_at = ${due}, updated_at = ${now} ${cancelling} ${detail}
    where tenant_id = ${tenantId} and task_id = ${taskId}`;
}

/** How many tasks workers have in hand. */
export async function countInHand(tx: Tx, tenantId: Id<'tenant'>): Promise<number> {
  const { rows } = await sql<{
    count: number;
  }>`select count(*)::int as count from app.task where tenant_id = ${tenantId} and owner is not null`.execute(tx);
  return rows[0]?.count ?? 0;
}

/**
 * Makes tasks due that wait for a budget. Those in hand are rung as well: one of them may be about to lie down because of the old limit.
 * In the order of their ids, as workers lock them.
 */
export async function ringWaitingForBudget(tx: Tx, tenantId: Id<'tenant'>, now: Date): Promise<void> {
  await sql`update app.task t set signals = t.signals + 1, updated_at = ${now}, run_at = case when t.owner is null then ${now} else t.run_at end
    from (select task_id from app.task where tenant_id = ${tenantId} and (wait_reason = 'quota' or owner is not null) order by task_id for no key update) w
    where t.tenant_id = ${tenantId} and t.task_id = w.task_id`.execute(tx);
}

/** Everything known about one task in its plan in force, and every approval it ever asked for. */
export interface TaskRecord {
  readonly plan: PlanRow | undefined;
  readonly steps: readonly StepRow[];
  readonly attempts: readonly AttemptRow[];
  readonly approvals: readonly (ApprovalRow & { readonly taskId: Id<'task'> })[];
}

/** What belongs to a task, in four statements: give it a snapshot where they have to fit together. */
export async function selectTaskRecord(tx: Tx, tenantId: Id<'tenant'>, taskId: string, planVersion: number): Promise<TaskRecord> {
  const mine = sql`tenant_id = ${tenantId} and task_id = ${taskId}`;
  const plan =
    await sql<PlanRow>`select version, planner, playbook, model, tokens_in, tokens_out, cost_micros, body, created_at from app.plan where ${mine} and version = ${planVersion}`.execute(
      tx,
    );
  const steps =
    await sql<StepRow>`select plan_version, step_id, position, tool, effect, verdict, state, fence, error_code, body, started_at, finished_at
    from app.step where ${mine} and plan_version = ${planVersion} order by position`.execute(tx);
  const attempts =
    await sql<AttemptRow>`select plan_version, step_id, direction, number, key, fence, payload_hash, outcome, started_at, settled_at
    from app.attempt where ${mine} and plan_version = ${planVersion} order by started_at`.execute(tx);
  const approvals = await sql<
    ApprovalRow & { taskId: Id<'task'> }
  >`select approval_id, task_id, plan_version, step_id, tool, risk, state, payload_hash, policy_hash, tool_schema_hash, policy_ids,
    assigned_to, body, answer, decision_mac, created_at, expires_at, decided_by, decided_at, used_at from app.approval where ${mine} order by approval_id`.execute(
    tx,
  );
  return { plan: plan.rows[0], steps: steps.rows, attempts: attempts.rows, approvals: approvals.rows };
}

/** What all plans of a task have cost together. */
export interface PlanCosts {
  readonly plans: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** Millionths of a US dollar, of the plans whose price is known. */
  readonly costMicros: number;
  /** Whether it is known of each plan that a model has made. */
  readonly isKnown: boolean;
}

export async function selectPlanCosts(tx: Tx, tenantId: Id<'tenant'>, taskId: string): Promise<PlanCosts> {
  const { rows } = await sql<PlanCosts>`
    select count(*)::int as plans, coalesce(sum(tokens_in), 0)::int as tokens_in, coalesce(sum(tokens_out), 0)::int as tokens_out,
      coalesce(sum(cost_micros), 0)::float8 as cost_micros, coalesce(bool_and(tokens_in is null or cost_micros is not null), true) as is_known
    from app.plan where tenant_id = ${tenantId} and task_id = ${taskId}`.execute(tx);
  return rows[0] ?? { plans: 0, tokensIn: 0, tokensOut: 0, costMicros: 0, isKnown: true };
}

/** A person says what became of a step nobody could tell. Its open attempt is settled with it. @returns false when the step is not `unknown`. */
export async function settleStep(
  tx: Tx,
  step: { tenantId: Id<'tenant'>; taskId: string; planVersion: number; stepId: string; to: 'done' | 'failed' | 'pending'; now: Date },
): Promise<boolean> {
  const mine = sql`tenant_id = ${step.tenantId} and task_id = ${step.taskId} and plan_version = ${step.planVersion} and step_id = ${step.stepId}`;
  const changed =
    await sql`update app.step set state = ${step.to}, error_code = ${step.to === 'failed' ? 'tool.failed' : null}, finished_at = ${step.to === 'pending' ? null : step.now}
    where ${mine} and state = 'unknown'`.execute(tx);
  if (changed.numAffectedRows !== 1n) return false;
  await sql`update app.attempt set outcome = ${step.to === 'done' ? 'done' : 'failed'}, settled_at = ${step.now} where ${mine} and (outcome is null or outcome = 'unknown')`.execute(
    tx,
  );
  return true;
}
