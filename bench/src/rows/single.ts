import type { Bench } from '../bench.ts';
import { runJob } from '../load/process.ts';
import { percentile, type Row, spread } from '../row.ts';

const pauseMs = 20;
const warmUp = 50;

const measureOnce = (bench: Bench) =>
  bench.once('single', async () => {
    const place = await bench.server();
    const [tenant] = await bench.tenants(place, [{}]);
    if (tenant === undefined) throw new Error('There is no tenant.');
    const count = Math.max(100, Math.round(bench.seconds * 10));
    return runJob({ do: 'single', tenant, kind: 'read', count, warmUp, pauseMs });
  });

const row = (name: string, share: number, atMost: number): Row => ({
  row: name,
  unit: 'ms',
  budget: { atMost },
  about: `one task alone in the system, from the event's acceptance to hearing that it is finished, p${share * 100}`,
  async measure(bench) {
    const done = await measureOnce(bench);
    return {
      value: done.errorCount > 0 ? Number.NaN : percentile(done.fromAccepted, share),
      detail: { fromAcceptedMs: spread(done.fromAccepted), fromSendingMs: spread(done.latencies), errors: done.errors },
    };
  },
});

/** Heard by the live feed: that includes committing, numbering, signing and sending the news. */
export const singleRows: readonly Row[] = [row('task_p50_ms', 0.5, 40), row('task_p99_ms', 0.99, 200)];
