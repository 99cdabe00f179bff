import type { FactotumError, Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { raiseAlerts } from './alert.ts';
import { readLimits } from './limits.ts';
import { quotaNames, quotas } from './quotas.ts';
import { quotaExceeded } from './refusal.ts';
import { addAnyhow, addWithinLimit, deleteUse, readUsed } from './store.ts';
import { always } from './window.ts';

const name = 'vaultBytes';

/**
 * Starts all counting of a tenant anew, for one that comes from another installation: what it has spent there is not counted here, and what
 * it says about itself counts for nothing.
 *
 * @param vaultBytes - what its notes take, found by looking at them
 */
export async function restartUse(tx: Tx, tenantId: Id<'tenant'>, vaultBytes: number): Promise<void> {
  await deleteUse(tx, tenantId, quotaNames);
  await addAnyhow(tx, { tenantId, name, windowStart: always }, vaultBytes);
}

/**
 * Counts sealed bytes of a note's new version in the transaction that writes it, exactly: the counter's row stays locked until the commit,
 * so this is the last thing that such a transaction does.
 *
 * @param change.anyhow - for what must not be refused: taking something back, or deleting it
 * @throws FactotumError `quota.exceeded` naming what is used and the limit.
 */
export async function countVaultBytes(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { bytes, now, anyhow = false }: { bytes: number; now: Date; anyhow?: boolean },
): Promise<void> {
  const key = { tenantId, name, windowStart: always };
  if (anyhow) {
    await addAnyhow(tx, key, bytes);
    return;
  }
  const counted = await addWithinLimit(tx, key, bytes, quotas.vaultBytes.default);
  if (counted === null) {
    const { vaultBytes: limit } = await readLimits(tx, tenantId);
    throw quotaExceeded(name, { used: await readUsed(tx, key), limit });
  }
  await raiseAlerts(tx, tenantId, { name, used: counted.used, limit: counted.allowed, now });
}

/**
 * How much there is room for in a tenant's vault right now, for who streams and cannot say at the beginning how much it will be. What was
 * taken in the end is counted by `countVaultBytes` all the same, exactly.
 */
export async function vaultRoom(tx: Tx, tenantId: Id<'tenant'>): Promise<{ readonly free: number; readonly refusal: () => FactotumError }> {
  const used = await readUsed(tx, { tenantId, name, windowStart: always });
  const { vaultBytes: limit } = await readLimits(tx, tenantId);
  return { free: Math.max(limit - used, 0), refusal: () => quotaExceeded(name, { used, limit }) };
}
