import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { restartUse } from '#trust/quota';
import { sumOfFileBytes } from './file-store.ts';
import { sumOfBytes } from './store.ts';

/** Counts a tenant's vault by looking at it, and forgets what else was counted for the tenant: for one that comes from elsewhere. */
export const recountTenant = async (tx: Tx, tenantId: Id<'tenant'>): Promise<void> =>
  restartUse(tx, tenantId, (await sumOfBytes(tx, tenantId)) + (await sumOfFileBytes(tx, tenantId)));
