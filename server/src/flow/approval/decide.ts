import type { ApprovalState } from '#engine';
import { ringing, ringTask } from '#flow/task';
import { callFaults, type ToolCatalogue } from '#flow/tool';
import { FactotumError, type Id, type JsonObject } from '#kernel';
import type { Tx } from '#kernel/database';
import { type AuditDraft, type AuditKind, recordAudit, recordingAudit } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import { decisionMac, openIntact, refusalOf } from './check.ts';
import type { Answer, ApprovalBody, Decision, DecisionInput } from './schema.ts';
import { wakeForAll } from './snooze.ts';
import { holdApproval, recordDecision, type StoredApproval, selectApproval, withdrawApproval } from './store.ts';
import { deleteVote, insertVote, isGenuineVote, makeVote, selectVotes, type Vote } from './vote.ts';

export interface DecisionContext {
  readonly tx: Tx;
  readonly tenantId: Id<'tenant'>;
  readonly keys: TenantKeys;
  readonly catalogue: ToolCatalogue;
  /** Who decides; the caller has checked `approval:decide`. */
  readonly actor: string;
  readonly now: Date;
  /** Whether they have proved within the last minutes that it is them: what no machine and no device can. */
  readonly proven?: boolean;
  /**
   * Which of these actors may decide now. Without it nobody takes part in a decision that needs several: those who agreed before count only
   * while they may.
   */
  readonly mayDecide?: (actors: readonly string[]) => Promise<ReadonlySet<string>>;
}

/** What a decision makes of the approval. An edit or a question back ends it: the worker asks anew, about other bytes. */
const stateAfter: Readonly<Record<Decision, ApprovalState>> = {
  accept: 'approved',
  edit: 'superseded',
  respond: 'superseded',
  reject: 'rejected',
  delegate: 'waiting',
};

/**
 * Takes a person's decision about exactly the bytes they saw, once, and rings the task. Where several have to agree, a yes is one vote,
 * and the approval stays `waiting` until there are enough; one no of anybody ends it.
 *
 * A question that was altered in the table takes no decision: it is superseded and the task rung, so that a worker asks anew. That has to
 * be committed, so it is returned and not thrown; the caller passes what it gets to `refuseAltered` once the transaction is through.
 * @throws `approval.not_found`; `approval.already_decided` with who and when (also when it has expired); `approval.changed` when the hash
 * is not the one that stands now; `approval.edit_invalid` when edited arguments do not fit the tool; of a yes `approval.person_required`,
 * `approval.own_request`, `auth.step_up_required` and `approval.already_agreed`.
 */
export async function decideApproval(context: DecisionContext, approvalId: string, input: DecisionInput): Promise<StoredApproval> {
  const { tx, tenantId, keys, actor, now } = context;
  // The task's row first, as everywhere: here a worker that is about to park and a person who decides take turns.
  const approval = (await holdApproval(tx, tenantId, approvalId))?.approval;
  if (approval === undefined) throw new FactotumError('approval.not_found', 'There is no such approval.');
  refuseDecided(approval, now);
  const body = openIntact(keys, { tenantId, taskId: approval.taskId }, approval);
  if (body === null) return supersede(context, approval);
  if (input.payloadHash !== approval.payloadHash) throw changed(approval.payloadHash);
  if (input.decision === 'edit') refuseUnfit(context.catalogue, approval.tool, input.edits);
  const votes = input.decision === 'accept' ? await agree(context, approval, body, input.comment) : undefined;
  if (votes === 'more needed') return approval;
  const notBefore = 'graceSeconds' in input && input.graceSeconds ? new Date(now.getTime() + input.graceSeconds * 1_000) : null;
  const state = stateAfter[input.decision];
  const answer = keys.sealJson({ kind: 'approval.answer', id: approvalId }, answerOf(context, input, { votes, notBefore }));
  const { payloadHash } = approval;
  const decision = {
    tenantId,
    approvalId,
    state,
    answer,
    decisionMac:
      state === 'waiting'
        ? null
        : decisionMac(keys, { approvalId: approval.approvalId, state, payloadHash, decidedBy: actor, decidedAt: now, answer }),
    decidedBy: actor,
    decidedAt: now,
    assignment: input.decision === 'delegate' ? { to: input.to, until: null } : null,
  };
  const change = { kind: 'approval.decided', detail: { decision: input.decision, payloadHash } } as const;
  const after = await recordDecision(tx, decision, {
    ring: ringing(tenantId, approval.taskId, now, notBefore === null ? {} : { notBefore }),
    note: recordingAudit(tenantId, [entryOf(context, { ...approval, state }, change)]),
  });
  if (after === undefined) throw alreadyDecided((await selectApproval(tx, tenantId, approvalId)) ?? approval, now);
  return after;
}

/**
 * Says that nothing was decided when the question had been altered in the table; does nothing otherwise.
 * @throws `approval.changed`.
 */
export function refuseAltered(approval: StoredApproval): void {
  if (approval.state === 'superseded' && approval.decidedBy === null)
    throw new FactotumError('approval.changed', 'The stored question had been altered, so nothing was decided. You will be asked anew.');
}

async function supersede(context: DecisionContext, approval: StoredApproval): Promise<StoredApproval> {
  await withdrawApproval(context.tx, context.tenantId, approval.approvalId);
  const after = { ...approval, state: 'superseded' as const };
  await recordChange(context, after, { kind: 'approval.superseded', detail: { reason: 'the recorded question has been altered' } });
  await ringTask(context.tx, context.tenantId, approval.taskId, context.now);
  return after;
}

