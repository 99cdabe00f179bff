import { countCpu } from '../cpu.ts';
import { runJob } from '../load/process.ts';
import { type Row, spread } from '../row.ts';
import { unlimited } from '../tenant.ts';

const tenantCount = 4;
const inFlight = 128;
const warmUpMs = 3_000;

export const resumeRows: readonly Row[] = [
  {
    row: 'resume_per_s',
    unit: 'tasks/s',
    budget: { atLeast: 200 },
    about: 'tasks that pause for an approval, are read and approved over HTTP, resume, write a payment order and finish; whole rounds',
    async measure(bench) {
      const place = await bench.server();
      const tenants = await bench.tenants(
        place,
        Array.from({ length: tenantCount }, () => unlimited),
      );
      const cpu = await countCpu(place.server);
      const done = await runJob({ do: 'sustain', tenants, kind: 'ask', inFlight, warmUpMs, measureMs: bench.seconds * 1_000 });
      return {
        value: done.errorCount > 0 ? Number.NaN : done.finished / (done.elapsedMs / 1_000),
        detail: {
          cpuMsPerTask: await cpu(done, done.completed),
          tenants: tenantCount,
          inFlight,
          latencyMs: spread(done.latencies),
          errorCount: done.errorCount,
          errors: done.errors,
        },
      };
    },
  },
];
