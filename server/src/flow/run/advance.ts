import type { TaskHandler } from '#engine';
import type { Planning } from '#flow/plan';
import { isEnded } from '#flow/task';
import type { KeysOf } from '#trust/key';
import { cancelSettled } from './cancel.ts';
import { execute } from './execute.ts';
import { openWork } from './open-work.ts';
import { planTask } from './plan-task.ts';
import { undoTask } from './undo-task.ts';
import { Fenced, note, type RunTools, release, standing, type Work } from './work.ts';

/**
 * The one place that moves a task: plan it if it has no plan, then take its steps as far as they go, then give it back.
 *
 * Every way out is a commit that releases the task, or the loss of its lease; whatever is thrown in between leaves the rows as
 * they were, and the engine's back-off brings the task here again.
 */
export function createRunner(deps: { tools: RunTools; keysOf: KeysOf; planning: Planning }): TaskHandler {
  return async (lease) => {
    const { task } = lease.snapshot;
    const work = await openWork(deps.tools, lease, await deps.keysOf(task.tenantId));
    try {
      if (work.detail.undo !== undefined) return await undoTask(work, work.detail.undo);
      if (isEnded(task.state)) return await release(work, { runAt: null });
      if (task.cancelling) return await cancelSettled(work);
      for (;;) {
        if (needsPlan(work) && !(await planTask(work, deps.planning))) return;
        enter(work);
        if ((await execute(work)) === 'ended') return;
      }
    } catch (error) {
      if (!(error instanceof Fenced)) throw error;
    }
  };
}

/**
 * Whether the plan in force is none: there is none yet, a person asked for another, or it failed, nothing of it stands, and a person
 * resumed the task. A new version gets new idempotency keys, so what was undone can be done anew and a tool that remembers the old keys
 * is not misled. A dead letter of which something stands goes on where it was instead: planning again could do that twice.
 */
function needsPlan(work: Work): boolean {
  const { plan, progress, steps } = work;
  // Until the old one is out of the way, it is in force.
  if (plan !== null && work.detail.replan !== undefined) return work.detail.replan === 'cleared';
  if (
    plan === null ||
    progress.state === 'planning' ||
    progress.waitReason === 'quota' ||
    steps.some((step) => step.errorCode === 'plan.replaced')
  )
    return true;
  const resumed = progress.state === 'failed' || progress.waitReason === 'question';
  return resumed && steps.some((step) => step.state === 'failed') && standing(work).length === 0;
}

/** From here on the task runs; the row says so with the next commit. */
function enter(work: Work): void {
  const { state, retries } = work.progress;
  if (state !== 'running') note(work, { kind: 'task.resumed', objectId: work.taskId, state: 'running' });
  work.progress = { ...work.progress, state: 'running', waitReason: null, errorCode: null, retries: state === 'running' ? retries : 0 };
}
