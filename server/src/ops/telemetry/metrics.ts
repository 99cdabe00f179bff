import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { KeyCacheStats } from '#trust/key';
import type { KeyMetrics } from './key-metrics.ts';

/** What is asked for when somebody looks, never counted on the way. */
export interface Gauges {
  /** Tasks in this process's hands. */
  readonly tasksRunning: () => number;
  /** Audit entries numbered by this process since it started. */
  readonly auditEntries: () => number;
  /** Tenants whose audit log is out of order and waits for a person. */
  readonly auditLogsSetAside: () => number;
  /** Refusals of this process since it started, by quota; every quota there is. */
  readonly quotaRefusals: () => Iterable<readonly [quota: string, count: number]>;
  /** What happened with keys, and what their cache has done. */
  readonly keys: KeyMetrics;
  readonly keyCache: () => KeyCacheStats;
}

/**
 * The process's figures in Prometheus' form: Node's own, and ours. No label names a tenant or an id, so their number is bounded.
 */
export function createMetrics(gauges: Gauges): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge('factotum_tasks_running', 'Tasks this process works on right now', gauges.tasksRunning);
  gauge('factotum_audit_entries', 'Audit entries numbered by this process since it started', gauges.auditEntries);
  gauge('factotum_audit_logs_set_aside', 'Tenants whose audit log is out of order', gauges.auditLogsSetAside);
  new Counter({
    name: 'factotum_quota_refusals_total',
    help: 'Uses refused because a tenant has used up its quota',
    labelNames: ['quota'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [quota, count] of gauges.quotaRefusals()) this.inc({ quota }, count);
    },
  });
  gauges.keys.register(registry, gauges.keyCache);
  return registry;
}
