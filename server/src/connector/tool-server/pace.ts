import { LRUCache } from 'lru-cache';

/** Counts calls in this process: so many in a minute, evenly refilled. */
export function createPace(now: () => number): (name: string, perMinute: number) => number {
  const buckets = new LRUCache<string, { left: number; atMs: number }>({ max: 10_000 });
  return (name, perMinute) => {
    const nowMs = now();
    const bucket = buckets.get(name) ?? { left: perMinute, atMs: nowMs };
    const left = Math.min(perMinute, bucket.left + ((nowMs - bucket.atMs) * perMinute) / 60_000);
    if (left < 1) {
      buckets.set(name, { left, atMs: nowMs });
      // How long until there is one again.
      return Math.ceil(((1 - left) * 60_000) / perMinute);
    }
    buckets.set(name, { left: left - 1, atMs: nowMs });
    return 0;
  };
}
