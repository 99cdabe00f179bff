import { countConnections } from '#flow/connection';
import { countInHand, ringWaitingForBudget } from '#flow/task';
import type { Clock, Id } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import { countPeople } from '#trust/identity';
import { type ChangeListener, createQuotas, type Quotas } from '#trust/quota';
import { updateMaxRunning } from '#trust/tenant';

interface PlatformQuotasDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** Called after a change that a task may have waited for. */
  readonly onWork: (tenantId: Id<'tenant'>) => void;
}

/** Quotas as the parts of the product count them and go by them. */
export function createPlatformQuotas({ database, clock, onWork }: PlatformQuotasDeps): Quotas {
  const { db } = database.app;
  const quotas = createQuotas({
    db,
    clock,
    gauges: {
      maxRunning: (tenantId) => withTenant(db, tenantId, (tx) => countInHand(tx, tenantId)),
      members: (tenantId) => countPeople(database.auth, tenantId, clock.now()),
      connectors: (tenantId) => withTenant(db, tenantId, (tx) => countConnections(tx, tenantId)),
    },
    onChanged: [tellQueue, tellTasks],
  });
  return {
    ...quotas,
    async change(tenantId, changes, actor) {
      await quotas.change(tenantId, changes, actor);
      onWork(tenantId);
    },
  };
}

/** The engine goes by the row that it locks for a claim. */
const tellQueue: ChangeListener = async (tx, tenantId, { before, after }) => {
  if (before.maxRunning !== after.maxRunning) await updateMaxRunning(tx, tenantId, after.maxRunning);
};

const tellTasks: ChangeListener = async (tx, tenantId, { before, after, at }) => {
  const isRaised = (['modelMicrosPerDay', 'modelMicrosPerMonth'] as const).some((name) => after[name] > before[name]);
  if (isRaised) await ringWaitingForBudget(tx, tenantId, at);
};
