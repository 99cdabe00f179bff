import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import { type QuotaName, quotas } from './quotas.ts';
import { deleteAlerts, insertAlert } from './store.ts';
import { always, spanOf } from './window.ts';

/** How full a quota is when an alert is given, in percent, highest first. */
const levels = [100, 80] as const;
export type AlertLevel = (typeof levels)[number];

/** How full a quota is. */
export interface Reading {
  readonly name: QuotaName;
  readonly used: number;
  readonly limit: number;
  readonly now: Date;
  /** Nothing fits any more, whatever the numbers say. */
  readonly isUsedUp?: boolean;
}

/** The level that a use has reached, null below the lowest. A quota of nothing is switched off and not used up. */
export const levelOf = (used: number, limit: number): AlertLevel | null =>
  limit <= 0 ? null : (levels.find((level) => used * 100 >= limit * level) ?? null);

/** Where the span starts within which an alert is given once. */
export const alertSpan = (name: QuotaName, now: Date): Date => {
  const { alerts } = quotas[name];
  return alerts === 'once' ? always : spanOf(alerts, now).start;
};

/**
 * Gives the alerts that a reading calls for, in the caller's transaction: an audit entry and, soon after, a mail to the owners. Over all
 * processes each level is told once a span; a rollback takes it back. Costs nothing below 80 %.
 */
export async function raiseAlerts(tx: Tx, tenantId: Id<'tenant'>, { name, used, limit, now, isUsedUp = false }: Reading): Promise<void> {
  const reached = isUsedUp && limit > 0 ? 100 : levelOf(used, limit);
  if (reached === null) return;
  const spanStart = alertSpan(name, now);
  for (const level of levels.filter((each) => each <= reached)) {
    // One mail tells of both: only the highest level is mailed.
    const mailAt = level === reached ? now : null;
    const raised = await insertAlert(tx, { tenantId, name, spanStart, level, used, allowed: limit, raisedAt: now, mailAt });
    if (!raised) return;
    await recordAudit(tx, tenantId, [
      { kind: 'quota.alert', actor: 'system:quota', at: now, objectId: name, detail: { quota: name, percent: level, used, limit } },
    ]);
  }
}

/** Lets alerts be given again that no longer hold, because there is room again. */
export const rearmAlerts = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  { name, used, limit }: Pick<Reading, 'name' | 'used' | 'limit'>,
): Promise<unknown> => deleteAlerts(tx, tenantId, name, { above: levelOf(used, limit) ?? 0 });
