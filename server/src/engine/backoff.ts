/**
 * Full-jitter exponential back-off: a random span between half a base step and min(cap, base * 2^retries), in milliseconds.
 * The lower bound keeps a herd of instant first retries away. Source of the method: AWS Architecture Blog, "Exponential backoff and jitter" (2015).
 */
export function backoffMs(
  retries: number,
  options: { baseMs: number; capMs: number; random?: () => number } = { baseMs: 1_000, capMs: 60_000 },
): number {
  const ceiling = Math.min(options.capMs, options.baseMs * 2 ** Math.min(retries, 30));
  const random = options.random ?? Math.random;
  return Math.round(options.baseMs / 2 + random() * Math.max(ceiling - options.baseMs / 2, 0));
}
