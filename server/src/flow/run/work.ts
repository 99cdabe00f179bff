import type { ApprovalRow, AttemptRow, Committed, Lease, Risk, StepState, TaskProgress, TaskState, Transition, Verdict } from '#engine';
import { heldUntil, lineArgs, plainArgs } from '#flow/approval';
import type { EventBody } from '#flow/intake';
import type { Plan, PlanStep } from '#flow/plan';
import { mayMove, sealTaskDetail, type TaskDetail } from '#flow/task';
import { type ToolCatalogue, type ToolHost, withPlugged } from '#flow/tool';
import type { Clock, Id } from '#kernel';
import { type AuditDraft, auditBody } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import type { PolicyEngine } from '#trust/policy';
import { bareBody, type StepBody } from './step-body.ts';
import type { TenantContext } from './tenant-context.ts';

/** What every part of a run needs besides the task itself. */
export interface RunTools {
  /** Our own tools; those that the tenant has plugged in come with its context. */
  readonly catalogue: ToolCatalogue;
  readonly policies: PolicyEngine;
  readonly host: ToolHost;
  readonly clock: Clock;
  /** Counts one use of a standing grant, exactly. @returns false when today's uses are spent. */
  readonly spendGrant: (tenantId: Id<'tenant'>, grantId: string, now: Date) => Promise<boolean>;
  /** Those of these actors who may decide now. */
  readonly whoMayDecide: (tenantId: Id<'tenant'>, actors: readonly string[]) => Promise<ReadonlySet<string>>;
  readonly contextOf: (tenantId: Id<'tenant'>, revision: number) => Promise<TenantContext>;
}

/** One step of the plan in force, as far as it has come. */
export interface StepWork {
  readonly spec: PlanStep;
  readonly position: number;
  effect: string;
  state: StepState;
  verdict: Verdict;
  body: StepBody | null;
  errorCode: string | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  /** Changed since the last commit. */
  dirty: boolean;
}

/** Thrown when another worker owns the task by now: stop at once, touch nothing. */
export class Fenced extends Error {}

/**
 * A task in work: the opened rows, and the changes gathered for the next commit.
 * Everything mutable about a run is here, so that each phase is a function over it.
 */
export interface Work {
  readonly tools: RunTools;
  readonly lease: Lease;
  readonly keys: TenantKeys;
  readonly tenantId: Id<'tenant'>;
  readonly taskId: Id<'task'>;
  readonly event: EventBody;
  readonly eventId: Id<'event'>;
  context: TenantContext;
  progress: TaskProgress;
  /** The task's state as of the last commit. */
  written: TaskState;
  detail: TaskDetail;
  plan: Plan | null;
  steps: StepWork[];
  approvals: ApprovalRow[];
  attempts: AttemptRow[];
  pending: { -readonly [K in keyof Transition]?: Transition[K] } & {
    audit: string[];
    attempts: AttemptRow[];
    settled: NonNullable<Transition['settled']>[number][];
    approvals: ApprovalRow[];
    approvalChanges: NonNullable<Transition['approvalChanges']>[number][];
  };
}

export const nothingPending = (): Work['pending'] => ({ audit: [], attempts: [], settled: [], approvals: [], approvalChanges: [] });

/** The tools that there are for this task. */
export const catalogueOf = ({ tools, context }: Pick<Work, 'tools' | 'context'>): ToolCatalogue =>
  withPlugged(tools.catalogue, context.pluggedTools);

/** Adds an audit entry to the next commit. */
export function note(work: Work, draft: Omit<AuditDraft, 'actor' | 'at' | 'taskId'> & { actor?: string }): void {
  work.pending.audit.push(auditBody(work.tenantId, { actor: 'system:engine', at: work.tools.clock.now(), taskId: work.taskId, ...draft }));
}

/** The step of that id. The plan has been validated, so it exists. */
export function stepOf(work: Work, stepId: string): StepWork {
  const step = work.steps.find(({ spec }) => spec.id === stepId);
  if (step === undefined) throw new Error(`step ${stepId} is not in the plan`);
  return step;
}

/** Changes a step and remembers to write it. */
export function change(step: StepWork, changes: Partial<Omit<StepWork, 'spec' | 'position' | 'dirty'>>): void {
  Object.assign(step, changes, { dirty: true });
}

/** Ends a step that will not be done, for a reason of the task's and not of the gate's. `code` is kept in clear beside it. */
export function skip(work: Work, step: StepWork, code: SkipCode): void {
  const reason = { rule: code, text: skipTexts[code] };
  const body = step.body === null ? bareBody(step.spec.why, reason) : { ...step.body, reasons: [reason] };
  change(step, { state: 'skipped', errorCode: code, finishedAt: work.tools.clock.now(), body });
}

type SkipCode = keyof typeof skipTexts;
const skipTexts = {
  'plan.dependency': 'A step before it was not done.',
  'plan.failed': 'Another step failed.',
  'plan.replaced': 'A new plan was asked for.',
  'task.cancelled': 'The task was cancelled.',
} as const;

/** Finished steps whose effect stands. */
export const standing = (work: Work): StepWork[] => work.steps.filter((step) => step.state === 'done' && step.effect !== 'read');

/** The newest approval that was asked for a step, whatever became of it. */
export function approvalOf(work: Work, stepId: string): ApprovalRow | undefined {
  return work.approvals.findLast((approval) => approval.stepId === stepId);
}

/** Whether nothing is to come of a decision yet: it was given with time to take it back. */
export const isHeld = (work: Work, approval: ApprovalRow): boolean =>
  (heldUntil(work.keys, approval)?.getTime() ?? 0) > work.tools.clock.now().getTime();

