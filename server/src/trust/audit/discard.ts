import type { RoleDatabase } from '#kernel/database';

/** Drops what waits to be numbered in the log of a tenant whose keys are destroyed: nobody can sign it any more. @returns how many rows. */
export async function discardPending(sequencer: RoleDatabase, tenantId: string): Promise<number> {
  return (await sequencer.pool.query('delete from app.audit_pending where tenant_id = $1', [tenantId])).rowCount ?? 0;
}
