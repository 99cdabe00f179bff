import { backoffMs } from '#engine';
import { cancel } from './cancel.ts';
import { consider, reconsider } from './consider.ts';
import { digestDecisions } from './digest.ts';
import { finish, park } from './finish.ts';
import { applyOutcome, begin, perform, settleOpenAttempts } from './perform-step.ts';
import { rollBack } from './roll-back.ts';
import { approvalOf, change, commit, release, type StepWork, type Work } from './work.ts';

/** Tries of one step, the first included, before it counts as failed for good. */
const triesMax = 5;

/**
 * Takes the steps of the plan in force as far as they go, in rounds: everything whose dependencies are done is considered by the
 * gate, what may go is written down as intended in one commit, performed, and its outcome rides in the next round's commit.
 * @returns 'replan' when a person asked something back that only a new plan can answer.
 */
export async function execute(work: Work): Promise<'ended' | 'replan'> {
  if ((await digestDecisions(work)) === 'replan') return 'replan';
  await settleOpenAttempts(work);
  for (;;) {
    if (work.lease.signal.aborted) return 'ended';
    if (work.steps.some((step) => step.state === 'failed')) {
      await rollBack(work);
      return 'ended';
    }
    skipBlocked(work);
    const ready = work.steps.filter((step) => isReady(work, step));
    if (ready.length === 0) break;
    const going: StepWork[] = [];
    for (const step of ready) if ((await consider(work, step)) === 'go') going.push(step);
    if (going.length === 0) continue;
    const begun = await intend(work, going);
    if (begun === 'cancelled') return 'ended';
    const outcomes = await Promise.all(begun.map((step) => perform(work, step)));
    const waits = outcomes.flatMap((outcome, at) => {
      const step = begun[at];
      return step === undefined ? [] : [applyOutcome(work, step, outcome, work.progress.retries + 1 >= triesMax)];
    });
    const longest = waits.reduce<number | null>((most, wait) => (wait === null ? most : Math.max(most ?? 0, wait)), null);
    if (longest !== null) {
      const runAt = new Date(work.tools.clock.now().getTime() + Math.max(longest, backoffMs(work.progress.retries)));
      await release(work, { state: 'running', runAt, retries: work.progress.retries + 1 });
      return 'ended';
    }
    work.progress = { ...work.progress, retries: 0 };
  }
  if (work.steps.some((step) => step.state === 'unknown' || step.state === 'waiting')) await park(work);
  else await finish(work);
  return 'ended';
}

/** Nothing of what could not be done or was refused can be built upon. */
function skipBlocked(work: Work): void {
  const dead = new Set(['refused', 'skipped', 'failed', 'undone']);
  for (let changed = true; changed; ) {
    changed = false;
    for (const step of work.steps) {
      if (
        step.state !== 'pending' ||
        !step.spec.after.some((id) => dead.has(work.steps.find((other) => other.spec.id === id)?.state ?? 'refused'))
      )
        continue;
      change(step, {
        state: 'skipped',
        finishedAt: work.tools.clock.now(),
        body: step.body ?? {
          args: {},
          why: step.spec.why,
          reasons: [{ rule: 'plan.dependency', text: 'A step before it was not done.' }],
          policies: [],
          policyHash: '',
          risk: 'low',
        },
      });
      changed = true;
    }
  }
}

function isReady(work: Work, step: StepWork): boolean {
  if (step.state === 'waiting') return approvalOf(work, step.spec.id)?.state === 'approved';
  return step.state === 'pending' && step.spec.after.every((id) => work.steps.find((other) => other.spec.id === id)?.state === 'done');
}

/**
 * Commits the intents. The commit reports the tenant's revision as of that very moment: if policy, grants or trusted notes have
 * changed since the gate looked, each step is looked at again before anything happens.
 */
async function intend(work: Work, going: readonly StepWork[]): Promise<readonly StepWork[] | 'cancelled'> {
  if (!begin(work, going)) return going;
  const answer = await commit(work);
  if (answer.cancelling) {
    await cancel(work);
    return 'cancelled';
  }
  if (answer.revision === work.context.revision) return going;
  work.context = await work.tools.contextOf(work.tenantId, answer.revision);
  return going.filter((step) => reconsider(work, step));
}
