import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

/** How many tasks workers may have in hand from the next claim on. */
export const updateMaxRunning = (tx: Tx, tenantId: Id<'tenant'>, maxRunning: number): Promise<unknown> =>
  sql`update tenant_queue set max_running = ${maxRunning} where tenant_id = ${tenantId}`.execute(tx);
