import { inTransaction, type RoleDatabase } from '#kernel/database';
import type { ApprovalRow, AttemptRow, EventRow, PlanRow, StepRow, TaskRow, TaskSnapshot } from './rows.ts';

interface Claim {
  readonly workerId: string;
  readonly limit: number;
  readonly now: Date;
}

/**
 * Claims up to `limit` due tasks, within each tenant's limit of running tasks, and always for those who have the fewest running: what a
 * tenant has under way counts as turns it has had, or a worker with one free slot would serve the same tenant every time.
 *
 * Three statements, because a statement's snapshot is taken before it waits for or skips a lock: counting what runs in the
 * statement that locks would count the past, and the limit would be broken under concurrency (seen: 22 running of 20 allowed).
 * @returns an empty array when nothing is due; never waits for another claimer.
 */
export async function claimTasks(engine: RoleDatabase, claim: Claim): Promise<TaskSnapshot[]> {
  const due = await engine.pool.query<{ tenant_id: string }>({ name: 'claim-due-tenants', text: dueTenants, values: [claim.now] });
  if (due.rows.length === 0) return [];
  const tenants = due.rows.map((row) => row.tenant_id);
  return inTransaction(engine, async (client) => {
    const locked = await client.query<{ tenant_id: string; revision: number }>({
      name: 'claim-lock-tenants',
      text: lockTenants,
      values: [tenants, claim.workerId],
    });
    if (locked.rows.length === 0) return [];
    const revisions = new Map(locked.rows.map((row) => [row.tenant_id, Number(row.revision)]));
    const claimed = await client.query<TaskRow & EventColumns>({
      name: 'claim-tasks',
      text: takeTasks,
      values: [claim.limit, claim.workerId, [...revisions.keys()], claim.now],
    });
    const planned = claimed.rows.filter((row) => row.planVersion > 0);
    const planTables = planned.length === 0 ? none : await loadPlanned(client, planned);
    return claimed.rows.map((row) => snapshot(row, planTables, revisions.get(row.tenantId) ?? 0));
  });
}

/** A loose index scan: one index probe for each tenant that has something due, however many tasks it has. */
const dueTenants = `
  with recursive t as (
    (select tenant_id from app.task where owner is null and run_at is not null and run_at <= $1 order by tenant_id limit 1)
    union all
    select (select tenant_id from app.task where owner is null and run_at is not null and run_at <= $1 and tenant_id > t.tenant_id order by tenant_id limit 1)
    from t where t.tenant_id is not null
  ) select tenant_id from t where tenant_id is not null`;

/**
 * Its own statement, on a row that no foreign key points at: neither an open insert hides the tenant nor does a claim block one.
 * A tenant that is suspended or on its way out gets nobody. A worker that was taken off the list gets nothing: it has not noticed yet,
 * and what it took would be taken away again.
 */
const lockTenants = `
  select tenant_id, revision from app.tenant_queue q where tenant_id = any($1) and exists (select from app.worker where worker_id = $2)
    and exists (select from app.tenant t where t.tenant_id = q.tenant_id and t.state = 'active')
  order by random() for no key update skip locked`;

const takeTasks = `
  with queue as (
    select q.tenant_id, q.max_running, (select count(*)::int from app.task r where r.tenant_id = q.tenant_id and r.owner is not null) as running
    from app.tenant_queue q where q.tenant_id = any($3)
  ), chosen as (
    select k.tenant_id, k.task_id from queue cross join lateral (
      select z.tenant_id, z.task_id, z.run_at, queue.running + row_number() over (order by z.run_at, z.task_id) as turn from (
        select tenant_id, task_id, run_at from app.task
        where tenant_id = queue.tenant_id and owner is null and run_at is not null and run_at <= $4
        order by run_at, task_id limit least($1::int, greatest(queue.max_running - queue.running, 0))) z
    ) k order by k.turn, k.run_at limit $1
  ), locked as (
    select tenant_id, task_id from app.task where (tenant_id, task_id) in (select tenant_id, task_id from chosen) and owner is null for no key update skip locked
  ), taken as (
    update app.task t set owner = $2, epoch = t.epoch + 1 from locked l where t.tenant_id = l.tenant_id and t.task_id = l.task_id returning t.*
  )
  select t.tenant_id as "tenantId", t.task_id as "taskId", t.event_id as "eventId", t.source, t.kind, t.state, t.outcome, t.wait_reason as "waitReason",
    t.error_code as "errorCode", t.run_at as "runAt", t.retries, t.plan_version as "planVersion", t.playbook, t.risk, t.detail, t.finished_at as "finishedAt",
    t.epoch, t.signals, t.cancelling, t.created_at as "createdAt", e.channel as "eventChannel", e.received_at as "eventReceivedAt", e.body as "eventBody"
  from taken t join app.event e on e.tenant_id = t.tenant_id and e.event_id = t.event_id`;

