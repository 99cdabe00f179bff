import type { StepRow } from '#engine';
import { plainArgs, presentFields, presentOrigins, type StoredApproval } from '#flow/approval';
import { eventBodySchema } from '#flow/intake';
import { type PlanStep, planSchema } from '#flow/plan';
import { type StepBody, stepBodySchema, type Undoable, undoableSteps } from '#flow/run';
import {
  openTaskDetail,
  type PlanCosts,
  type StoredTask,
  selectPlanCosts,
  selectTask,
  selectTaskRecord,
  type TaskDetail,
  type TaskRecord,
} from '#flow/task';
import type { CatalogueEntry, ToolCatalogue } from '#flow/tool';
import { FactotumError, type Id, isFactotumError, type Logger } from '#kernel';
import type { Tx } from '#kernel/database';
import { type AuditEntry, listEntries } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import { type Around, asApproval } from './approval-around.ts';
import { entryText } from './entry-text.ts';
import { type EventRow, selectEvent } from './event-store.ts';
import type { Step, Task, TaskSummary } from './schema.ts';

/** Sealed rows and what it takes to show them. */
export interface Showing {
  readonly keys: TenantKeys;
  readonly catalogue: ToolCatalogue;
  readonly log: Logger;
  /** What is known of the approvals among them besides their rows. */
  readonly around?: Around;
}

/** Entries of one task that its page shows: a task of three steps has six. */
const timelineMax = 200;

/** A task's rows: of one moment when the transaction is a snapshot. @throws FactotumError `task.not_found` */
export async function loadTask(tx: Tx, tenantId: Id<'tenant'>, taskId: string) {
  const task = await selectTask(tx, tenantId, taskId);
  const event = task && (await selectEvent(tx, tenantId, task.eventId));
  if (task === undefined || event === undefined) throw new FactotumError('task.not_found', 'There is no such task.');
  const record = await selectTaskRecord(tx, tenantId, taskId, task.planVersion);
  const costs = await selectPlanCosts(tx, tenantId, taskId);
  const newestFirst = await listEntries(tx, { tenantId, taskId, limit: timelineMax });
  return { task, event, record, costs, entries: newestFirst.toReversed() };
}

/** A task with everything about it. */
export function presentTask(showing: Showing, { task, event, record, costs, entries }: Awaited<ReturnType<typeof loadTask>>): Task {
  const { undo, ...planSteps } = presentPlan(showing, task, record);
  return {
    ...presentSummary(showing, task),
    event: presentEvent(showing, event),
    plan: planSteps.plan,
    steps: planSteps.steps,
    undo,
    retries: task.retries,
    // Of a task that waits for a person it is when the question expires.
    nextTryAt: task.owner === null && ['received', 'planning', 'running'].includes(task.state) ? isoOrNull(task.runAt) : null,
    costs: presentCosts(showing, task, costs),
    approvals: presentApprovals(showing, record.approvals),
    timeline: entries.map(presentEntry),
  };
}

/** A task as lists show it. One whose words were changed by hand is shown without them, so that the others can be seen. */
export function presentSummary({ keys, log }: Pick<Showing, 'keys' | 'log'>, task: StoredTask): TaskSummary {
  const detail: TaskDetail = orBroken(log, task.taskId, () => openTaskDetail(keys, task)) ?? { title: brokenText };
  return {
    id: task.taskId,
    eventId: task.eventId,
    state: task.state,
    outcome: task.outcome,
    waitReason: task.waitReason,
    errorCode: task.errorCode,
    source: task.source,
    kind: task.kind,
    title: detail.title,
    from: detail.from ?? null,
    isUndoing: detail.undo !== undefined,
    summary: detail.summary ?? null,
    note: detail.note ?? detail.error ?? null,
    question: detail.question ?? null,
    calls: detail.calls ?? [],
    playbook: task.playbook,
    risk: task.risk,
    planVersion: task.planVersion,
    createdAt: task.createdAt.toISOString(),
    updatedAt: task.updatedAt.toISOString(),
    finishedAt: isoOrNull(task.finishedAt),
  };
}

/** Approvals that open. One that was changed by hand cannot be shown, and nobody can decide it. */
export function presentApprovals({ keys, catalogue, log, around }: Showing, rows: readonly StoredApproval[]) {
  return rows.flatMap((row) => orBroken(log, row.approvalId, () => asApproval(keys, catalogue, row, around)) ?? []);
}

function presentEvent({ keys }: Showing, event: EventRow): Task['event'] {
  const body = keys.openJson({ kind: 'event', id: event.eventId }, event.body, eventBodySchema);
  return {
    id: event.eventId,
    source: event.source,
    kind: event.kind,
    channel: event.channel,
    receivedAt: event.receivedAt.toISOString(),
    externalId: body.externalId,
    payload: { ...body.payload },
    provenance: { ...body.provenance },
  };
}

