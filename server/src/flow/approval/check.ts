import { timingSafeEqual } from 'node:crypto';
import type { ApprovalRow, ApprovalState } from '#engine';
import type { TenantKeys } from '#trust/key';
import { type BoundAction, payloadHash } from './hash.ts';

/** Binds a decision to the tenant's key: who decided what about which bytes, and when. */
export function decisionMac(
  keys: TenantKeys,
  decision: { approvalId: string; state: ApprovalState; payloadHash: string; decidedBy: string; decidedAt: Date },
): Buffer {
  return keys.mac(
    'approval.decision',
    decision.approvalId,
    decision.state,
    decision.payloadHash,
    decision.decidedBy,
    decision.decidedAt.toISOString(),
  );
}

/** Whether the row carries a decision that a person made through us, and not one written into the table by hand. */
export function isGenuineDecision(keys: TenantKeys, row: ApprovalRow): boolean {
  const { decisionMac: given, decidedBy, decidedAt } = row;
  if (given === null || decidedBy === null || decidedAt === null) return false;
  const expected = decisionMac(keys, { approvalId: row.approvalId, state: row.state, payloadHash: row.payloadHash, decidedBy, decidedAt });
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/**
 * Why an approval no longer allows what is about to be done, or null when it does: the last look before the effect.
 * The hash is computed anew over the bytes that will be sent, the tool's schema and the policies that determine the verdict now.
 */
export function staleness(keys: TenantKeys, row: ApprovalRow, action: Omit<BoundAction, 'expiresAt'>, now: Date): string | null {
  if (row.state !== 'approved') return 'it is not approved';
  if (row.usedAt !== null) return 'the approval has already been used';
  if (!isGenuineDecision(keys, row)) return 'the recorded decision does not verify';
  if (row.expiresAt <= now) return 'the approval has expired';
  if (row.tool !== action.tool || row.stepId !== action.step) return 'the approval was for another action';
  if (row.toolSchemaHash !== action.toolSchemaHash) return 'the tool has changed since';
  if (row.policyHash !== action.policyHash) return 'the policy that decides about it has changed since';
  if (row.payloadHash !== payloadHash({ ...action, expiresAt: row.expiresAt.toISOString() })) return 'what would be done has changed since';
  return null;
}
