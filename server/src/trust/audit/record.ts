import type { RawBuilder } from 'kysely';
import type { Tx } from '#kernel/database';
import { type AuditDraft, auditBody } from './body.ts';
import { insertingPending, insertPending } from './store.ts';

/**
 * Leaves entries in the caller's transaction: they are numbered once it has committed, and never if it has not. Takes no lock.
 *
 * In the order given. Two transactions of which one began after the other's commit keep that order as well.
 */
export async function recordAudit(tx: Tx, tenantId: string, drafts: readonly AuditDraft[]): Promise<void> {
  if (drafts.length === 0) return;
  await insertPending(
    tx,
    tenantId,
    drafts.map((draft) => auditBody(tenantId, draft)),
  );
}

/** The same as a part of a greater statement. */
export const recordingAudit = (tenantId: string, drafts: readonly AuditDraft[]): RawBuilder<unknown> =>
  insertingPending(
    tenantId,
    drafts.map((draft) => auditBody(tenantId, draft)),
  );
