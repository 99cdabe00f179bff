import { approvalOf, change, changeApproval, note, release, settleAttempt, type Work } from './work.ts';

/** Ends a task because somebody asked to: open questions are withdrawn, nothing further is begun, what has happened stays. */
export async function cancel(work: Work): Promise<void> {
  const now = work.tools.clock.now();
  for (const step of work.steps) {
    const approval = approvalOf(work, step.spec.id);
    if (approval?.state === 'waiting' || (approval?.state === 'approved' && step.state === 'waiting'))
      changeApproval(work, approval, 'cancelled');
    // Intended but not begun: the intent was committed in the very transaction that reported the wish to cancel.
    if (step.state === 'running') settleAttempt(work, step.spec.id, 'do', 'failed');
    if (step.state === 'running' || step.state === 'waiting' || step.state === 'pending')
      change(step, {
        state: 'skipped',
        finishedAt: now,
        body: step.body ?? {
          args: {},
          why: step.spec.why,
          reasons: [{ rule: 'task.cancelled', text: 'The task was cancelled.' }],
          policies: [],
          policyHash: '',
          risk: 'low',
        },
      });
  }
  const done = work.steps.filter((step) => step.state === 'done' && step.effect !== 'read').length;
  const { question: _question, ...detail } = work.detail;
  work.detail = {
    ...detail,
    note:
      done === 0 ? 'Cancelled before anything was done.' : `Cancelled. ${done === 1 ? 'One step' : `${done} steps`} had been done already.`,
  };
  note(work, { kind: 'task.cancelled', objectId: work.taskId, state: 'cancelled', detail: { done } });
  await release(work, { state: 'cancelled', waitReason: null, runAt: null, finishedAt: now });
}
