import { z } from 'zod';
import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { defaultLimits, isQuotaName, type Limits, type QuotaName, quotaNames, quotas } from './quotas.ts';
import { deleteLimits, selectLimits, upsertLimits } from './store.ts';

const limitOf = (name: QuotaName) => z.int().min(quotas[name].min).max(quotas[name].max);

/** Limits as an operator names them, each within the bounds of its quota. What is left out stays as it is. */
// fromEntries gives every name of the table its schema.
export const limitsShape = Object.fromEntries(quotaNames.map((name) => [name, limitOf(name).optional()])) as Record<
  QuotaName,
  z.ZodOptional<z.ZodInt>
>;

/** New limits by name; null for the default again. */
export type LimitChanges = Readonly<Partial<Record<QuotaName, number | null>>>;

/** Checks what came from outside. @throws FactotumError `request.invalid` naming every fault and what there is. */
export function parseLimitChanges(input: Readonly<Record<string, unknown>>): LimitChanges {
  const faults: string[] = [];
  for (const [name, value] of Object.entries(input)) {
    if (!isQuotaName(name)) faults.push(`${name}: there is no such quota. There are: ${quotaNames.join(', ')}`);
    else if (value !== null && !limitOf(name).safeParse(value).success)
      faults.push(`${name}: must be a whole number from ${quotas[name].min} to ${quotas[name].max}, or null for the default`);
  }
  if (Object.keys(input).length === 0) faults.push('name at least one quota');
  if (faults.length > 0)
    throw new FactotumError('request.invalid', `The quotas are not valid. ${faults.join('; ')}.`, { details: { faults } });
  // Every name and value has just been looked at.
  return input as LimitChanges;
}

/** The limits that the tenant has instead of the defaults. Of a name that only a newer release knows nothing is made. */
export async function readOwnLimits(tx: Tx, tenantId: Id<'tenant'>): Promise<Partial<Limits>> {
  const rows = await selectLimits(tx, tenantId);
  return Object.fromEntries(rows.filter(({ name }) => isQuotaName(name)).map(({ name, value }) => [name, value]));
}

/** The tenant's limits as they are now. */
export const readLimits = async (tx: Tx, tenantId: Id<'tenant'>): Promise<Limits> => ({
  ...defaultLimits,
  ...(await readOwnLimits(tx, tenantId)),
});

/** Writes limits in the caller's transaction. Whoever changes them for a tenant that works calls `changeLimits`. */
export async function writeLimits(tx: Tx, tenantId: Id<'tenant'>, changes: LimitChanges, set: { by: string; at: Date }): Promise<void> {
  const entries = Object.entries(changes);
  await upsertLimits(
    tx,
    tenantId,
    entries.flatMap(([name, value]) => (value === null ? [] : [{ name, value }])),
    set,
  );
  await deleteLimits(
    tx,
    tenantId,
    entries.flatMap(([name, value]) => (value === null ? [name] : [])),
  );
}
