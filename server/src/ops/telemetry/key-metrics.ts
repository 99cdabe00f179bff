import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { KeyCacheStats, KeyObserver } from '#trust/key';

/** Counts what happens with keys from the first call to a provider on, which is before there is anybody to show it to. */
export interface KeyMetrics extends KeyObserver {
  /** Has them shown, with the figures of the cache. */
  register(registry: Registry, cache: () => KeyCacheStats): void;
}

/** Labels name kinds of providers, never tenants or keys. */
export function createKeyMetrics(): KeyMetrics {
  const requests = new Counter({
    name: 'factotum_kek_requests_total',
    help: 'Calls to providers of key-encryption keys; skipped: not made, as the provider did not answer',
    labelNames: ['provider', 'outcome'],
    registers: [],
  });
  const latency = new Histogram({
    name: 'factotum_kek_latency_seconds',
    help: 'Time from a call to a key provider to its answer',
    labelNames: ['provider'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [],
  });
  const up = new Gauge({
    name: 'factotum_kek_up',
    help: "Whether the installation's key provider could be used when it was last asked",
    labelNames: ['provider'],
    registers: [],
  });
  return {
    kekAsked(provider, outcome, seconds) {
      requests.inc({ provider, outcome });
      if (outcome !== 'skipped') latency.observe({ provider }, seconds);
    },
    kekIsUp: (provider, isUp) => up.set({ provider }, isUp ? 1 : 0),
    register(registry, cache) {
      for (const metric of [requests, latency, up]) registry.registerMetric(metric);
      const counted = (name: string, help: string, read: () => number) =>
        new Counter({
          name,
          help,
          registers: [registry],
          collect() {
            this.reset();
            this.inc(read());
          },
        });
      counted('factotum_key_cache_hits', "Times that a tenant's keys were in memory", () => cache().hits);
      counted('factotum_key_cache_misses', "Times that a tenant's keys had to be unwrapped", () => cache().misses);
      new Gauge({
        name: 'factotum_key_cache_entries',
        help: 'Tenants whose keys are in memory',
        registers: [registry],
        collect() {
          this.set(cache().size);
        },
      });
    },
  };
}
