import { type RawBuilder, sql } from 'kysely';
import type { ApprovalRow, ApprovalState, TaskState } from '#engine';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { wakingForAll } from './snooze.ts';

export type StoredApproval = ApprovalRow & { readonly taskId: Id<'task'> };

/** The columns of a `StoredApproval`. */
export const approvalFields = sql`approval_id, task_id, plan_version, step_id, tool, risk, state, payload_hash, policy_hash, tool_schema_hash, policy_ids, assigned_to, body, answer,
  decision_mac, created_at, expires_at, decided_by, decided_at, used_at`;

/** One page of approvals in the given states, newest first, by keyset. */
export async function selectApprovals(
  tx: Tx,
  query: { tenantId: Id<'tenant'>; states: readonly ApprovalState[]; before: string | null; limit: number },
): Promise<StoredApproval[]> {
  const below = query.before === null ? sql`` : sql`and approval_id < ${query.before}`;
  const page = await sql<StoredApproval>`
    select t.* from unnest(${[...query.states]}::text[]) as s(state) cross join lateral (
      select ${approvalFields} from app.approval where tenant_id = ${query.tenantId} and state = s.state ${below} order by approval_id desc limit ${query.limit}
    ) t order by t.approval_id desc limit ${query.limit}`.execute(tx);
  return page.rows;
}

export async function selectApproval(tx: Tx, tenantId: Id<'tenant'>, approvalId: string): Promise<StoredApproval | undefined> {
  const found =
    await sql<StoredApproval>`select ${approvalFields} from app.approval where tenant_id = ${tenantId} and approval_id = ${approvalId}`.execute(
      tx,
    );
  return found.rows[0];
}

/** An approval that is held until the transaction ends, and the task that it belongs to. */
interface HeldApproval {
  readonly approval: StoredApproval;
  readonly task: { readonly state: TaskState; readonly isInHand: boolean };
}

/**
 * Takes the lock of an approval's task, as everywhere, and reads the approval as a worker and other people left it: it is locked itself, for
 * a row that is locked is read anew after the wait, and one that is only joined is not. @returns undefined when there is no such approval.
 */
export async function holdApproval(tx: Tx, tenantId: Id<'tenant'>, approvalId: string): Promise<HeldApproval | undefined> {
  // The task not by a join: on tables that have just grown the planner takes one that reads them whole (1.1 ms against 0.1).
  const { rows } = await sql<StoredApproval & { taskState: TaskState; isInHand: boolean }>`
    with held as materialized (select state as task_state, owner is not null as is_in_hand from app.task where tenant_id = ${tenantId}
      and task_id = (select task_id from app.approval where tenant_id = ${tenantId} and approval_id = ${approvalId}) for no key update)
    select ${approvalFields}, held.task_state, held.is_in_hand
    from held, app.approval a where a.tenant_id = ${tenantId} and a.approval_id = ${approvalId} for no key update of a`.execute(tx);
  const [found] = rows;
  if (found === undefined) return undefined;
  const { taskState: state, isInHand, ...approval } = found;
  return { approval, task: { state, isInHand } };
}

/**
 * Writes a decision with what belongs to it, in one statement: everybody sees it who had put it off, the task is rung, the log hears of it.
 * The state in the predicate makes it once-only even without the task's lock.
 *
 * @param and.ring - rings the task
 * @param and.note - leaves the entry
 * @returns undefined when it was decided before: then the transaction can only be rolled back.
 */
