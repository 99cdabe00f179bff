import { headline } from './finish.ts';
import { settleOpenAttempts } from './perform-step.ts';
import { postpone } from './postpone.ts';
import { note, release, settleAttempt, skip, standing, type Work, withdrawOpen } from './work.ts';

/** Cancels a task that was taken up again: what its last worker had begun is settled first, since it may have happened. */
export async function cancelSettled(work: Work): Promise<void> {
  const waitMs = await settleOpenAttempts(work);
  return waitMs === null ? cancel(work) : postpone(work, waitMs);
}

/** Ends a task because somebody asked to: open questions are withdrawn, nothing further is begun, what has happened stays. */
export async function cancel(work: Work): Promise<void> {
  for (const step of work.steps) {
    withdrawOpen(work, step, 'cancelled', 'the task was cancelled');
    // Intended and not begun: the intent was committed in the very transaction that reported the wish to cancel.
    if (step.state === 'running') settleAttempt(work, step.spec.id, 'do', 'failed');
    if (step.state === 'running' || step.state === 'waiting' || step.state === 'pending') skip(work, step, 'task.cancelled');
  }
  const done = standing(work).length;
  const unknown = work.steps.filter((step) => step.state === 'unknown').map((step) => headline(work, step));
  const { question: _question, ...detail } = work.detail;
  work.detail = {
    ...detail,
    note: [
      done === 0 ? 'Cancelled before anything was done.' : `Cancelled. ${done === 1 ? 'One step' : `${done} steps`} had been done already.`,
      ...(unknown.length === 0 ? [] : [`Nobody can tell whether this happened: ${unknown.join('; ')}.`]),
    ].join(' '),
  };
  note(work, { kind: 'task.cancelled', objectId: work.taskId, state: 'cancelled', detail: { done, unknown: unknown.length } });
  await release(work, { state: 'cancelled', waitReason: null, runAt: null, retries: 0, finishedAt: work.tools.clock.now() });
}
