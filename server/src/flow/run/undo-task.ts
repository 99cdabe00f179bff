import { type Plan, planSchema } from '#flow/plan';
import {
  openTaskDetail,
  ringTask,
  sealTaskDetail,
  selectTask,
  selectTaskRecord,
  type TaskContext,
  type TaskDetail,
  type TaskRecord,
} from '#flow/task';
import type { ToolCatalogue } from '#flow/tool';
import { FactotumError } from '#kernel';
import { recordAudit } from '#trust/audit';
import { headline } from './finish.ts';
import { takeBack } from './take-back.ts';
import { note, release, type StepWork, standing, type Work } from './work.ts';

/** What of a finished task can be taken back, and what of it stays: by the ids of the steps. */
export interface Undoable {
  readonly steps: readonly string[];
  readonly left: readonly string[];
}

/**
 * What of a plan can be taken back: steps that have done something, by their plan's own undo or their tool's. Money never is, and no step
 * whose undo was tried and left in the dark.
 */
export function undoableSteps(plan: Plan, { steps, attempts }: Pick<TaskRecord, 'steps' | 'attempts'>, catalogue: ToolCatalogue): Undoable {
  const stands = steps.filter((step) => step.state === 'done' && step.effect !== 'read');
  const isDark = (stepId: string) =>
    attempts.some((other) => other.stepId === stepId && other.direction === 'undo' && other.outcome === 'unknown');
  const canGo = ({ stepId, tool, effect }: (typeof stands)[number]) => {
    // The column is in clear; what the tool says of itself is not to be had by writing into a table.
    if (effect === 'money' || catalogue.get(tool)?.manifest.effect === 'money' || isDark(stepId)) return false;
    const planned = plan.steps.find(({ id }) => id === stepId)?.undo;
    if (planned === undefined) return catalogue.get(tool)?.manifest.reversible === true;
    const known = catalogue.get(planned.tool);
    return known !== null && known.manifest.effect !== 'money';
  };
  const goes = new Set(stands.filter(canGo).map(({ stepId }) => stepId));
  const ids = stands.map(({ stepId }) => stepId);
  return { steps: ids.filter((id) => goes.has(id)), left: ids.filter((id) => !goes.has(id)) };
}

/** Who asks, and the tools that there are for the tenant. */
interface UndoContext extends TaskContext {
  readonly catalogue: ToolCatalogue;
}

/**
 * Asks for what a finished task has done to be taken back, as ordinary steps, newest first. With a step named, that one and what was built
 * upon it. Ring the engine afterwards.
 * @returns the ids of the steps that will be tried.
 * @throws `task.not_found`; `task.not_undoable` when the task is not done, nothing of what is meant can be taken back, what was built upon
 * the step cannot be, or somebody has asked already.
 */
export async function requestUndo(context: UndoContext, taskId: string, stepId?: string): Promise<readonly string[]> {
  const { tx, tenantId, keys, catalogue, actor, now } = context;
  const task = await selectTask(tx, tenantId, taskId, { lock: true });
  if (task === undefined) throw new FactotumError('task.not_found', 'There is no such task.');
  const refuse = (message: string): never => {
    throw new FactotumError('task.not_undoable', message, { details: { state: task.state } });
  };
  if (task.state !== 'done')
    return refuse('Only what a finished task has done can be taken back. Cancel this one, or ask for another plan.');
  const detail = openTaskDetail(keys, task);
  // What a worker that holds the task makes of it would be written over what is asked here.
  if (detail.undo !== undefined || task.owner !== null) return refuse('This task is being worked on. Look at what becomes of it first.');
  const record = await selectTaskRecord(tx, tenantId, taskId, task.planVersion);
  const { plan: row } = record;
  if (row === undefined) return refuse('This task has done nothing.');
  const plan = keys.openJson({ kind: 'plan', id: taskId, version: row.version }, row.body, planSchema);
  const undoable = undoableSteps(plan, record, catalogue);
  const meant = stepId === undefined ? null : withDependants(plan, stepId);
  const stuck = meant === null ? [] : undoable.left.filter((id) => meant.has(id));
  const steps = undoable.steps.filter((id) => meant?.has(id) ?? true);
  if (stuck.length > 0) return refuse('This step, or what was built upon it, cannot be taken back.');
  if (steps.length === 0) return refuse('Nothing that this task has done can be taken back.');
  const sealed = sealTaskDetail(keys, taskId, { ...detail, undo: { at: now.toISOString(), by: actor, steps } });
  await recordAudit(tx, tenantId, [
    { kind: 'task.undo_requested', actor, at: now, objectId: taskId, taskId, state: task.state, detail: { steps } },
  ]);
  await ringTask(tx, tenantId, taskId, now, { detail: sealed });
  return steps;
}

/** The step and everything that comes after it. */
function withDependants(plan: Plan, stepId: string): ReadonlySet<string> {
  const found = new Set([stepId]);
  // A plan's steps stand after those that they need.
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const { id, after } of plan.steps) if (after.some((other) => found.has(other))) found.add(id);
  }
  return found;
}

/**
 * Takes a finished task back. The wish stays in the task's row until everything has been tried, and which steps are left follows from
 * their rows: whoever claims the task after a crash goes on where it stopped.
 */
export async function undoTask(work: Work, undo: NonNullable<TaskDetail['undo']>): Promise<void> {
  const isMeant = (step: StepWork) => undo.steps.includes(step.spec.id);
  if (!(await takeBack(work, 'task.undone', isMeant))) return;
  const meant = work.steps.filter(isMeant);
  const undone = meant.filter((step) => step.state === 'undone');
  const left = standing(work);
  const failed = left.filter(isMeant);
  const { undo: _done, error: _past, ...detail } = work.detail;
  const said = (steps: readonly StepWork[]) => steps.map((step) => headline(work, step)).join('; ');
  work.detail = {
    ...detail,
    note: [
      ...(undone.length === 0 ? [] : [`Taken back: ${said(undone)}.`]),
      ...(failed.length === 0 ? [] : [`Could not be taken back, please look yourself: ${said(failed)}.`]),
    ].join(' '),
  };
  note(work, {
    kind: 'task.undone',
    objectId: work.taskId,
    state: 'done',
    detail: { undone: undone.map((step) => step.spec.id), left: failed.map((step) => step.spec.id) },
  });
  await release(work, {
    state: 'done',
    outcome: undone.length === 0 ? work.progress.outcome : left.length === 0 ? 'undone' : 'partly',
    waitReason: null,
    runAt: null,
    errorCode: null,
    retries: 0,
  });
}
