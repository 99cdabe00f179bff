import type { Bench } from '../bench.ts';
import { countCpu } from '../cpu.ts';
import { runJob } from '../load/process.ts';
import type { EventKind } from '../playbooks.ts';
import { type Measured, type Row, spread } from '../row.ts';
import { unlimited } from '../tenant.ts';

const tenantCount = 10;
/** Tasks under way at once: enough that no part waits for another, few enough that none waits long. */
const inFlight = 320;
const warmUpMs = 5_000;

/** Events in, tasks finished, all over HTTP and heard of by the live feed. */
export const throughputRows: readonly Row[] = [
  {
    row: 'tasks_per_s',
    unit: 'tasks/s',
    budget: { atLeast: 400 },
    about: 'tasks of three recorded steps from event to finish, sustained',
    measure: (bench) => sustained(bench, 'read'),
  },
  {
    row: 'tasks_writing_per_s',
    unit: 'tasks/s',
    budget: null,
    about: 'the same with three steps that each write a note',
    measure: (bench) => sustained(bench, 'write'),
  },
];

async function sustained(bench: Bench, kind: EventKind): Promise<Measured> {
  const place = await bench.server();
  const tenants = await bench.tenants(
    place,
    Array.from({ length: tenantCount }, () => unlimited),
  );
  const cpu = await countCpu(place.server);
  const done = await runJob({ do: 'sustain', tenants, kind, inFlight, warmUpMs, measureMs: bench.seconds * 1_000 });
  return {
    // An error anywhere and there is no figure.
    value: done.errorCount > 0 ? Number.NaN : done.finished / (done.elapsedMs / 1_000),
    detail: {
      cpuMsPerTask: await cpu(done, done.completed),
      tenants: tenantCount,
      inFlight,
      seconds: bench.seconds,
      latencyMs: spread(done.latencies),
      errorCount: done.errorCount,
      errors: done.errors,
    },
  };
}
