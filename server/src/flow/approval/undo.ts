import { ringTask } from '#flow/task';
import { FactotumError } from '#kernel';
import { decisionMac, heldUntil } from './check.ts';
import { type DecisionContext, recordChange } from './decide.ts';
import type { Answer } from './schema.ts';
import { wakeForAll } from './snooze.ts';
import { holdApproval, isStepWaiting, recordUndo, type StoredApproval } from './store.ts';
import { deleteVote } from './vote.ts';

/**
 * Why a decision cannot be taken back. `begun`: what it allowed has begun, or the no has been carried out; `theirs`: it is somebody else's no.
 */
type Obstacle = 'undecided' | 'theirs' | 'begun' | 'over';

const obstacles: Readonly<Record<Obstacle, string>> = {
  undecided: 'There is no decision of yours here that could be taken back.',
  theirs: 'Somebody else said no to this. Only they take that back.',
  begun: 'It is too late: what was decided has begun. Look at the task.',
  over: 'Nothing waits for this decision any more.',
};

/** What a worker's clock may be ahead of ours, and a request may have waited for its turn, in milliseconds. */
const clocksApartMs = 3_000;

/**
 * Takes a decision back before anything has come of it: the question is superseded and a worker asks anew, whatever the policies say by
 * then. Of a question that waits for more people, one's own yes is taken back.
 *
 * A worker that is about to begin commits its intent under the same lock of the task: either it comes first and this is refused, or this
 * comes first and the commit tells the worker that its permission is gone.
 *
 * Anybody who may decide stops what another has said yes to, as anybody's no would have. A no is taken back by whoever said it alone: one no ends
 * a question, and nobody gets round it by having it asked again.
 * @throws FactotumError `approval.not_found`; `approval.not_undoable` with `details.why`.
 */
export async function undoDecision(
  context: Pick<DecisionContext, 'tx' | 'tenantId' | 'keys' | 'actor' | 'now'>,
  approvalId: string,
  comment?: string,
): Promise<StoredApproval> {
  const { tx, tenantId, keys, actor, now } = context;
  const held = await holdApproval(tx, tenantId, approvalId);
  if (held === undefined) throw new FactotumError('approval.not_found', 'There is no such approval.');
  const { approval, task } = held;
  if (approval.state === 'waiting') return takeVoteBack(context, approval);
  if (approval.state !== 'approved' && approval.state !== 'rejected') throw notUndoable('undecided', approval);
  if (approval.usedAt !== null) throw notUndoable('begun', approval);
  const isNo = approval.state === 'rejected';
  if (isNo && approval.decidedBy !== actor) throw notUndoable('theirs', approval);
  const isWaitedFor = await isStepWaiting(tx, tenantId, approval);
  // A task that has failed may be resumed, and would go on with what was decided.
  const isOver = ['done', 'cancelled'].includes(task.state) || (task.state === 'failed' && !isWaitedFor);
  if (isOver) throw notUndoable(isNo ? 'begun' : 'over', approval);
  // A no is carried out when a worker takes it in, without a further look at the row.
  const mayBeTakenIn = task.isInHand && (heldUntil(keys, approval)?.getTime() ?? 0) - now.getTime() <= clocksApartMs;
  if (isNo && (!isWaitedFor || mayBeTakenIn)) throw notUndoable('begun', approval);
  const state = 'superseded';
  const said: Answer = { decision: 'undo', ...(comment === undefined ? {} : { comment }) };
  const answer = keys.sealJson({ kind: 'approval.answer', id: approvalId }, said);
  const { payloadHash } = approval;
  const mac = decisionMac(keys, { approvalId, state, payloadHash, decidedBy: actor, decidedAt: now, answer });
  const undone = await recordUndo(tx, {
    tenantId,
    approvalId,
    was: approval.state,
    answer,
    decisionMac: mac,
    decidedBy: actor,
    decidedAt: now,
  });
  if (undone === undefined) throw notUndoable('begun', approval);
  await recordChange(context, undone, {
    kind: 'approval.undone',
    detail: { decision: approval.state === 'approved' ? 'accept' : 'reject', decidedBy: approval.decidedBy, payloadHash },
  });
  // Whoever resumes a failed task lets it ask anew.
  if (task.state !== 'failed') await ringTask(tx, tenantId, approval.taskId, now);
  return undone;
}

async function takeVoteBack(context: Parameters<typeof undoDecision>[0], approval: StoredApproval): Promise<StoredApproval> {
  const { tx, tenantId, actor } = context;
  if (!(await deleteVote(tx, tenantId, approval.approvalId, actor))) throw notUndoable('undecided', approval);
  await wakeForAll(tx, tenantId, approval.approvalId);
  await recordChange(context, approval, { kind: 'approval.undone', detail: { decision: 'agree', payloadHash: approval.payloadHash } });
  return approval;
}

const notUndoable = (why: Obstacle, { taskId }: StoredApproval) =>
  new FactotumError('approval.not_undoable', obstacles[why], { details: { why, taskId } });
