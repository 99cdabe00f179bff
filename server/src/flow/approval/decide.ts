import type { ApprovalState } from '#engine';
import { ringTask } from '#flow/task';
import { callFaults, type ToolCatalogue } from '#flow/tool';
import { FactotumError, type Id, type JsonObject } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import { decisionMac, isIntact } from './check.ts';
import type { Answer, Decision, DecisionInput } from './schema.ts';
import { lockTaskOf, recordDecision, type StoredApproval, selectApproval, withdrawApproval } from './store.ts';

export interface DecisionContext {
  readonly tx: Tx;
  readonly tenantId: Id<'tenant'>;
  readonly keys: TenantKeys;
  readonly catalogue: ToolCatalogue;
  /** Who decides; the caller has checked `approval:decide`. */
  readonly actor: string;
  readonly now: Date;
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
 * Takes a person's decision about exactly the bytes they saw, once, and rings the task.
 *
 * A question that was altered in the table takes no decision: it is superseded and the task rung, so that a worker asks anew. That has to
 * be committed, so it is returned and not thrown; the caller passes what it gets to `refuseAltered` once the transaction is through.
 * @throws `approval.not_found`; `approval.already_decided` with who and when (also when it has expired); `approval.changed` when the hash
 * is not the one that stands now; `approval.edit_invalid` when edited arguments do not fit the tool.
 */
export async function decideApproval(context: DecisionContext, approvalId: string, input: DecisionInput): Promise<StoredApproval> {
  const { tx, tenantId, keys, actor, now } = context;
  // The task's row first, as everywhere: here a worker that is about to park and a person who decides take turns.
  const approval = (await lockTaskOf(tx, tenantId, approvalId)) ? await selectApproval(tx, tenantId, approvalId) : undefined;
  if (approval === undefined) throw new FactotumError('approval.not_found', 'There is no such approval.');
  refuseDecided(approval, now);
  if (!isIntact(keys, { tenantId, taskId: approval.taskId }, approval)) return supersede(context, approval);
  if (input.payloadHash !== approval.payloadHash) throw changed(approval.payloadHash);
  if (input.decision === 'edit') refuseUnfit(context.catalogue, approval.tool, input.edits);
  const state = stateAfter[input.decision];
  const answer = keys.sealJson({ kind: 'approval.answer', id: approvalId }, answerOf(input));
  const { payloadHash } = approval;
  const decided = await recordDecision(tx, {
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
    assignedTo: input.decision === 'delegate' ? input.to : approval.assignedTo,
  });
  const after = decided ?? (await selectApproval(tx, tenantId, approvalId)) ?? approval;
  if (decided === undefined) refuseDecided(after, now);
  await tell(context, after, { kind: 'approval.decided', detail: { decision: input.decision, payloadHash } });
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
  await tell(context, after, { kind: 'approval.superseded', detail: { reason: 'the recorded question has been altered' } });
  return after;
}

/** Writes the entry and rings the task. */
async function tell(
  { tx, tenantId, actor, now }: DecisionContext,
  { approvalId, taskId, stepId, tool, state }: StoredApproval,
  { kind, detail }: { kind: 'approval.decided' | 'approval.superseded'; detail: JsonObject },
): Promise<void> {
  await recordAudit(tx, tenantId, [
    { kind, actor, at: now, objectId: approvalId, taskId, state, detail: { step: stepId, tool, ...detail } },
  ]);
  await ringTask(tx, tenantId, taskId, now);
}

function answerOf(input: DecisionInput): Answer {
  return {
    decision: input.decision,
    ...(input.comment === undefined ? {} : { comment: input.comment }),
    ...(input.decision === 'edit' ? { edits: input.edits } : {}),
    ...(input.decision === 'delegate' ? { to: input.to } : {}),
  };
}

function refuseDecided(approval: StoredApproval, now: Date): void {
  const expired = approval.state === 'expired' || (approval.state === 'waiting' && approval.expiresAt <= now);
  if (approval.state === 'waiting' && !expired) return;
  const message = expired
    ? 'This approval has expired. If it is still wanted, the task will ask again when it is resumed.'
    : approval.decidedBy === null
      ? `This approval is ${approval.state} and cannot be decided any more.`
      : `${approval.decidedBy} has already decided: ${approval.state}.`;
  throw new FactotumError('approval.already_decided', message, {
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
