import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import { recordLimits } from '#trust/history';
import { type LimitChanges, readLimits, writeLimits } from './limits.ts';
import { type Limits, type QuotaName, quotas } from './quotas.ts';
import { deleteAlerts } from './store.ts';

/** What is told to those who go by a limit, in the transaction that changes it. */
export interface LimitsChanged {
  readonly before: Limits;
  readonly after: Limits;
  readonly at: Date;
}
export type ChangeListener = (tx: Tx, tenantId: Id<'tenant'>, change: LimitsChanged) => Promise<void>;

/**
 * Sets limits of a tenant in the caller's transaction, with an audit entry, and tells those who go by them. What is used already stays,
 * also above a lowered limit: it only gets no more. Alerts of what has changed are given again when they hold again.
 */
export async function changeLimits(
  tx: Tx,
  tenantId: Id<'tenant'>,
  changes: LimitChanges,
  set: { readonly by: string; readonly at: Date },
  listeners: readonly ChangeListener[],
): Promise<Limits> {
  const before = await readLimits(tx, tenantId);
  await writeLimits(tx, tenantId, changes, set);
  const after = await readLimits(tx, tenantId);
  // The keys of the table are the names of the quotas.
  const changed = (Object.keys(quotas) as QuotaName[]).filter((name) => before[name] !== after[name]);
  if (changed.length === 0) return after;
  for (const name of changed) await deleteAlerts(tx, tenantId, name, { above: 0 });
  for (const tell of listeners) await tell(tx, tenantId, { before, after, at: set.at });
  const [was, is] = [before, after].map((limits) => Object.fromEntries(changed.map((name) => [name, limits[name]])));
  await recordLimits(tx, tenantId, { topic: 'quotas', before: was ?? {}, after: is ?? {}, actor: set.by, at: set.at });
  const detail = Object.fromEntries(changed.map((name) => [name, { from: before[name], to: after[name] }]));
  await recordAudit(tx, tenantId, [{ kind: 'quota.changed', actor: set.by, at: set.at, objectId: tenantId, detail }]);
  return after;
}
