import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { type AlertLevel, alertSpan, levelOf } from './alert.ts';
import { readOwnLimits } from './limits.ts';
import { type GaugeName, type Quota, type QuotaName, quotaNames, quotas } from './quotas.ts';
import { selectAlerts, selectCounters } from './store.ts';
import { always, spanOf } from './window.ts';

/** A quota of one tenant and what is used of it. */
export interface Usage {
  readonly quota: QuotaName;
  readonly title: string;
  readonly unit: Quota['unit'];
  /** Of rates, what processes have taken in blocks: a little more than has been used. Of model spend, what is put aside for calls under way as well. */
  readonly used: number;
  readonly limit: number;
  /** What an operator has set for this tenant; null: nothing, so that the default holds. */
  readonly ownLimit: number | null;
  readonly defaultLimit: number;
  readonly window: Quota['window'];
  readonly resetsAt: Date | null;
  /** The highest alert that stands: given within its span, or called for by the present use. */
  readonly alert: AlertLevel | null;
}

/** Reads everything in the caller's transaction. `counts` says of the gauges how many there are. */
export async function readUsage(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { counts, now }: { counts: Readonly<Record<GaugeName, number>>; now: Date },
): Promise<Usage[]> {
  const own = await readOwnLimits(tx, tenantId);
  const counters = await selectCounters(tx, tenantId, quotaNames);
  const given = await selectAlerts(tx, tenantId, spanOf('month', now).start);
  return quotaNames.map((name): Usage => {
    const quota: Quota = quotas[name];
    const limit = own[name] ?? quota.default;
    const span = quota.window === 'now' ? null : spanOf(quota.window, now);
    const start = (span?.start ?? always).getTime();
    const counted = counters.find((row) => row.name === name && row.windowStart.getTime() === start)?.used ?? 0;
    const used = isGauge(name) ? counts[name] : counted;
    const spanStart = alertSpan(name, now).getTime();
    // A rate's alert is over with its minute, and is told once a day all the same.
    const stands =
      quota.window === 'minute' || name === 'maxRunning'
        ? []
        : given.filter((alert) => alert.name === name && alert.spanStart.getTime() === spanStart);
    const level = Math.max(levelOf(used, limit) ?? 0, ...stands.map((alert) => alert.level));
    return {
      quota: name,
      title: quota.title,
      unit: quota.unit,
      used,
      limit,
      ownLimit: own[name] ?? null,
      defaultLimit: quota.default,
      window: quota.window,
      resetsAt: span?.end ?? null,
      alert: level === 100 || level === 80 ? level : null,
    };
  });
}

const isGauge = (name: QuotaName): name is GaugeName => quotas[name].counted === 'gauge';
