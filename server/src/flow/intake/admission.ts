import { LRUCache } from 'lru-cache';
import { type Clock, FactotumError, type Id } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import { createLeasedCounter } from '#trust/quota';
import { readActiveTenant, type Tenant } from '#trust/tenant';

/** A changed limit or a suspension counts after this long at the latest, in milliseconds. */
const settingsTtlMs = 5_000;

/**
 * Counts every event against its tenant's rate before anything is stored, so that a flood costs next to nothing.
 * @returns a function that throws `quota.exceeded` with `details.retryAfterMs`, `tenant.suspended` or `tenant.not_found`.
 */
export function createAdmission({ database, clock }: { database: Database; clock: Clock }): (tenantId: Id<'tenant'>) => Promise<void> {
  const counter = createLeasedCounter({ db: database.app.db, clock, name: 'event', window: 'minute' });
  const tenants = new LRUCache<Id<'tenant'>, Promise<Tenant>>({ max: 10_000, ttl: settingsTtlMs });
  const tenantOf = (tenantId: Id<'tenant'>): Promise<Tenant> => {
    const kept = tenants.get(tenantId);
    if (kept !== undefined) return kept;
    const reading = withTenant(database.app.db, tenantId, (tx) => readActiveTenant(tx, tenantId));
    tenants.set(tenantId, reading);
    reading.catch(() => tenants.delete(tenantId));
    return reading;
  };
  return async (tenantId) => {
    const { settings } = await tenantOf(tenantId);
    const taken = await counter.take(tenantId, 1, settings.eventsPerMinute);
    if (taken.allowed) return;
    throw new FactotumError(
      'quota.exceeded',
      `More than ${settings.eventsPerMinute} events arrived within a minute. Send this one again later.`,
      { details: { retryAfterMs: taken.retryAfterMs } },
    );
  };
}
