import { LRUCache } from 'lru-cache';
import type { Id } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { Quotas } from '#trust/quota';
import { readActiveTenant, type Tenant } from '#trust/tenant';

/** A suspension counts after this long at the latest, in milliseconds. */
const stateTtlMs = 5_000;

/**
 * Counts every event, or several at once, against its tenant's rate before anything is stored, so that a flood costs next to nothing.
 * @returns a function that throws `quota.exceeded` with `details.retryAfterMs`, `tenant.suspended` or `tenant.not_found`.
 */
export function createAdmission({
  database,
  quotas,
}: {
  database: Database;
  quotas: Pick<Quotas, 'take'>;
}): (tenantId: Id<'tenant'>, count?: number) => Promise<void> {
  const tenants = new LRUCache<Id<'tenant'>, Promise<Tenant>>({ max: 10_000, ttl: stateTtlMs });
  const tenantOf = (tenantId: Id<'tenant'>): Promise<Tenant> => {
    const kept = tenants.get(tenantId);
    if (kept !== undefined) return kept;
    const reading = withTenant(database.app.db, tenantId, (tx) => readActiveTenant(tx, tenantId));
    tenants.set(tenantId, reading);
    reading.catch(() => tenants.delete(tenantId));
    return reading;
  };
  return async (tenantId, count) => {
    await tenantOf(tenantId);
    await quotas.take(tenantId, 'eventsPerMinute', count);
  };
}
