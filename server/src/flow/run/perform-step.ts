import { createHash } from 'node:crypto';
import { type Action, type ActionOutcome, lookUpAction, performAction } from '#flow/action';
import { resultLabel } from '#flow/gate';
import { bytesOf } from './call.ts';
import { approvalOf, catalogueOf, change, changeApproval, note, type StepWork, settleAttempt, type Work } from './work.ts';

/** Tries of one step, the first included, before it counts as failed for good. */
const triesMax = 5;

/** The idempotency key of a step: equal for all its attempts, and for the worker that takes over. */
export const stepKey = (work: Work, step: StepWork): string => `${work.taskId}/${work.progress.planVersion}/${step.spec.id}`;

/**
 * Writes down the intent of every step that may go. @returns whether anything has to be committed before the effects:
 * a read needs no intent, since nothing outside could notice it twice.
 */
export function begin(work: Work, going: readonly StepWork[]): boolean {
  const now = work.tools.clock.now();
  let durable = false;
  for (const step of going) {
    change(step, { state: 'running', startedAt: step.startedAt ?? now });
    const approval = approvalOf(work, step.spec.id);
    if (approval?.state === 'approved' && approval.usedAt === null) {
      changeApproval(work, approval, 'approved', now);
      note(work, {
        kind: 'approval.used',
        objectId: approval.approvalId,
        state: 'approved',
        detail: { step: step.spec.id, payloadHash: approval.payloadHash },
      });
      durable = true;
    }
    if (step.effect === 'read') continue;
    openAttempt(work, step, 'do', actionOf(work, step));
    durable = true;
  }
  return durable;
}

/** Adds an attempt to make this call to the next commit. */
export function openAttempt(
  work: Work,
  step: StepWork,
  direction: 'do' | 'undo',
  { key, argsJson }: Pick<Action, 'key' | 'argsJson'>,
): void {
  const made = work.attempts.filter((other) => other.stepId === step.spec.id && other.direction === direction).length;
  const attempt = {
    planVersion: work.progress.planVersion,
    stepId: step.spec.id,
    direction,
    number: made + 1,
    key,
    fence: work.lease.snapshot.task.epoch,
    payloadHash: createHash('sha256').update(argsJson).digest('hex'),
    outcome: null,
    startedAt: work.tools.clock.now(),
    settledAt: null,
  };
  work.attempts.push(attempt);
  work.pending.attempts.push(attempt);
}

/** Sends exactly the bytes that were hashed. */
export function perform(work: Work, step: StepWork): Promise<ActionOutcome> {
  return performAction(work.tools.host, actionOf(work, step));
}

/** The call that a step makes. */
export function actionOf(work: Work, step: StepWork): Action {
  const known = catalogueOf(work).get(step.spec.tool);
  if (known === null) throw new Error(`the tool ${step.spec.tool} disappeared during the run`);
  return {
    tenantId: work.tenantId,
    taskId: work.taskId,
    key: stepKey(work, step),
    manifest: known.manifest,
    argsJson: bytesOf(step.body?.args ?? {}),
    signal: work.lease.signal,
    now: work.tools.clock.now(),
  };
}

/**
 * Writes down what came of a step; of one that is undecided nothing, so that its attempt is looked up when the task is taken up again.
 * @returns milliseconds to wait before the step is tried again, or null when it is settled.
 */
