import { inTransaction, type RoleDatabase } from '#kernel/database';
import type { Committed, TaskRow, Transition } from './rows.ts';

/** A transition on its way into the database, with the fence it was made under. */
export interface Flushable {
  readonly task: Pick<TaskRow, 'tenantId' | 'taskId' | 'epoch'>;
  /** The ring count that the worker had seen when it decided to park. */
  readonly signalsSeen: number;
  readonly transition: Transition;
}

/**
 * Commits many tasks' transitions in one transaction: first lock their rows and read the fences, then write everything in one statement.
 *
 * Locking first and in its own statement matters twice: a late worker's rows are left out (its fence is old), and a decision that
 * was made while the worker was about to park is seen, so no wake-up is lost. The tenants' revisions are read with the writing, not with
 * the locking: that statement may have waited, and its snapshot is as old as its wait.
 * @returns the answers in the order of the items. At most one transition of a task may be among them.
 */
export async function flush(engine: RoleDatabase, workerId: string, now: Date, items: readonly Flushable[]): Promise<Committed[]> {
  return inTransaction(engine, async (client) => {
    const { rows } = await client.query<LockedTask>({
      name: 'flush-lock',
      text: lockTasks,
      values: [
        items.map((item) => item.task.tenantId),
        items.map((item) => item.task.taskId),
        items.map((item) => item.task.epoch),
        workerId,
      ],
    });
    const held = new Map(rows.map((row) => [`${row.tenantId}/${row.taskId}`, row]));
    const lockOf = (item: Flushable) => held.get(`${item.task.tenantId}/${item.task.taskId}`);
    const valid = items.filter((item) => lockOf(item) !== undefined);
    if (valid.length === 0) return items.map(() => ({ kind: 'fenced' }));
    const written = await client.query<{ tenantId: string; revision: number; changed: readonly string[] }>({
      name: 'flush-write',
      text: writeAll,
      values: values(valid, now, (item) => lockOf(item)?.signals !== item.signalsSeen),
    });
    const revisions = new Map(written.rows.map((row) => [row.tenantId, row.revision]));
    const changed = new Set(written.rows[0]?.changed);
    return items.map((item) => {
      const lock = lockOf(item);
      const revision = revisions.get(item.task.tenantId);
      if (lock === undefined || revision === undefined) return { kind: 'fenced' };
      const wanted = item.transition.approvalChanges ?? [];
      const overtaken = wanted.map(({ approvalId }) => approvalId).filter((id) => !changed.has(`${item.task.tenantId}/${id}`));
      return { kind: 'committed', revision, signals: lock.signals, cancelling: lock.cancelling, overtaken };
    });
  });
}

interface LockedTask {
  readonly tenantId: string;
  readonly taskId: string;
  readonly signals: number;
  readonly cancelling: boolean;
}

/** Rows are locked in key order, so two flushes that meet (after a takeover) cannot deadlock. */
const lockTasks = `
  select t.tenant_id as "tenantId", t.task_id as "taskId", t.signals, t.cancelling
  from app.task t
  join unnest($1::text[], $2::text[], $3::bigint[]) as n(tenant_id, task_id, epoch) on t.tenant_id = n.tenant_id and t.task_id = n.task_id and t.epoch = n.epoch
  where t.owner = $4 order by t.tenant_id, t.task_id for no key update of t`;