export async function recordDecision(
  tx: Tx,
  decision: {
    tenantId: Id<'tenant'>;
    approvalId: string;
    state: ApprovalState;
    answer: Buffer;
    decisionMac: Buffer | null;
    decidedBy: string;
    decidedAt: Date;
    /** Whom it is assigned to from now on; null leaves it as it is. */
    assignment: { to: string | null; until: Date | null } | null;
  },
  and: { ring: RawBuilder<unknown>; note: RawBuilder<unknown> },
): Promise<StoredApproval | undefined> {
  const stays = decision.state === 'waiting';
  const { assignment } = decision;
  const assigned = assignment === null ? sql`` : sql`, assigned_to = ${assignment.to}, assigned_until = ${assignment.until}`;
  const done =
    await sql<StoredApproval>`with decided as (update app.approval set state = ${decision.state}, answer = ${decision.answer}, decision_mac = ${decision.decisionMac},
    decided_by = ${stays ? null : decision.decidedBy}, decided_at = ${stays ? null : decision.decidedAt} ${assigned}
    where tenant_id = ${decision.tenantId} and approval_id = ${decision.approvalId} and state = 'waiting'
    returning ${approvalFields}), woken as (${wakingForAll(decision.tenantId, decision.approvalId)}), rung as (${and.ring}), noted as (${and.note})
    select * from decided`.execute(tx);
  return done.rows[0];
}

/** Ends a question that nobody can answer any more, without a decision. */
export async function withdrawApproval(tx: Tx, tenantId: Id<'tenant'>, approvalId: string): Promise<void> {
  await sql`update app.approval set state = 'superseded' where tenant_id = ${tenantId} and approval_id = ${approvalId} and state = 'waiting'`.execute(
    tx,
  );
}

/** Takes a decision back that nothing has come of. @returns undefined when it has been used, or is another one by now. */
export async function recordUndo(
  tx: Tx,
  undo: {
    tenantId: Id<'tenant'>;
    approvalId: string;
    was: 'approved' | 'rejected';
    answer: Buffer;
    decisionMac: Buffer;
    decidedBy: string;
    decidedAt: Date;
  },
): Promise<StoredApproval | undefined> {
  const { tenantId, approvalId, was, answer, decisionMac, decidedBy, decidedAt } = undo;
  const done = await sql<StoredApproval>`update app.approval set state = 'superseded', answer = ${answer}, decision_mac = ${decisionMac},
    decided_by = ${decidedBy}, decided_at = ${decidedAt}
    where tenant_id = ${tenantId} and approval_id = ${approvalId} and state = ${was} and used_at is null returning ${approvalFields}`.execute(
    tx,
  );
  return done.rows[0];
}

/** Whether the step that was asked about still waits for an answer. */
export async function isStepWaiting(tx: Tx, tenantId: Id<'tenant'>, approval: StoredApproval): Promise<boolean> {
  const { rows } = await sql`select from app.step where tenant_id = ${tenantId} and task_id = ${approval.taskId}
    and plan_version = ${approval.planVersion} and step_id = ${approval.stepId} and state = 'waiting'`.execute(tx);
  return rows.length === 1;
}

/** Says whom an open question is assigned to, until when; null: everybody. @returns undefined when it is not open any more. */
export async function assign(
  tx: Tx,
  tenantId: Id<'tenant'>,
  approvalId: string,
  { to, until }: { to: string | null; until: Date | null },
): Promise<StoredApproval | undefined> {
  const done = await sql<StoredApproval>`update app.approval set assigned_to = ${to}, assigned_until = ${until}
    where tenant_id = ${tenantId} and approval_id = ${approvalId} and state = 'waiting' returning ${approvalFields}`.execute(tx);
  return done.rows[0];
}

/** The newest questions about a tool that a person has answered with yes or no. */
export async function selectDecided(tx: Tx, query: { tenantId: Id<'tenant'>; tool: string; limit: number }): Promise<StoredApproval[]> {
  const { rows } = await sql<StoredApproval>`
    select t.* from unnest(array['approved', 'rejected']) as s(state) cross join lateral (
      select ${approvalFields} from app.approval a
      where a.tenant_id = ${query.tenantId} and a.tool = ${query.tool} and a.state = s.state and a.decided_at is not null
      order by a.approval_id desc limit ${query.limit}
    ) t order by t.approval_id desc limit ${query.limit}`.execute(tx);
  return rows;
}
