import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { ProcessFigures } from '#flow/status';
import type { Clock } from '#kernel';

/** Counts what this process does. `take` gives the figures since it was last called and begins anew. */
export interface Gauges {
  /** A request was answered. */
  answered(ms: number, status: number): void;
  /** A worker has brought a task to its end. */
  taskEnded(): void;
  take(): ProcessFigures;
  close(): void;
}

/** As much of a pool of connections as is counted. */
interface Pool {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly options: { readonly max: number };
}

export interface GaugesOptions {
  readonly clock: Clock;
  readonly pools: readonly Pool[];
  /** Entries numbered by this process since it started. */
  readonly auditEntries: () => number;
}

const loopResolutionMs = 20;

export function createGauges({ clock, pools, auditEntries }: GaugesOptions): Gauges {
  // In microseconds: a histogram of the engine's counts whole numbers.
  const answers = createHistogram({ lowest: 1, highest: 600_000_000, figures: 3 });
  const lateness = monitorEventLoopDelay({ resolution: loopResolutionMs });
  lateness.enable();
  const counts = { requests: 0, faults: 0, ended: 0 };
  let before = { atMs: clock.monotonicMs(), cpu: process.cpuUsage(), entries: auditEntries() };

  return {
    answered(ms, status) {
      answers.record(Math.max(1, Math.round(ms * 1_000)));
      counts.requests += 1;
      if (status >= 500) counts.faults += 1;
    },
    taskEnded() {
      counts.ended += 1;
    },
    take() {
      const now = { atMs: clock.monotonicMs(), cpu: process.cpuUsage(before.cpu), entries: auditEntries() };
      const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1_000);
      const memory = process.memoryUsage();
      const answeredMs = (percentile: number) => (counts.requests === 0 ? null : round(answers.percentile(percentile) / 1_000));
      const figures: ProcessFigures = {
        cpu: round((now.cpu.user + now.cpu.system) / 1e6 / seconds),
        residentBytes: memory.rss,
        heapBytes: memory.heapUsed,
        loopDelayMs: round(Math.max(0, lateness.percentile(99) / 1e6 - loopResolutionMs)),
        requests: round(counts.requests / seconds),
        faults: round(counts.faults / seconds),
        p50Ms: answeredMs(50),
        p95Ms: answeredMs(95),
        p99Ms: answeredMs(99),
        tasksRunning: 0,
        tasksPerMinute: round((counts.ended / seconds) * 60),
        auditEntries: round((now.entries - before.entries) / seconds),
        poolBusy: sum(pools, ({ totalCount, idleCount }) => totalCount - idleCount),
        poolMax: sum(pools, ({ options }) => options.max),
        poolWaiting: sum(pools, ({ waitingCount }) => waitingCount),
      };
      before = { ...now, cpu: process.cpuUsage() };
      Object.assign(counts, { requests: 0, faults: 0, ended: 0 });
      answers.reset();
      lateness.reset();
      return figures;
    },
    close: () => void lateness.disable(),
  };
}

const round = (value: number): number => Math.round(value * 100) / 100;
const sum = <T>(items: readonly T[], of: (item: T) => number): number => items.reduce((total, item) => total + of(item), 0);
