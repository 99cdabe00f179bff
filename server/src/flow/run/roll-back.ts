import { headline } from './finish.ts';
import { takeBack } from './take-back.ts';
import { commit, note, release, type StepWork, skip, standing, type Work } from './work.ts';

/**
 * A step failed for good: takes back what was done before it, then ends the task as failed. What cannot be taken back is put before a
 * person, whose answer ends the task as it is.
 */
export async function rollBack(work: Work): Promise<void> {
  giveUpTheRest(work, 'plan.failed');
  if (!(await takeBack(work, 'plan.failed'))) return;
  const failed = work.steps.find((step) => step.state === 'failed');
  const code = failed?.errorCode ?? 'tool.failed';
  const fault = failed?.body?.error?.message ?? 'A step failed.';
  const stuck = standing(work);
  if (stuck.length > 0) return hasBeenAsked(work) ? acceptAsItIs(work, stuck, fault) : askAboutLeftovers(work, { stuck, fault, code });
  const undone = work.steps.filter((step) => step.state === 'undone');
  const before = undone.length > 0 ? 'Everything done before was undone.' : 'Nothing had been done before.';
  work.detail = { ...work.detail, error: fault, note: `Failed: ${fault} ${before}` };
  note(work, {
    kind: 'task.failed',
    objectId: work.taskId,
    state: 'failed',
    detail: { code, undone: undone.map((step) => step.spec.id) },
  });
  return release(work, { state: 'failed', waitReason: null, runAt: null, errorCode: code, retries: 0 });
}

/**
 * Clears the way for a new plan: takes back what was done under the old one, and tells the next planner what could not be.
 * @returns false when the task was given back first.
 */
export async function clearTheWay(work: Work): Promise<boolean> {
  if (!(await takeBack(work, 'plan.replaced'))) return false;
  const stuck = standing(work);
  if (stuck.length > 0) {
    const text = `Done already and not to be done again: ${stuck.map((step) => headline(work, step)).join('; ')}.`;
    const answer = { at: work.tools.clock.now().toISOString(), by: 'system:engine', text };
    work.detail = { ...work.detail, answers: [...(work.detail.answers ?? []), answer] };
  }
  // Last, and in one commit with the task's state: from here on the old plan is none, and until here it asks for its replacement.
  giveUpTheRest(work, 'plan.replaced');
  if (work.detail.replan === 'asked') work.detail = { ...work.detail, replan: 'cleared' };
  work.progress = { ...work.progress, state: 'planning', retries: 0 };
  work.pending.progress = work.progress;
  await commit(work);
  return true;
}

/** Nothing that was still to come will be done. */
function giveUpTheRest(work: Work, because: 'plan.failed' | 'plan.replaced'): void {
  for (const step of work.steps) if (step.state === 'waiting' || step.state === 'pending') skip(work, step, because);
}

/** A person has resumed the task after the question about what could not be taken back of this very plan. */
function hasBeenAsked({ lease: { snapshot }, progress }: Work): boolean {
  return snapshot.task.waitReason === 'question' && snapshot.task.planVersion === progress.planVersion;
}

async function askAboutLeftovers(
  work: Work,
  { stuck, fault, code }: { stuck: readonly StepWork[]; fault: string; code: string },
): Promise<void> {
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
  return release(work, { state: 'waiting', waitReason: 'question', runAt: null, errorCode: code });
}

/** The task ends here, for good: resuming would plan again and could do what stands twice. */
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