/** Replaces an approval's state here and in the next commit. There it gives way to whatever a person has decided in the meantime. */
export function changeApproval(
  work: Work,
  approval: ApprovalRow,
  state: ApprovalRow['state'],
  usedAt: Date | null = approval.usedAt,
): void {
  work.approvals = work.approvals.map((other) => (other.approvalId === approval.approvalId ? { ...other, state, usedAt } : other));
  const { approvalId } = approval;
  // One statement writes it all, and an update in it would not see the row that it inserts.
  const isNew = work.pending.approvals.some((other) => other.approvalId === approvalId);
  if (isNew) {
    work.pending.approvals = work.pending.approvals.map((other) => (other.approvalId === approvalId ? { ...other, state, usedAt } : other));
    return;
  }
  const was = work.pending.approvalChanges.find((other) => other.approvalId === approvalId)?.was ?? approval.state;
  work.pending.approvalChanges = work.pending.approvalChanges.filter((other) => other.approvalId !== approvalId);
  work.pending.approvalChanges.push({ approvalId, state, usedAt, was });
}

/** Ends a question, or an answer that has not been used: it is another question now, or none at all. */
export function withdraw(work: Work, approval: ApprovalRow, state: 'superseded' | 'cancelled', reason: string): void {
  changeApproval(work, approval, state);
  const detail = { step: approval.stepId, tool: approval.tool, reason };
  note(work, { kind: 'approval.superseded', objectId: approval.approvalId, state, detail });
}

/** Ends every question about a step that is still open. */
export function withdrawOpen(work: Work, step: StepWork, state: 'superseded' | 'cancelled', reason: string): void {
  for (const approval of work.approvals)
    if (approval.stepId === step.spec.id && (approval.state === 'waiting' || (approval.state === 'approved' && approval.usedAt === null)))
      withdraw(work, approval, state, reason);
}

/** Settles the newest attempt of a step in one direction. */
export function settleAttempt(work: Work, stepId: string, direction: 'do' | 'undo', outcome: NonNullable<AttemptRow['outcome']>): void {
  const attempt = work.attempts.findLast((other) => other.stepId === stepId && other.direction === direction);
  if (attempt === undefined || attempt.outcome !== null) return;
  const settled = { ...attempt, outcome, settledAt: work.tools.clock.now() };
  work.attempts = work.attempts.map((other) => (other === attempt ? settled : other));
  work.pending.settled.push(settled);
}

/** Writes what has gathered. @throws Fenced when the task is no longer ours. */
export async function commit(work: Work): Promise<Extract<Committed, { kind: 'committed' }>> {
  const answer = await work.lease.commit(drain(work, false));
  if (answer.kind === 'fenced') throw new Fenced();
  return answer;
}

/** Writes what has gathered together with the task's new state, and gives the task back. The run ends here. */
export async function release(work: Work, progress: Partial<TaskProgress>): Promise<void> {
  work.progress = { ...work.progress, ...progress };
  const answer = await work.lease.commit(drain(work, true));
  if (answer.kind === 'fenced') throw new Fenced();
}

/** Everything that changed since the last commit, sealed. */
function drain(work: Work, ending: boolean): Transition {
  const { pending } = work;
  work.pending = nothingPending();
  const steps = work.steps.filter((step) => step.dirty && step.body !== null).map((step) => sealStep(work, step));
  for (const step of work.steps) step.dirty = false;
  if (ending || pending.progress) work.detail = withCalls(work);
  const progress =
    ending || pending.progress ? { ...work.progress, detail: sealTaskDetail(work.keys, work.taskId, work.detail) } : undefined;
  if (progress !== undefined && !mayMove(work.written, progress.state))
    throw new Error(`a task does not go from ${work.written} to ${progress.state}`);
  work.written = progress?.state ?? work.written;
  return { ...pending, steps, ...(progress === undefined ? {} : { progress }), release: ending };
}

/** What is told of the task, with the calls that it names: their lines are said again for readers of another language. */
function withCalls(work: Work): TaskDetail {
  const { calls: _old, ...detail } = work.detail;
  const told = `${detail.note ?? ''} ${detail.question ?? ''}`;
  const calls = work.steps.flatMap(({ spec: { tool }, body }) => {
    const manifest = body === null ? undefined : catalogueOf(work).get(tool)?.manifest;
    if (body === null || manifest === undefined) return [];
    const args = plainArgs(body.args);
    const headline = manifest.headline(args);
    return told.includes(headline) ? [{ tool, headline, shown: lineArgs(manifest, args) }] : [];
  });
  return calls.length === 0 ? detail : { ...detail, calls };
}

function sealStep(work: Work, step: StepWork): NonNullable<Transition['steps']>[number] {
  if (step.body === null) throw new Error('a step without a body is not written');
  const planVersion = work.progress.planVersion;
  return {
    planVersion,
    stepId: step.spec.id,
    position: step.position,
    tool: step.spec.tool,
    effect: step.effect,
    verdict: step.verdict,
    state: step.state,
    fence: work.lease.snapshot.task.epoch,
    errorCode: step.errorCode,
    body: work.keys.sealJson({ kind: 'step', id: `${work.taskId}/${step.spec.id}`, version: planVersion }, step.body),
    startedAt: step.startedAt,
    finishedAt: step.finishedAt,
  };
}

const riskOrder: readonly Risk[] = ['low', 'medium', 'high'];

/** The higher of two risks. */
export const riskier = (one: Risk | null, other: Risk): Risk =>
  one !== null && riskOrder.indexOf(one) > riskOrder.indexOf(other) ? one : other;
