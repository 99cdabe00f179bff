import { createHash, timingSafeEqual } from 'node:crypto';
import type { ApprovalRow, ApprovalState } from '#engine';
import { isFactotumError } from '#kernel';
import type { TenantKeys } from '#trust/key';
import type { Demands } from '#trust/policy';
import { type BoundAction, payloadHash } from './hash.ts';
import { type ApprovalBody, answerSchema, approvalBodySchema } from './schema.ts';
import { isGenuineVote, isPerson } from './vote.ts';

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

/** The question as it was asked: the sealed bytes open, and with the row's columns they make the row's hash. Null when it was altered. */
export function openIntact(keys: TenantKeys, task: { tenantId: string; taskId: string }, row: ApprovalRow): ApprovalBody | null {
  try {
    const body = keys.openJson({ kind: 'approval', id: row.approvalId }, row.body, approvalBodySchema);
    const { planVersion, stepId, tool, toolSchemaHash, policyHash } = row;
    const { args } = body;
    const asked = { tenant: task.tenantId, task: task.taskId, planVersion, step: stepId, tool, args, toolSchemaHash, policyHash };
    return row.payloadHash === payloadHash({ ...asked, expiresAt: row.expiresAt.toISOString() }) ? body : null;
  } catch (error) {
    if (isFactotumError(error, 'seal.broken')) return null;
    throw error;
  }
}

/** Whether the question still is the one that was asked. */
export const isIntact = (keys: TenantKeys, task: { tenantId: string; taskId: string }, row: ApprovalRow): boolean =>
  openIntact(keys, task, row) !== null;

/** Until when nothing comes of a decision that was held back, or null; only of one that a person made through us. */
export function heldUntil(keys: TenantKeys, row: ApprovalRow): Date | null {
  if (row.answer === null || !isGenuineDecision(keys, row)) return null;
  const { notBefore } = keys.openJson({ kind: 'approval.answer', id: row.approvalId }, row.answer, answerSchema);
  return notBefore === undefined ? null : new Date(notBefore);
}

/** Everybody whose yes is in a decision that was made through us; each vote is proved anew. */
export const agreedIn = (keys: TenantKeys, row: ApprovalRow): readonly string[] =>
  isGenuineDecision(keys, row) ? givenIn(keys, row).map(({ by }) => by) : [];

function givenIn(keys: TenantKeys, row: ApprovalRow): readonly { readonly by: string; readonly proven: boolean }[] {
  const { answer: sealed, decidedBy } = row;
  if (sealed === null || decidedBy === null) return [];
  const { proven = false, votes } = keys.openJson({ kind: 'approval.answer', id: row.approvalId }, sealed, answerSchema);
  return votes?.filter((vote) => isGenuineVote(keys, row, vote)) ?? [{ by: decidedBy, proven }];
}

/**
 * What a yes lacks of what is demanded now, or null when nothing. Every vote is proved anew, nobody counts twice, and nobody counts whom
 * the demands leave out.
 *
 * @param may - who holds the permission to decide now; left out, nobody has lost it
 */
export function lacking(
  keys: TenantKeys,
  row: ApprovalRow,
  { authors }: Pick<ApprovalBody, 'authors'>,
  { demands, may }: { readonly demands: Demands; readonly may?: ReadonlySet<string> },
): string | null {
  const given = givenIn(keys, row);
  if (given.length === 0) return 'nobody has agreed';
  const counted = new Set(given.filter((one) => refusalOf(demands, authors, one) === null).map(({ by }) => by));
  if (counted.size < demands.approvals) return 'the policies ask for more than was given by now';
  if (may === undefined || counted.intersection(may).size >= demands.approvals) return null;
  return 'who agreed may not decide any more';
}

/** Why this person's yes does not count under these demands, or null. */
export function refusalOf(
  demands: Demands,
  authors: readonly string[],
  { by, proven }: { readonly by: string; readonly proven: boolean },
): 'person' | 'other' | 'proof' | null {
  if (demands.fourEyes && authors.includes(by)) return 'other';
  // Whoever may not agree as themselves does not agree by a key of theirs either.
  if ((demands.approvals > 1 || demands.stepUp || demands.fourEyes) && !isPerson(by)) return 'person';
  return demands.stepUp && !proven ? 'proof' : null;
}

/**
 * Why an approval no longer allows what is about to be done, or null when it does: the last look before the effect.
 * The hash is computed anew over the bytes that will be sent, the tool's schema and the policies that determine the verdict now.
 */
export function staleness(
  keys: TenantKeys,
  row: ApprovalRow,
  action: Omit<BoundAction, 'expiresAt'>,
  { demands, may, now }: { readonly demands: Demands; readonly may: ReadonlySet<string>; readonly now: Date },
): string | null {
  if (row.state !== 'approved') return 'it is not approved';
  if (row.usedAt !== null) return 'the approval has already been used';
  if (!isGenuineDecision(keys, row)) return 'the recorded decision does not verify';
  const body = openIntact(keys, { tenantId: action.tenant, taskId: action.task }, row);
  if (body === null) return 'the recorded question has been altered';
  if (row.expiresAt <= now) return 'the approval has expired';
  if (row.tool !== action.tool || row.stepId !== action.step) return 'the approval was for another action';
  if (row.toolSchemaHash !== action.toolSchemaHash) return 'the tool has changed since';
  if (row.policyHash !== action.policyHash) return 'the policy that decides about it has changed since';
  if (row.payloadHash !== payloadHash({ ...action, expiresAt: row.expiresAt.toISOString() })) return 'what would be done has changed since';
  return lacking(keys, row, body, { demands, may });
}
