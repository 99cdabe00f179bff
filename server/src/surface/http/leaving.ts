import { forgetTurn } from '#flow/analytics';
import { forgetMember } from '#flow/approval';
import { deleteViewsOf } from '#flow/task';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

/** Forgets what somebody kept for themselves in a tenant that they have left, and what was kept for them. */
export async function forgetLeaver(tx: Tx, tenantId: Id<'tenant'>, userId: string): Promise<void> {
  await deleteViewsOf(tx, tenantId, userId);
  await forgetMember(tx, tenantId, userId);
  await forgetTurn(tx, tenantId, userId);
}
