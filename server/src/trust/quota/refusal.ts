import { FactotumError } from '#kernel';
import { bytesIn, numberIn, wordsIn } from '#kernel/words';
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
export function amountOf(name: QuotaName, amount: number, locale = 'en'): string {
  const { unit } = quotas[name];
  if (unit === 'micro-usd') return `${numberIn(locale, amount / 1_000_000, 2)} USD`;
  return unit === 'bytes' ? bytesIn(locale, amount) : wordsIn(locale).quotas.units[unit](numberIn(locale, amount));
}