export function applyOutcome(work: Work, step: StepWork, outcome: ActionOutcome): number | null {
  const now = work.tools.clock.now();
  const { body } = step;
  if (body === null) throw new Error('a step that ran has a body');
  const detail = { step: step.spec.id, tool: step.spec.tool, verdict: step.verdict, policies: body.policies.map(({ id }) => id) };
  switch (outcome.kind) {
    case 'done': {
      const manifest = catalogueOf(work).get(step.spec.tool)?.manifest;
      if (manifest === undefined) throw new Error(`the tool ${step.spec.tool} disappeared during the run`);
      const label = resultLabel(manifest, body.args, outcome.label);
      change(step, { state: 'done', finishedAt: now, errorCode: null, body: { ...body, result: { value: outcome.result, label } } });
      settleAttempt(work, step.spec.id, 'do', 'done');
      note(work, {
        kind: 'step.finished',
        objectId: work.taskId,
        state: 'done',
        detail: { ...detail, payloadHash: createHash('sha256').update(bytesOf(body.args)).digest('hex') },
      });
      return null;
    }
    case 'failed':
      settleAttempt(work, step.spec.id, 'do', 'failed');
      if (outcome.retry && work.progress.retries + 1 < triesMax) {
        freeApproval(work, step);
        note(work, { kind: 'step.retried', objectId: work.taskId, state: 'pending', detail: { ...detail, code: outcome.code } });
        return outcome.retryAfterMs ?? 0;
      }
      change(step, {
        state: 'failed',
        finishedAt: now,
        errorCode: outcome.code,
        body: { ...body, error: { code: outcome.code, message: outcome.message } },
      });
      note(work, { kind: 'step.finished', objectId: work.taskId, state: 'failed', detail: { ...detail, code: outcome.code } });
      return null;
    case 'unknown':
      change(step, {
        state: 'unknown',
        finishedAt: now,
        errorCode: 'tool.outcome_unknown',
        body: { ...body, error: { code: 'tool.outcome_unknown', message: outcome.message } },
      });
      settleAttempt(work, step.spec.id, 'do', 'unknown');
      note(work, { kind: 'step.unknown', objectId: work.taskId, state: 'unknown', detail });
      return null;
    case 'undecided':
      return outcome.retryAfterMs ?? 0;
  }
}

/** It certainly did not happen and may be tried again by itself: the person's yes to these very bytes still stands. */
function freeApproval(work: Work, step: StepWork): void {
  const approval = approvalOf(work, step.spec.id);
  if (approval?.state === 'approved') {
    changeApproval(work, approval, 'approved', null);
    change(step, { state: 'waiting', startedAt: null });
  } else rest(work, step);
}

/**
 * After a takeover: every attempt that left no outcome is settled by asking its tool before anything else happens.
 * Money, rights and destruction that did not happen are asked anew, never simply done.
 * @returns milliseconds to wait when a tool cannot be asked just now, or null when everything is settled.
 */
export async function settleOpenAttempts(work: Work): Promise<number | null> {
  let longest: number | null = null;
  for (const step of work.steps) {
    const attempt = work.attempts.findLast((other) => other.stepId === step.spec.id && other.direction === 'do');
    if (attempt === undefined || attempt.outcome !== null) continue;
    const outcome = await lookUp(work, step);
    if (outcome.kind === 'failed' && outcome.retry) longest = Math.max(longest ?? 0, outcome.retryAfterMs ?? 0);
    else if (outcome.kind === 'absent') startOver(work, step);
    else applyOutcome(work, step, outcome);
  }
  // What has no attempt only read.
  const isOpen = (step: StepWork) =>
    work.attempts.some((other) => other.stepId === step.spec.id && other.direction === 'do' && other.outcome === null);
  for (const step of work.steps) if (step.state === 'running' && !isOpen(step)) rest(work, step);
  return longest;
}

async function lookUp(work: Work, step: StepWork): ReturnType<typeof lookUpAction> {
  if (catalogueOf(work).get(step.spec.tool) === null)
    return {
      kind: 'unknown',
      message: `${step.spec.tool} was under way, and there is no such tool any more that could be asked about it.`,
    };
  const outcome = await lookUpAction(work.tools.host, actionOf(work, step));
  // A look-up that fails says nothing about the step. It is tried as often as a step would be; then nobody can tell.
  return outcome.kind === 'failed' && outcome.retry && work.progress.retries + 1 >= triesMax
    ? { kind: 'unknown', message: `${step.spec.tool} was under way and cannot be asked about it: ${outcome.message}` }
    : outcome;
}

/** The attempt came to nothing: as if it had not been made, but for what must not be begun twice without a person. */
function startOver(work: Work, step: StepWork): void {
  settleAttempt(work, step.spec.id, 'do', 'failed');
  if (step.effect === 'write' || step.effect === 'egress') freeApproval(work, step);
  else rest(work, step);
}

/** Back to where it is considered; what somebody has taken back in the meantime first has its answer taken in. */
function rest(work: Work, step: StepWork): void {
  change(step, { state: approvalOf(work, step.spec.id)?.state === 'superseded' ? 'waiting' : 'pending', startedAt: null });
}
