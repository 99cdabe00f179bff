import type { TaskHandler } from '#engine';
import type { Planning } from '#flow/plan';
import type { Keyring } from '#trust/key';
import { cancel } from './cancel.ts';
import { execute } from './execute.ts';
import { openWork } from './open-work.ts';
import { planTask } from './plan-task.ts';
import { resumeFailed } from './resume.ts';
import { Fenced, note, type RunTools, release } from './work.ts';

/**
 * The one place that moves a task: plan it if it has no plan, then take its steps as far as they go, then give it back.
 *
 * Every way out is a commit that releases the task, or the loss of its lease; whatever is thrown in between leaves the rows as
 * they were, and the engine's back-off brings the task here again.
 */
export function createRunner(deps: { tools: RunTools; keyring: Keyring; planning: Planning }): TaskHandler {
  return async (lease) => {
    const { task } = lease.snapshot;
    const work = await openWork(deps.tools, lease, await deps.keyring.of(task.tenantId));
    try {
      if (task.state === 'done' || task.state === 'cancelled') return await release(work, { runAt: null });
      if (task.cancelling) return await cancel(work);
      if (task.state === 'failed') resumeFailed(work);
      if (needsPlan(work) && !(await planTask(work, deps.planning))) return;
      if (work.progress.state !== 'running') note(work, { kind: 'task.resumed', objectId: work.taskId, state: 'running' });
      work.progress = { ...work.progress, state: 'running', waitReason: null };
      if ((await execute(work)) === 'replan') {
        work.plan = null;
        if (await planTask(work, deps.planning)) await execute(work);
      }
    } catch (error) {
      if (!(error instanceof Fenced)) throw error;
    }
  };
}

/** A question to a person that was asked before there was a plan, or about one that came to nothing, is answered by planning again. */
function needsPlan(work: { plan: unknown; progress: { waitReason: string | null }; steps: readonly { state: string }[] }): boolean {
  if (work.plan === null) return true;
  return work.progress.waitReason === 'question' && !work.steps.some(({ state }) => state === 'failed' || state === 'waiting');
}
