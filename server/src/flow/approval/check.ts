import { createHash, timingSafeEqual } from 'node:crypto';
import type { ApprovalRow, ApprovalState } from '#engine';
import { isFactotumError } from '#kernel';
import type { TenantKeys } from '#trust/key';
import { type BoundAction, payloadHash } from './hash.ts';
import { approvalBodySchema } from './schema.ts';

/** Binds a decision to the tenant's key: who decided what about which bytes, when, and what they said with it. */
export function decisionMac(
  keys: TenantKeys,
  decision: {
    approvalId: string;
    state: ApprovalState;
    payloadHash: string;
    decidedBy: string;
    decidedAt: Date;
    /** As sealed in the row. */
    answer: Buffer;
  },
): Buffer {
  return keys.mac(
    'approval.decision',
    decision.approvalId,
    decision.state,
    decision.payloadHash,
    decision.decidedBy,
    decision.decidedAt.toISOString(),
    createHash('sha256').update(decision.answer).digest(),
  );
}

/** Whether the row carries a decision that a person made through us, and not one written into the table by hand. */
export function isGenuineDecision(keys: TenantKeys, row: ApprovalRow): boolean {
  const { approvalId, state, payloadHash, answer, decisionMac: given, decidedBy, decidedAt } = row;
  if (given === null || answer === null || decidedBy === null || decidedAt === null) return false;
  const expected = decisionMac(keys, { approvalId, state, payloadHash, decidedBy, decidedAt, answer });
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Whether the question still is the one that was asked: the sealed bytes open, and with the row's columns they make the row's hash. */
export function isIntact(keys: TenantKeys, task: { tenantId: string; taskId: string }, row: ApprovalRow): boolean {
  try {
    const { args } = keys.openJson({ kind: 'approval', id: row.approvalId }, row.body, approvalBodySchema);
    const { planVersion, stepId, tool, toolSchemaHash, policyHash } = row;
    const asked = { tenant: task.tenantId, task: task.taskId, planVersion, step: stepId, tool, args, toolSchemaHash, policyHash };
    return row.payloadHash === payloadHash({ ...asked, expiresAt: row.expiresAt.toISOString() });
  } catch (error) {
    if (isFactotumError(error, 'seal.broken')) return false;
    throw error;
  }
}

/**
 * Why an approval no longer allows what is about to be done, or null when it does: the last look before the effect.
 * The hash is computed anew over the bytes that will be sent, the tool's schema and the policies that determine the verdict now.
 */
export function staleness(keys: TenantKeys, row: ApprovalRow, action: Omit<BoundAction, 'expiresAt'>, now: Date): string | null {
  if (row.state !== 'approved') return 'it is not approved';
  if (row.usedAt !== null) return 'the approval has already been used';
  if (!isGenuineDecision(keys, row)) return 'the recorded decision does not verify';
  if (!isIntact(keys, { tenantId: action.tenant, taskId: action.task }, row)) return 'the recorded question has been altered';
  if (row.expiresAt <= now) return 'the approval has expired';
  if (row.tool !== action.tool || row.stepId !== action.step) return 'the approval was for another action';
  if (row.toolSchemaHash !== action.toolSchemaHash) return 'the tool has changed since';
  if (row.policyHash !== action.policyHash) return 'the policy that decides about it has changed since';
  if (row.payloadHash !== payloadHash({ ...action, expiresAt: row.expiresAt.toISOString() })) return 'what would be done has changed since';
  return null;
}