/** Writes the entry about one approval. */
export async function recordChange(
  context: Pick<DecisionContext, 'tx' | 'tenantId' | 'actor' | 'now'>,
  approval: StoredApproval,
  change: { kind: AuditKind; detail: JsonObject },
): Promise<void> {
  await recordAudit(context.tx, context.tenantId, [entryOf(context, approval, change)]);
}

const entryOf = (
  { actor, now }: Pick<DecisionContext, 'actor' | 'now'>,
  { approvalId, taskId, stepId, tool, state }: StoredApproval,
  { kind, detail }: { kind: AuditKind; detail: JsonObject },
): AuditDraft => ({ kind, actor, at: now, objectId: approvalId, taskId, state, detail: { step: stepId, tool, ...detail } });

/**
 * Adds one person's yes. @returns the votes that make it a decision, nothing where one yes is one, or that more are needed.
 */
async function agree(
  context: DecisionContext,
  approval: StoredApproval,
  { demands, authors }: ApprovalBody,
  comment: string | undefined,
): Promise<readonly Vote[] | undefined | 'more needed'> {
  const { tx, tenantId, keys, actor, now, proven = false, mayDecide } = context;
  // A door that can tell neither who may decide nor who is present takes no part in this.
  if ((demands.approvals > 1 || demands.stepUp) && mayDecide === undefined) throw elsewhere();
  refuseUncounted(refusalOf(demands, authors, { by: actor, proven }));
  if (demands.approvals === 1 || mayDecide === undefined) return undefined;
  const { approvalId } = approval;
  const before = (await selectVotes(tx, tenantId, [approvalId])).get(approvalId) ?? [];
  const own = before.find(({ by }) => by === actor);
  if (own !== undefined && isGenuineVote(keys, approval, own))
    throw new FactotumError('approval.already_agreed', 'You have agreed already. It waits for others.');
  if (own !== undefined) await deleteVote(tx, tenantId, approvalId, actor);
  const vote = makeVote(keys, approval, { by: actor, at: now.toISOString(), proven });
  const answer = keys.sealJson({ kind: 'approval.vote', id: `${approvalId}/${actor}` }, comment === undefined ? {} : { comment });
  await insertVote(tx, tenantId, approval, vote, answer);
  const earlier = before.filter(
    (one) => one.by !== actor && isGenuineVote(keys, approval, one) && refusalOf(demands, authors, one) === null,
  );
  const allowed = await mayDecide(earlier.map(({ by }) => by));
  const votes = [...earlier.filter(({ by }) => allowed.has(by)), vote];
  if (votes.length >= demands.approvals) return votes;
  await wakeForAll(tx, tenantId, approvalId);
  const detail = { payloadHash: approval.payloadHash, given: votes.length, needed: demands.approvals };
  await recordChange(context, approval, { kind: 'approval.agreed', detail });
  return 'more needed';
}

function refuseUncounted(refusal: ReturnType<typeof refusalOf>): void {
  if (refusal === 'person') throw elsewhere();
  if (refusal === 'other')
    throw new FactotumError('approval.own_request', 'You sent this in or wrote it yourself, so somebody else has to agree to it.');
  if (refusal === 'proof')
    throw new FactotumError('auth.step_up_required', 'Confirm that it is you: the policy asks for it before anybody agrees to this.');
}

const elsewhere = () =>
  new FactotumError(
    'approval.person_required',
    'The policy asks for people here. Each of them decides on the dashboard, signed in as themselves.',
  );

function answerOf(
  { proven }: DecisionContext,
  input: DecisionInput,
  { votes, notBefore }: { votes: readonly Vote[] | undefined; notBefore: Date | null },
): Answer {
  return {
    decision: input.decision,
    ...(input.comment === undefined ? {} : { comment: input.comment }),
    ...(input.decision === 'edit' ? { edits: input.edits } : {}),
    ...(input.decision === 'delegate' ? { to: input.to } : {}),
    ...(proven === true ? { proven } : {}),
    ...(votes === undefined ? {} : { votes }),
    ...(notBefore === null ? {} : { notBefore: notBefore.toISOString() }),
  };
}

/** @throws FactotumError `approval.already_decided`, also when it has expired. */
export function refuseDecided(approval: StoredApproval, now: Date): void {
  if (approval.state !== 'waiting' || approval.expiresAt <= now) throw alreadyDecided(approval, now);
}

function alreadyDecided(approval: StoredApproval, now: Date): FactotumError {
  const expired = approval.state === 'expired' || (approval.state === 'waiting' && approval.expiresAt <= now);
  const message = expired
    ? 'This approval has expired. If it is still wanted, the task will ask again when it is resumed.'
    : approval.decidedBy === null
      ? `This approval is ${approval.state} and cannot be decided any more.`
      : `${approval.decidedBy} has already decided: ${approval.state}.`;
  return new FactotumError('approval.already_decided', message, {
    details: {
      state: expired ? 'expired' : approval.state,
      decidedBy: approval.decidedBy,
      decidedAt: approval.decidedAt?.toISOString() ?? null,
    },
  });
}

const changed = (payloadHash: string) =>
  new FactotumError('approval.changed', 'What you saw is not what would be done. Load the approval again and look at what changed.', {
    details: { payloadHash },
  });

function refuseUnfit(catalogue: ToolCatalogue, tool: string, edits: Readonly<Record<string, unknown>>): void {
  const known = catalogue.get(tool);
  if (known === null)
    throw new FactotumError(
      'tool.unknown',
      `The tool ${tool} is not available any more, so its arguments cannot be edited. Reject the approval.`,
    );
  const fits = known.input.safeParse(edits);
  if (fits.success) return;
  const faults = callFaults(fits.error);
  throw new FactotumError('approval.edit_invalid', `The edited arguments do not fit ${tool}: ${faults.join('; ')}.`, {
    details: { faults },
  });
}
