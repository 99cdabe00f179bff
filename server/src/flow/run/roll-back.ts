import { backoffMs } from '#engine';
import { undoAction } from '#flow/action';
import { canonicalJson, type JsonObject } from '#kernel';
import { headline } from './finish.ts';
import { actionOf, openAttempt } from './perform-step.ts';
import { approvalOf, change, changeApproval, commit, note, release, type StepWork, settleAttempt, type Work } from './work.ts';

const undoTriesMax = 8;

/**
 * A step failed for good: takes back what was done before it, newest first, each as a step with its own intent and audit entry,
 * then ends the task as failed. What cannot be taken back is put before a person.
 *
 * Which steps are left to undo follows from the rows alone, so a crash in the middle continues where it stopped; tools undo by the
 * step's key and answer the same when asked twice.
 */
export async function rollBack(work: Work): Promise<void> {
  withdrawOpenQuestions(work);
  const failed = work.steps.find((step) => step.state === 'failed');
  for (const step of toUndo(work)) {
    const answer = await undo(work, step);
    if (answer === 'later') return;
  }
  const stuck = work.steps.filter((step) => step.state === 'done' && step.effect !== 'read');
  const undone = work.steps.filter((step) => step.state === 'undone');
  const fault = failed?.body?.error?.message ?? 'A step failed.';
  if (stuck.length > 0 && work.lease.snapshot.task.waitReason === 'question') return acceptAsItIs(work, stuck, fault);
  if (stuck.length > 0) {
    const left = stuck.map((step) => headline(work, step)).join('; ');
    work.detail = {
      ...work.detail,
      error: fault,
      question: `${fault} This had been done before and cannot be taken back by itself: ${left}. Accept it as it is, or put it right by hand and then accept.`,
    };
    note(work, {
      kind: 'task.waiting',
      objectId: work.taskId,
      state: 'waiting',
      detail: { reason: 'question', left: stuck.map((step) => step.spec.id) },
    });
    return release(work, { state: 'waiting', waitReason: 'question', runAt: null, errorCode: failed?.errorCode ?? 'tool.failed' });
  }
  const before = undone.length > 0 ? 'Everything done before was undone.' : 'Nothing had been done before.';
  work.detail = { ...work.detail, error: fault, note: `Failed: ${fault} ${before}` };
  note(work, {
    kind: 'task.failed',
    objectId: work.taskId,
    state: 'failed',
    detail: { code: failed?.errorCode ?? null, undone: undone.map((step) => step.spec.id) },
  });
  return release(work, { state: 'failed', waitReason: null, runAt: null, errorCode: failed?.errorCode ?? 'tool.failed', retries: 0 });
}

/**
 * A person has looked at what could not be taken back. The task ends here, for good: resuming would plan again and could do it twice.
 */
async function acceptAsItIs(work: Work, stuck: readonly StepWork[], fault: string): Promise<void> {
  const { question: _question, ...detail } = work.detail;
  work.detail = { ...detail, error: fault, note: `${stuck.map((step) => headline(work, step)).join('; ')}. The rest failed: ${fault}` };
  note(work, {
    kind: 'task.finished',
    objectId: work.taskId,
    state: 'done',
    detail: { outcome: 'partly', left: stuck.map((step) => step.spec.id) },
  });
  await release(work, { state: 'done', outcome: 'partly', waitReason: null, runAt: null, finishedAt: work.tools.clock.now() });
}

/** Nothing that was still to come will be done. */
function withdrawOpenQuestions(work: Work): void {
  const now = work.tools.clock.now();
  for (const step of work.steps) {
    const approval = approvalOf(work, step.spec.id);
    if (approval?.state === 'waiting') {
      changeApproval(work, approval, 'cancelled');
      note(work, {
        kind: 'approval.superseded',
        objectId: approval.approvalId,
        state: 'cancelled',
        detail: { step: step.spec.id, reason: 'another step failed' },
      });
    }
    if (step.state === 'waiting' || step.state === 'pending') {
      const body = step.body ?? { args: {}, why: step.spec.why, reasons: [], policies: [], policyHash: '', risk: 'low' as const };
      change(step, {
        state: 'skipped',
        finishedAt: now,
        body: { ...body, reasons: [{ rule: 'plan.failed', text: 'Another step failed.' }] },
      });
    }
  }
}

/** Finished steps with an effect that can be taken back, newest first. */
function toUndo(work: Work): StepWork[] {
  const when = (step: StepWork) => step.finishedAt?.getTime() ?? 0;
  return work.steps
    .filter(
      (step) =>
        step.state === 'done' &&
        step.effect !== 'read' &&
        work.tools.catalogue.get(step.spec.tool)?.manifest.reversible === true &&
        !gaveUp(work, step),
    )
    .sort((one, other) => when(other) - when(one) || other.position - one.position);
}

const gaveUp = (work: Work, step: StepWork): boolean =>
  work.attempts.some((attempt) => attempt.stepId === step.spec.id && attempt.direction === 'undo' && attempt.outcome === 'unknown');

async function undo(work: Work, step: StepWork): Promise<'settled' | 'later'> {
  // An undo that was interrupted is simply asked again: by contract it answers the same.
  const open = work.attempts.some((attempt) => attempt.stepId === step.spec.id && attempt.direction === 'undo' && attempt.outcome === null);
  if (!open) openAttempt(work, step, 'undo');
  await commit(work);
  const outcome = await undoAction(work.tools.host, {
    ...actionOf(work, step),
    resultJson: canonicalJson((step.body?.result?.value ?? {}) as JsonObject),
  });
  const tries = work.attempts.filter((attempt) => attempt.stepId === step.spec.id && attempt.direction === 'undo').length;
  if (outcome.kind === 'done') {
    settleAttempt(work, step.spec.id, 'undo', 'done');
    change(step, { state: 'undone' });
    note(work, { kind: 'step.undone', objectId: work.taskId, state: 'undone', detail: { step: step.spec.id, tool: step.spec.tool } });
    return 'settled';
  }
  if (outcome.kind === 'failed' && outcome.retry && tries < undoTriesMax) {
    settleAttempt(work, step.spec.id, 'undo', 'failed');
    const runAt = new Date(work.tools.clock.now().getTime() + (outcome.retryAfterMs ?? backoffMs(tries)));
    await release(work, { state: 'running', runAt, retries: work.progress.retries + 1 });
    return 'later';
  }
  settleAttempt(work, step.spec.id, 'undo', 'unknown');
  note(work, {
    kind: 'step.unknown',
    objectId: work.taskId,
    state: 'done',
    detail: { step: step.spec.id, tool: step.spec.tool, undo: true },
  });
  return 'settled';
}
