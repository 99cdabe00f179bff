import { backoffMs } from '#engine';
import { type Action, type ActionOutcome, lookUpAction, performAction, undoAction } from '#flow/action';
import { canonicalJson, type JsonObject } from '#kernel';
import { bytesOf, gateFor, resolveCall } from './call.ts';
import { park } from './finish.ts';
import { actionOf, openAttempt, stepKey } from './perform-step.ts';
import { postpone } from './postpone.ts';
import { catalogueOf, change, commit, note, release, type StepWork, settleAttempt, standing, type Work, withdrawOpen } from './work.ts';

/** Tries of one undo before a person is asked. */
const undoTriesMax = 8;

/**
 * Takes back what the plan in force has done, newest first, each as a step with its own intent and audit entry. Open questions are
 * withdrawn. What cannot be taken back stays `done`.
 *
 * @param isMeant - which of the steps that stand; all of them if nothing is said
 *
 * Which steps are left follows from the rows alone, so a crash in the middle continues where it stopped; tools undo by the
 * step's key and answer the same when asked twice.
 * @returns false when the task was given back instead: an undo waits for its next try, or a person has to say what became of a step.
 */
export async function takeBack(
  work: Work,
  because: 'plan.failed' | 'plan.replaced' | 'task.undone',
  isMeant: (step: StepWork) => boolean = () => true,
): Promise<boolean> {
  const why = {
    'plan.failed': 'another step failed',
    'plan.replaced': 'a new plan was asked for',
    'task.undone': 'the task is taken back',
  }[because];
  for (const step of work.steps) withdrawOpen(work, step, 'cancelled', why);
  if (work.steps.some((step) => step.state === 'unknown')) {
    await park(work);
    return false;
  }
  const when = (step: StepWork) => step.finishedAt?.getTime() ?? 0;
  const steps = standing(work).filter(isMeant);
  for (const step of steps.sort((one, other) => when(other) - when(one) || other.position - one.position))
    if (!(await undo(work, step))) return false;
  return true;
}

/** @returns false when it has to wait for its next try. A step that cannot be taken back is left as it is. */
async function undo(work: Work, step: StepWork): Promise<boolean> {
  const mine = work.attempts.filter((attempt) => attempt.stepId === step.spec.id && attempt.direction === 'undo');
  if (mine.some((attempt) => attempt.outcome === 'unknown')) return true;
  const call = await undoCall(work, step);
  if (call === null) return true;
  const isOpen = mine.some((attempt) => attempt.outcome === null);
  if (!isOpen) openAttempt(work, step, 'undo', call.action);
  await commit(work);
  const outcome = await call.perform(isOpen);
  if (outcome.kind === 'done') {
    settleAttempt(work, step.spec.id, 'undo', 'done');
    change(step, { state: 'undone' });
    note(work, {
      kind: 'step.undone',
      objectId: work.taskId,
      state: 'undone',
      detail: { step: step.spec.id, tool: call.action.manifest.tool },
    });
    return true;
  }
  if (outcome.kind === 'undecided' && work.progress.retries + 1 < undoTriesMax) {
    await postpone(work, outcome.retryAfterMs ?? 0);
    return false;
  }
  const tries = mine.length + (isOpen ? 0 : 1);
  if (outcome.kind === 'failed' && outcome.retry && tries < undoTriesMax) {
    settleAttempt(work, step.spec.id, 'undo', 'failed');
    const runAt = new Date(work.tools.clock.now().getTime() + (outcome.retryAfterMs ?? backoffMs(tries)));
    await release(work, { runAt });
    return false;
  }
  settleAttempt(work, step.spec.id, 'undo', 'unknown');
  note(work, {
    kind: 'step.unknown',
    objectId: work.taskId,
    state: 'done',
    detail: { step: step.spec.id, tool: call.action.manifest.tool, undo: true },
  });
  return true;
}

interface UndoCall {
  readonly action: Action;
  /** @param isOpen - an earlier try left no outcome. */
  perform(isOpen: boolean): Promise<ActionOutcome>;
}

/** How the step is taken back: as its plan says, else by its tool's own undo. Null when it cannot be, or not without a person. */
async function undoCall(work: Work, step: StepWork): Promise<UndoCall | null> {
  if (step.spec.undo !== undefined) return plannedUndo(work, step, step.spec.undo);
  if (catalogueOf(work).get(step.spec.tool)?.manifest.reversible !== true) return null;
  const action = actionOf(work, step);
  // A result is what the tool returned, an object, and there is one: the step is done. A person who settled it as done knows none.
  const resultJson = canonicalJson((step.body?.result?.value ?? {}) as JsonObject);
  // An undo that was interrupted is simply asked again: by contract it answers the same.
  return { action, perform: () => undoAction(work.tools.host, { ...action, resultJson }) };
}

/** Another tool's call, which passes the gate like any other. Only what runs alone runs here; the rest is for the person who is asked at the end. */
async function plannedUndo(work: Work, step: StepWork, planned: NonNullable<StepWork['spec']['undo']>): Promise<UndoCall | null> {
  const known = catalogueOf(work).get(planned.tool);
  if (known === null) return null;
  const results = [...step.spec.after, step.spec.id];
  const resolved = resolveCall(work, { stepId: step.spec.id, call: planned, known, results });
  if ('fault' in resolved) return null;
  const gate = gateFor(work, planned, resolved.args);
  if (gate.verdict !== 'auto') return null;
  if (gate.grantId !== undefined && !(await work.tools.spendGrant(work.tenantId, gate.grantId, work.tools.clock.now()))) return null;
  // The step's own tool may be gone by now; what takes it back is another one.
  const { tenantId, taskId, lease } = work;
  const key = `${stepKey(work, step)}/undo`;
  const call = { key, manifest: known.manifest, argsJson: bytesOf(resolved.args) };
  const action: Action = { tenantId, taskId, ...call, signal: lease.signal, now: work.tools.clock.now() };
  return {
    action,
    async perform(isOpen) {
      const before = isOpen ? await lookUpAction(work.tools.host, action) : ({ kind: 'absent' } as const);
      if (before.kind === 'absent') return performAction(work.tools.host, action);
      // It says nothing about the attempt, which stays open.
      return before.kind === 'failed' && before.retry ? { ...before, kind: 'undecided' } : before;
    },
  };
}
