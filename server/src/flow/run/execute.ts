import { FactotumError } from '#kernel';
import { cancel } from './cancel.ts';
import { consider, reconsider } from './consider.ts';
import { digestDecisions } from './digest.ts';
import { finish, park } from './finish.ts';
import { applyOutcome, begin, perform, settleOpenAttempts } from './perform-step.ts';
import { postpone } from './postpone.ts';
import { clearTheWay, rollBack } from './roll-back.ts';
import { approvalOf, change, commit, isHeld, note, release, type StepWork, settleAttempt, skip, type Work } from './work.ts';

/**
 * Takes the steps of the plan in force as far as they go, in rounds: everything whose dependencies are done is considered by the
 * gate, what may go is written down as intended in one commit, performed, and its outcome rides in the next round's commit.
 * @returns 'replan' when a person asked something back that only a new plan can answer; the old one is out of the way then.
 */
export async function execute(work: Work): Promise<'ended' | 'replan'> {
  const waitMs = await settleOpenAttempts(work);
  if (waitMs !== null) {
    await postpone(work, waitMs);
    return 'ended';
  }
  if (digestDecisions(work) === 'replan' || work.detail.replan === 'asked') return (await clearTheWay(work)) ? 'replan' : 'ended';
  for (let more = true; more; ) more = await runRound(work);
  return 'ended';
}

/** @returns whether there may be another round; if not, the task has been given back. */
async function runRound(work: Work): Promise<boolean> {
  if (work.lease.signal.aborted) return false;
  if (work.steps.some((step) => step.state === 'failed')) {
    await rollBack(work);
    return false;
  }
  skipBlocked(work);
  const ready = work.steps.filter((step) => isReady(work, step));
  if (ready.length === 0) {
    const open = work.steps.some((step) => step.state === 'unknown' || step.state === 'waiting');
    await (open ? park(work) : finish(work));
    return false;
  }
  // What has been begun is brought to its end; nothing more is begun.
  if (work.lease.isEnding() || !work.context.isActive) {
    await release(work, { runAt: work.tools.clock.now() });
    return false;
  }
  const going: StepWork[] = [];
  for (const step of ready) if ((await consider(work, step)) === 'go') going.push(step);
  const begun = await intend(work, going);
  if (begun === 'cancelled') return false;
  const waitMs = await performAll(work, begun);
  // A failure for good makes waiting for the others pointless: everything is taken back. But not before it is known what that is.
  const isKnown = begun.every((step) => step.state !== 'running');
  if (waitMs !== null && !(isKnown && work.steps.some((step) => step.state === 'failed'))) {
    await postpone(work, waitMs);
    return false;
  }
  if (begun.length > 0) work.progress = { ...work.progress, retries: 0 };
  return true;
}

/** @returns milliseconds until those that have to be tried again may be, or null when there are none. */
async function performAll(work: Work, begun: readonly StepWork[]): Promise<number | null> {
  if (begun.length > 0 && !work.lease.isHeld())
    throw new FactotumError('server.busy', 'The lease could not be renewed in time, so nothing more is begun under it.');
  const performed = begun.map(async (step) => ({ step, outcome: await perform(work, step) }));
  const waits = (await Promise.all(performed)).map(({ step, outcome }) => applyOutcome(work, step, outcome));
  return waits.reduce((longest, wait) => (wait === null ? longest : Math.max(longest ?? 0, wait)), null);
}

/** Nothing of what could not be done or was refused can be built upon. */
function skipBlocked(work: Work): void {
  const stateOf = new Map(work.steps.map((step) => [step.spec.id, step]));
  const isDead = (id: string) => ['refused', 'skipped', 'failed', 'undone'].includes(stateOf.get(id)?.state ?? 'refused');
  for (let found = true; found; ) {
    const blocked = work.steps.filter((step) => step.state === 'pending' && step.spec.after.some(isDead));
    for (const step of blocked) skip(work, step, 'plan.dependency');
    found = blocked.length > 0;
  }
}

function isReady(work: Work, step: StepWork): boolean {
  if (step.state === 'waiting') {
    const approval = approvalOf(work, step.spec.id);
    return approval?.state === 'approved' && !isHeld(work, approval);
  }
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
  const permitted = going.filter((step) => !isTakenBack(work, step, answer.overtaken));
  if (answer.revision === work.context.revision) return permitted;
  work.context = await work.tools.contextOf(work.tenantId, answer.revision);
  return permitted.filter((step) => reconsider(work, step));
}

/**
 * Whether the yes that a step was to go by had been taken back when its intent was committed. Then the attempt is settled as not made, and
 * the step waits: the task was rung with it, so it is claimed anew and finds the row as it is.
 */
function isTakenBack(work: Work, step: StepWork, overtaken: readonly string[]): boolean {
  const approval = approvalOf(work, step.spec.id);
  if (approval === undefined || !overtaken.includes(approval.approvalId)) return false;
  work.approvals = work.approvals.map((other) => (other === approval ? { ...other, state: 'superseded', usedAt: null } : other));
  settleAttempt(work, step.spec.id, 'do', 'failed');
  change(step, { state: 'waiting', startedAt: null });
  // The commit that lost says that it was used.
  note(work, {
    kind: 'approval.superseded',
    objectId: approval.approvalId,
    state: 'superseded',
    detail: { step: step.spec.id, tool: step.spec.tool, reason: 'taken back before it was used' },
  });
  return true;
}