type Column = readonly [name: string, type: string];
const key: readonly Column[] = [
  ['tenant_id', 'text'],
  ['task_id', 'text'],
];
const planColumns: readonly Column[] = [
  ...key,
  ['version', 'int'],
  ['planner', 'text'],
  ['playbook', 'text'],
  ['model', 'text'],
  ['tokens_in', 'int'],
  ['tokens_out', 'int'],
  ['cost_micros', 'bigint'],
  ['body', 'bytea'],
  ['created_at', 'timestamptz'],
];
const stepColumns: readonly Column[] = [
  ...key,
  ['plan_version', 'int'],
  ['step_id', 'text'],
  ['position', 'int'],
  ['tool', 'text'],
  ['effect', 'text'],
  ['verdict', 'text'],
  ['state', 'text'],
  ['fence', 'bigint'],
  ['error_code', 'text'],
  ['body', 'bytea'],
  ['started_at', 'timestamptz'],
  ['finished_at', 'timestamptz'],
];
const attemptKey: readonly Column[] = [...key, ['plan_version', 'int'], ['step_id', 'text'], ['direction', 'text'], ['number', 'int']];
const attemptColumns: readonly Column[] = [
  ...attemptKey,
  ['key', 'text'],
  ['fence', 'bigint'],
  ['payload_hash', 'text'],
  ['started_at', 'timestamptz'],
];
const settledColumns: readonly Column[] = [...attemptKey, ['outcome', 'text'], ['settled_at', 'timestamptz']];
const approvalColumns: readonly Column[] = [
  ...key,
  ['approval_id', 'text'],
  ['plan_version', 'int'],
  ['step_id', 'text'],
  ['tool', 'text'],
  ['risk', 'text'],
  ['state', 'text'],
  ['payload_hash', 'text'],
  ['policy_hash', 'text'],
  ['tool_schema_hash', 'text'],
  ['policy_ids', 'text'],
  ['body', 'bytea'],
  ['created_at', 'timestamptz'],
  ['expires_at', 'timestamptz'],
];
const approvalChangeColumns: readonly Column[] = [
  ['tenant_id', 'text'],
  ['approval_id', 'text'],
  ['state', 'text'],
  ['used_at', 'timestamptz'],
  ['was', 'text'],
];
const taskColumns: readonly Column[] = [
  ...key,
  ['state', 'text'],
  ['outcome', 'text'],
  ['wait_reason', 'text'],
  ['error_code', 'text'],
  ['run_at', 'timestamptz'],
  ['retries', 'int'],
  ['plan_version', 'int'],
  ['playbook', 'text'],
  ['risk', 'text'],
  ['detail', 'bytea'],
  ['finished_at', 'timestamptz'],
  ['release', 'boolean'],
];
const tables = [planColumns, stepColumns, attemptColumns, settledColumns, approvalColumns, approvalChangeColumns, taskColumns];
/** `unnest($7::text[], ...) as n(tenant_id, ...)` for table number `index`, its parameters following those of the tables before it. */
function rowsOf(index: number): string {
  const before = tables.slice(0, index).reduce((sum, columns) => sum + columns.length, 0);
  const columns = tables[index] ?? [];
  return `unnest(${columns.map(([, type], at) => `$${before + at + 1}::${type}[]`).join(', ')}) as n(${columns.map(([name]) => name).join(', ')})`;
}
const names = (columns: readonly Column[]) => columns.map(([name]) => name).join(', ');
const lastParameter = tables.reduce((sum, columns) => sum + columns.length, 0);

/** All tables in one statement: one round trip however many rows. Answers with the tenants' revisions and the approvals that were changed. Lists inside a row travel as JSON text, since SQL arrays cannot be ragged. */
const writeAll = `
  with plans as (
    insert into app.plan (${names(planColumns)}) select ${names(planColumns)} from ${rowsOf(0)}
  ), steps as (
    insert into app.step (${names(stepColumns)}) select ${names(stepColumns)} from ${rowsOf(1)}
    on conflict (tenant_id, task_id, plan_version, step_id) do update set verdict = excluded.verdict, state = excluded.state, fence = excluded.fence,
      error_code = excluded.error_code, body = excluded.body, started_at = excluded.started_at, finished_at = excluded.finished_at
  ), attempts as (
    insert into app.attempt (${names(attemptColumns)}) select ${names(attemptColumns)} from ${rowsOf(2)}
  ), settled as (
    update app.attempt a set outcome = n.outcome, settled_at = n.settled_at from ${rowsOf(3)}
    where a.tenant_id = n.tenant_id and a.task_id = n.task_id and a.plan_version = n.plan_version and a.step_id = n.step_id and a.direction = n.direction and a.number = n.number
  ), approvals as (
    insert into app.approval (${names(approvalColumns)})
    select ${names(approvalColumns).replace('policy_ids', 'array(select jsonb_array_elements_text(policy_ids::jsonb))')} from ${rowsOf(4)}
  ), approval_changes as (
    update app.approval a set state = n.state, used_at = n.used_at from ${rowsOf(5)}
    where a.tenant_id = n.tenant_id and a.approval_id = n.approval_id and a.state = n.was returning a.tenant_id || '/' || a.approval_id as id
  ), audit as (
    insert into app.audit_pending (tenant_id, entries)
    select tenant_id, entries from json_to_recordset($${lastParameter + 3}::json) as n(tenant_id text, entries text[])
  ), moved as (
    update app.task t set state = n.state, outcome = n.outcome, wait_reason = n.wait_reason, error_code = n.error_code, run_at = n.run_at,
      retries = n.retries, plan_version = n.plan_version, playbook = n.playbook, risk = n.risk, detail = n.detail, finished_at = n.finished_at,
      owner = case when n.release then null else t.owner end, updated_at = $${lastParameter + 1}
    from ${rowsOf(6)} where t.tenant_id = n.tenant_id and t.task_id = n.task_id
  )
  select tenant_id as "tenantId", revision, array(select id from approval_changes) as changed from app.tenant_queue where tenant_id = any($${lastParameter + 2}::text[])`;

