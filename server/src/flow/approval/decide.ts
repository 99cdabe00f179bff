import type { ApprovalState } from '#engine';
import { lockTask, ringTask } from '#flow/task';
import type { ToolCatalogue } from '#flow/tool';
import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import { decisionMac } from './check.ts';
import { payloadHash } from './hash.ts';
import { type Answer, approvalBodySchema, type Decision, type DecisionInput } from './schema.ts';
import { recordDecision, type StoredApproval, selectApproval } from './store.ts';

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
 * @throws `approval.not_found`; `approval.already_decided` with who and when (also when it has expired); `approval.changed` when the hash
 * is not the one that stands now; `approval.edit_invalid` when edited arguments do not fit the tool.
 */
export async function decideApproval(context: DecisionContext, approvalId: string, input: DecisionInput): Promise<StoredApproval> {
  const { tx, tenantId, now } = context;
  const found = await selectApproval(tx, tenantId, approvalId);
  if (found === undefined) throw new FactotumError('approval.not_found', 'There is no such approval.');
  // The task's row first, as everywhere: here a worker that is about to park and a person who decides take turns.
  await lockTask(tx, tenantId, found.taskId);
  const approval = (await selectApproval(tx, tenantId, approvalId)) ?? found;
  refuseDecided(approval, now);
  refuseChanged(context, approval, input.payloadHash);
  if (input.decision === 'edit') refuseUnfit(context.catalogue, approval.tool, input.edits);
  const state = stateAfter[input.decision];
  const answer: Answer = {
    decision: input.decision,
    ...(input.comment === undefined ? {} : { comment: input.comment }),
    ...(input.decision === 'edit' ? { edits: input.edits } : {}),
    ...(input.decision === 'delegate' ? { to: input.to } : {}),
  };
  const written = await recordDecision(tx, {
    tenantId,
    approvalId,
    state,
    answer: context.keys.sealJson({ kind: 'approval.answer', id: approvalId }, answer),
    decisionMac:
      state === 'waiting'
        ? null
        : decisionMac(context.keys, {
            approvalId: approval.approvalId,
            state,
            payloadHash: approval.payloadHash,
            decidedBy: context.actor,
            decidedAt: now,
          }),
    decidedBy: context.actor,
    decidedAt: now,
    assignedTo: input.decision === 'delegate' ? input.to : approval.assignedTo,
  });
  const after = (await selectApproval(tx, tenantId, approvalId)) ?? approval;
  if (!written) refuseDecided(after, now);
  await recordAudit(tx, tenantId, [
    {
      kind: 'approval.decided',
      actor: context.actor,
      at: now,
      objectId: approvalId,
      taskId: approval.taskId,
      state,
      detail: { decision: input.decision, step: approval.stepId, tool: approval.tool, payloadHash: approval.payloadHash },
    },
  ]);
  await ringTask(tx, tenantId, approval.taskId, now);
  return after;
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

/** The hash sent, the hash stored and the hash of the sealed bytes must be one: a row changed by hand is a changed question. */
function refuseChanged({ keys, tenantId }: DecisionContext, approval: StoredApproval, seen: string): void {
  const body = keys.openJson({ kind: 'approval', id: approval.approvalId }, approval.body, approvalBodySchema);
  const actual = payloadHash({
    tenant: tenantId,
    task: approval.taskId,
    planVersion: approval.planVersion,
    step: approval.stepId,
    tool: approval.tool,
    args: body.args,
    toolSchemaHash: approval.toolSchemaHash,
    policyHash: approval.policyHash,
    expiresAt: approval.expiresAt.toISOString(),
  });
  if (seen === approval.payloadHash && seen === actual) return;
  throw new FactotumError('approval.changed', 'What you saw is not what would be done. Load the approval again and look at what changed.', {
    details: { payloadHash: actual },
  });
}

function refuseUnfit(catalogue: ToolCatalogue, tool: string, edits: Readonly<Record<string, unknown>>): void {
  const known = catalogue.get(tool);
  if (known === null)
    throw new FactotumError(
      'tool.unknown',
      `The tool ${tool} is not available any more, so its arguments cannot be edited. Reject the approval.`,
    );
  const fits = known.input.safeParse(edits);
  if (fits.success) return;
  const faults = fits.error.issues.map((issue) => `${issue.path.join('.') || 'arguments'}: ${issue.message}`);
  throw new FactotumError('approval.edit_invalid', `The edited arguments do not fit ${tool}: ${faults.join('; ')}.`, {
    details: { faults },
  });
}