/** The plan in force and its steps: those the engine has reached as their rows say, the others as the plan does. */
function presentPlan(showing: Showing, task: StoredTask, record: TaskRecord): Pick<Task, 'plan' | 'steps' | 'undo'> {
  const { plan: row, steps: rows, attempts, approvals } = record;
  if (row === undefined) return { plan: null, steps: [], undo: null };
  const { keys, catalogue, log } = showing;
  const plan = orBroken(log, task.taskId, () =>
    keys.openJson({ kind: 'plan', id: task.taskId, version: row.version }, row.body, planSchema),
  );
  const specs = plan?.steps ?? [];
  return {
    plan: {
      version: row.version,
      planner: row.planner,
      playbook: row.playbook,
      model: row.model,
      summary: plan?.summary ?? brokenText,
      costMicros: row.costMicros,
      tokensIn: row.tokensIn,
      tokensOut: row.tokensOut,
      steps: specs.map(({ id, tool, after, why }) => ({ id, tool, after, why, ...aboutTool(catalogue.get(tool), tool) })),
    },
    steps: specs.map((spec) => {
      const stepRow = rows.find(({ stepId }) => stepId === spec.id);
      const approvalId = approvals.findLast(({ stepId, planVersion }) => stepId === spec.id && planVersion === row.version)?.approvalId;
      const tries = attempts.filter(({ stepId }) => stepId === spec.id).map(presentAttempt);
      return { ...presentStep(showing, task.taskId, spec, stepRow), approvalId: approvalId ?? null, attempts: tries };
    }),
    undo: task.state === 'done' && plan !== undefined ? presentUndo(showing, task, undoableSteps(plan, record, catalogue)) : null,
  };
}

/** What can be taken back; null where nothing can, and nothing is just being. */
function presentUndo({ keys, log }: Showing, task: StoredTask, undoable: Undoable): Task['undo'] {
  const underWay = orBroken(log, task.taskId, () => openTaskDetail(keys, task))?.undo !== undefined;
  return undoable.steps.length === 0 && !underWay ? null : { steps: [...undoable.steps], left: [...undoable.left], underWay };
}

const presentAttempt = ({ direction, number, outcome, startedAt, settledAt }: TaskRecord['attempts'][number]) => ({
  direction,
  number,
  outcome,
  startedAt: startedAt.toISOString(),
  settledAt: isoOrNull(settledAt),
});

/** What planning has cost, all plans together, with what was paid for since the last. One unknown price makes the sum unknown. */
function presentCosts({ keys, log }: Showing, task: StoredTask, costs: PlanCosts): Task['costs'] {
  const spent = orBroken(log, task.taskId, () => openTaskDetail(keys, task))?.spent;
  return {
    plans: costs.plans,
    tokensIn: costs.tokensIn + (spent?.tokensIn ?? 0),
    tokensOut: costs.tokensOut + (spent?.tokensOut ?? 0),
    costMicros: costs.isKnown && spent?.costMicros !== null ? costs.costMicros + (spent?.costMicros ?? 0) : null,
  };
}

function presentStep(
  { keys, catalogue, log }: Showing,
  taskId: string,
  spec: PlanStep,
  row: StepRow | undefined,
): Omit<Step, 'approvalId' | 'attempts'> {
  const known = catalogue.get(spec.tool);
  const about = aboutTool(known, spec.tool);
  const id = `${taskId}/${spec.id}`;
  const body = row && orBroken(log, id, () => keys.openJson({ kind: 'step', id, version: row.planVersion }, row.body, stepBodySchema));
  const isBroken = row !== undefined && body === undefined;
  return {
    id: spec.id,
    tool: spec.tool,
    title: about.title,
    headline: headlineOf(known, body) ?? about.title,
    effect: row?.effect ?? about.effect,
    state: row?.state ?? 'pending',
    verdict: row?.verdict ?? null,
    reasons: body?.reasons ?? [],
    fields: body === undefined ? [] : presentFields(known?.manifest, plainArgs(body.args), labelsOf(body)),
    result: body?.result?.value ?? null,
    resultFrom: body?.result === undefined ? null : { integrity: body.result.label.integrity, origins: presentOrigins(body.result.label) },
    error: isBroken ? { code: 'seal.broken', message: brokenText } : (body?.error ?? null),
    reversible: known?.manifest.reversible ?? false,
    startedAt: isoOrNull(row?.startedAt ?? null),
    finishedAt: isoOrNull(row?.finishedAt ?? null),
  };
}

/** An unknown tool counts as the most dangerous one. */
const aboutTool = (known: CatalogueEntry | null, tool: string) => ({
  title: known?.manifest.title ?? tool,
  effect: known?.manifest.effect ?? 'destroy',
});

/** A headline is made from arguments that fit; others would be drawn with holes. */
function headlineOf(known: CatalogueEntry | null, body: StepBody | undefined): string | undefined {
  if (known === null || body === undefined) return undefined;
  const args = plainArgs(body.args);
  return known.input.safeParse(args).success ? known.manifest.headline(args) : undefined;
}

const labelsOf = (body: StepBody) => Object.fromEntries(Object.entries(body.args).map(([name, { label }]) => [name, label]));

/** An entry as the timeline shows it. */
export function presentEntry({ seq, at, kind, actor, state, detail }: AuditEntry) {
  return { seq, at: at.toISOString(), kind, actor, state, text: entryText({ kind, detail, state }) };
}

const isoOrNull = (at: Date | null): string | null => at?.toISOString() ?? null;

const brokenText = 'What was stored here was changed and cannot be opened.';

/** Undefined for what does not open; the log says which. */
function orBroken<R>(log: Logger, id: string, open: () => R): R | undefined {
  try {
    return open();
  } catch (error) {
    if (!isFactotumError(error, 'seal.broken')) throw error;
    log.error({ err: error, id }, 'a stored row was changed and cannot be shown');
    return undefined;
  }
}
