import { FactotumError } from '#kernel';
import { type QuotaName, quotaNames, quotas } from './quotas.ts';

/** Refusals of this process since it started, by quota. Not by tenant: the number of figures must not grow with the tenants. */
const counts = new Map<QuotaName, number>(quotaNames.map((name) => [name, 0]));

export const quotaRefusals = (): ReadonlyMap<QuotaName, number> => counts;

/** Counts a refusal that shows itself otherwise than by an error: a task that waits. */
export const countRefusal = (name: QuotaName): void => void counts.set(name, (counts.get(name) ?? 0) + 1);

/** Something must be made room for by a person, and that takes a while; only then it is worth trying again. */
const roomMs = 60_000;

/**
 * The refusal `quota.exceeded`, counted. It names the quota, what is used and the limit, and when to come back.
 *
 * @param retryAfterMs - until there is room again; left out where no window ends
 */
export function quotaExceeded(
  name: QuotaName,
  { used, limit, retryAfterMs = roomMs }: { used: number; limit: number; retryAfterMs?: number },
): FactotumError {
  countRefusal(name);
  const { title, window } = quotas[name];
  const advice = window === 'now' ? 'Make room, or ask whoever runs Factotum for more.' : 'Try again later.';
  return new FactotumError('quota.exceeded', `${title}: ${amountOf(name, used)} of ${amountOf(name, limit)} are used. ${advice}`, {
    details: { quota: name, used, limit, retryAfterMs },
  });
}

/** `4.20 USD`, `1.5 GB`, `12 members`. */
export function amountOf(name: QuotaName, amount: number): string {
  const { unit } = quotas[name];
  if (unit === 'micro-usd') return `${(amount / 1_000_000).toFixed(2)} USD`;
  if (unit !== 'bytes') return `${amount} ${unit}`;
  if (amount < 1_000) return `${amount} bytes`;
  const step = amount >= 1e9 ? { size: 1e9, name: 'GB' } : amount >= 1e6 ? { size: 1e6, name: 'MB' } : { size: 1e3, name: 'KB' };
  return `${(amount / step.size).toFixed(1)} ${step.name}`;
}