interface EventColumns {
  readonly eventChannel: string;
  readonly eventReceivedAt: Date;
  readonly eventBody: Buffer;
}

interface Keyed {
  readonly tenantId: string;
  readonly taskId: string;
}
interface PlanTables {
  readonly plans: readonly (PlanRow & Keyed)[];
  readonly steps: readonly (StepRow & Keyed)[];
  readonly attempts: readonly (AttemptRow & Keyed)[];
  readonly approvals: readonly (ApprovalRow & Keyed)[];
}
const none: PlanTables = { plans: [], steps: [], attempts: [], approvals: [] };

type Client = Parameters<Parameters<typeof inTransaction>[1]>[0];

const wanted = 'unnest($1::text[], $2::text[], $3::int[]) as w(tenant_id, task_id, version)';

async function loadPlanned(client: Client, tasks: readonly TaskRow[]): Promise<PlanTables> {
  const values = [tasks.map((task) => task.tenantId), tasks.map((task) => task.taskId), tasks.map((task) => task.planVersion)];
  const plans = await client.query<PlanRow & Keyed>({ name: 'load-plans', text: loadPlans, values });
  const steps = await client.query<StepRow & Keyed>({ name: 'load-steps', text: loadSteps, values });
  const attempts = await client.query<AttemptRow & Keyed>({ name: 'load-attempts', text: loadAttempts, values });
  const approvals = await client.query<ApprovalRow & Keyed>({ name: 'load-approvals', text: loadApprovals, values });
  return { plans: plans.rows, steps: steps.rows, attempts: attempts.rows, approvals: approvals.rows };
}

const from = (table: string, version: string) =>
  `from ${wanted} join app.${table} x on x.tenant_id = w.tenant_id and x.task_id = w.task_id and x.${version} = w.version`;
const keys = 'x.tenant_id as "tenantId", x.task_id as "taskId"';
const loadPlans = `select ${keys}, x.version, x.planner, x.playbook, x.model, x.tokens_in as "tokensIn", x.tokens_out as "tokensOut", x.cost_micros as "costMicros",
  x.body, x.created_at as "createdAt" ${from('plan', 'version')}`;
const loadSteps = `select ${keys}, x.plan_version as "planVersion", x.step_id as "stepId", x.position, x.tool, x.effect, x.verdict, x.state, x.fence,
  x.error_code as "errorCode", x.body, x.started_at as "startedAt", x.finished_at as "finishedAt" ${from('step', 'plan_version')} order by x.position`;
const loadAttempts = `select ${keys}, x.plan_version as "planVersion", x.step_id as "stepId", x.direction, x.number, x.key, x.fence, x.payload_hash as "payloadHash",
  x.outcome, x.started_at as "startedAt", x.settled_at as "settledAt" ${from('attempt', 'plan_version')} order by x.number`;
const loadApprovals = `select ${keys}, x.approval_id as "approvalId", x.plan_version as "planVersion", x.step_id as "stepId", x.tool, x.risk, x.state,
  x.payload_hash as "payloadHash", x.policy_hash as "policyHash", x.tool_schema_hash as "toolSchemaHash", x.policy_ids as "policyIds", x.assigned_to as "assignedTo",
  x.body, x.answer, x.decision_mac as "decisionMac", x.created_at as "createdAt", x.expires_at as "expiresAt", x.decided_by as "decidedBy", x.decided_at as "decidedAt",
  x.used_at as "usedAt" ${from('approval', 'plan_version')} order by x.approval_id`;

function snapshot(row: TaskRow & EventColumns, tables: PlanTables, revision: number): TaskSnapshot {
  const { eventChannel, eventReceivedAt, eventBody, ...task } = row;
  const event: EventRow = {
    eventId: row.eventId,
    source: row.source,
    kind: row.kind,
    channel: eventChannel,
    receivedAt: eventReceivedAt,
    body: eventBody,
  };
  const mine = (other: Keyed) => other.tenantId === row.tenantId && other.taskId === row.taskId;
  return {
    task,
    event,
    plan: tables.plans.find(mine) ?? null,
    steps: tables.steps.filter(mine),
    attempts: tables.attempts.filter(mine),
    approvals: tables.approvals.filter(mine),
    revision,
  };
}
