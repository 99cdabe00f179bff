import { sql } from 'kysely';
import { z } from 'zod';
import { FactotumError, type Id, newId } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { type DecisionContext, recordChange } from './decide.ts';
import { wakeForAll } from './snooze.ts';
import { holdApproval } from './store.ts';

/** What somebody said about an approval. People read it; no planner does. */
export interface ApprovalComment {
  readonly id: Id<'comment'>;
  readonly by: string;
  readonly at: Date;
  readonly text: string;
}

/** Letters of one comment, and comments of one approval: more than that is a conversation for another place. */
export const commentLettersMax = 4_000;
const commentsMax = 200;

const bodySchema = z.object({ text: z.string() });

/** Writes a comment. It may be said of any approval, also of one that is decided. @throws FactotumError `approval.not_found`, `quota.exceeded`. */
export async function commentOn(
  context: Pick<DecisionContext, 'tx' | 'tenantId' | 'keys' | 'actor' | 'now'>,
  approvalId: string,
  text: string,
): Promise<ApprovalComment> {
  const { tx, tenantId, keys, actor, now } = context;
  // Under the lock they are counted one after the other.
  const approval = (await holdApproval(tx, tenantId, approvalId))?.approval;
  if (approval === undefined) throw new FactotumError('approval.not_found', 'There is no such approval.');
  const count = (await countComments(tx, tenantId, [approvalId])).get(approvalId) ?? 0;
  if (count >= commentsMax)
    throw new FactotumError('quota.exceeded', `An approval has at most ${commentsMax} comments.`, { details: { limit: commentsMax } });
  const id = newId('comment', now.getTime());
  const body = keys.sealJson({ kind: 'approval.comment', id }, { text });
  await sql`insert into app.approval_comment (tenant_id, comment_id, approval_id, author, body, created_at)
    values (${tenantId}, ${id}, ${approvalId}, ${actor}, ${body}, ${now})`.execute(tx);
  await wakeForAll(tx, tenantId, approvalId);
  await recordChange(context, approval, { kind: 'approval.commented', detail: { comment: id } });
  return { id, by: actor, at: now, text };
}

/** All comments of an approval, oldest first. */
export async function listComments(
  tx: Tx,
  keys: TenantKeys,
  tenantId: Id<'tenant'>,
  approvalId: string,
): Promise<readonly ApprovalComment[]> {
  const { rows } = await sql<{ id: Id<'comment'>; by: string; at: Date; body: Buffer }>`
    select comment_id as id, author as by, created_at as at, body from app.approval_comment
    where tenant_id = ${tenantId} and approval_id = ${approvalId} order by comment_id limit ${commentsMax}`.execute(tx);
  return rows.map(({ body, ...comment }) => ({
    ...comment,
    text: keys.openJson({ kind: 'approval.comment', id: comment.id }, body, bodySchema).text,
  }));
}

/** How many comments each of these has; none is not among them. */
async function countComments(tx: Tx, tenantId: Id<'tenant'>, approvalIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (approvalIds.length === 0) return new Map();
  const { rows } = await sql<{ approvalId: string; count: number }>`select approval_id, count(*)::int as count from app.approval_comment
    where tenant_id = ${tenantId} and approval_id = any(${[...approvalIds]}) group by 1`.execute(tx);
  return new Map(rows.map(({ approvalId, count }) => [approvalId, count]));
}
