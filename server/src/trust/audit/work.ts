import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { readBody } from './body.ts';

/** What the log says happened to a task. */
export interface WorkEntry {
  readonly seq: number;
  readonly at: Date;
  readonly kind: string;
  readonly taskId: string | null;
  /** Who did it. Null of entries that are not the task's own, such as those of its approvals. */
  readonly actor: string | null;
}

/**
 * The log from an entry on, oldest first: what has happened since somebody last looked. The log has no gaps, so whoever remembers the last
 * number misses nothing.
 */
export async function workEntries(tx: Tx, tenantId: Id<'tenant'>, { from, limit }: { from: number; limit: number }): Promise<WorkEntry[]> {
  const rows = await tx
    .selectFrom('auditEntry')
    .select(['seq', 'at', 'kind', 'taskId'])
    // Only of the task's own entries it matters who made them, and they are a third of the log.
    .select(({ case: when, ref }) => when().when('kind', 'like', 'task.%').then(ref('body')).end().as('body'))
    .where('tenantId', '=', tenantId)
    .where('seq', '>=', from)
    .orderBy('seq')
    .limit(limit)
    .execute();
  return rows.map(({ body, ...row }) => ({ ...row, actor: body === null ? null : (readBody(tenantId, body)?.actor ?? null) }));
}

/** How many entries the log has: the number of the next one. */
export async function logSize(tx: Tx, tenantId: Id<'tenant'>): Promise<number> {
  const row = await tx.selectFrom('auditHead').select('size').where('tenantId', '=', tenantId).executeTakeFirst();
  return row?.size ?? 0;
}