/** The parameters of `writeAll`: one array a column, table after table. */
function values(items: readonly Flushable[], now: Date, wasRung: (item: Flushable) => boolean): unknown[] {
  const lines: unknown[][][] = tables.map(() => []);
  const put = (table: number, line: unknown[]) => lines[table]?.push(line);
  const audit = new Map<string, string[]>();
  for (const item of items) {
    const { tenantId, taskId } = item.task;
    const own = [tenantId, taskId];
    const { plan, steps, attempts, settled, approvals, approvalChanges, progress, release } = item.transition;
    if (plan)
      put(0, [
        ...own,
        plan.version,
        plan.planner,
        plan.playbook,
        plan.model,
        plan.tokensIn,
        plan.tokensOut,
        plan.costMicros,
        plan.body,
        plan.createdAt,
      ]);
    for (const s of steps ?? [])
      put(1, [
        ...own,
        s.planVersion,
        s.stepId,
        s.position,
        s.tool,
        s.effect,
        s.verdict,
        s.state,
        s.fence,
        s.errorCode,
        s.body,
        s.startedAt,
        s.finishedAt,
      ]);
    for (const a of attempts ?? [])
      put(2, [...own, a.planVersion, a.stepId, a.direction, a.number, a.key, a.fence, a.payloadHash, a.startedAt]);
    for (const a of settled ?? []) put(3, [...own, a.planVersion, a.stepId, a.direction, a.number, a.outcome, a.settledAt]);
    for (const a of approvals ?? [])
      put(4, [
        ...own,
        a.approvalId,
        a.planVersion,
        a.stepId,
        a.tool,
        a.risk,
        a.state,
        a.payloadHash,
        a.policyHash,
        a.toolSchemaHash,
        JSON.stringify(a.policyIds),
        a.body,
        a.createdAt,
        a.expiresAt,
      ]);
    for (const a of approvalChanges ?? []) put(5, [tenantId, a.approvalId, a.state, a.usedAt, a.was]);
    if (progress) {
      // Rung while in hand: due at once instead of parked or put off, so that the next claim sees what happened.
      const isOver = progress.state === 'done' || progress.state === 'cancelled';
      const runAt = release === true && !isOver && wasRung(item) ? now : progress.runAt;
      put(6, [
        ...own,
        progress.state,
        progress.outcome,
        progress.waitReason,
        progress.errorCode,
        runAt,
        progress.retries,
        progress.planVersion,
        progress.playbook,
        progress.risk,
        progress.detail,
        progress.finishedAt,
        release === true,
      ]);
    }
    if (item.transition.audit.length > 0) audit.set(tenantId, [...(audit.get(tenantId) ?? []), ...item.transition.audit]);
  }
  const tenants = [...new Set(items.map((item) => item.task.tenantId))];
  return [
    ...tables.flatMap((columns, table) => columns.map((_, column) => (lines[table] ?? []).map((line) => line[column]))),
    now,
    tenants,
    // One JSON text: as elements of an array, pg would escape each quote of the entries' own JSON, one by one (4 us an entry, this takes 1).
    JSON.stringify([...audit].map(([tenantId, entries]) => ({ tenant_id: tenantId, entries }))),
  ];
}
