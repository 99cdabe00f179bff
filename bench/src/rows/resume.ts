import type { Bench } from '../bench.ts';
import { countCpu } from '../cpu.ts';
import { runJob } from '../load/process.ts';
import type { EventKind } from '../playbooks.ts';
import { type Measured, type Row, spread } from '../row.ts';
import { unlimited } from '../tenant.ts';

const tenantCount = 4;
const inFlight = 128;
const warmUpMs = 3_000;

export const resumeRows: readonly Row[] = [
  {
    row: 'resume_per_s',
    unit: 'tasks/s',
    budget: { atLeast: 200 },
    about: 'tasks that pause for an approval, are listed and approved over HTTP, resume and finish; whole rounds',
    measure: (bench) => rounds(bench, 'ask'),
  },
  {
    row: 'payments_per_s',
    unit: 'tasks/s',
    budget: null,
    about: 'the same where what was approved is a payment order, written and kept',
    measure: (bench) => rounds(bench, 'pay'),
  },
];

async function rounds(bench: Bench, kind: EventKind): Promise<Measured> {
  const place = await bench.server();
  const tenants = await bench.tenants(
    place,
    Array.from({ length: tenantCount }, () => unlimited),
  );
  const cpu = await countCpu(place.server);
  const done = await runJob({ do: 'sustain', tenants, kind, inFlight, warmUpMs, measureMs: bench.seconds * 1_000 });
  // Without a person in each round it is another figure.
  const isWhole = done.errorCount === 0 && done.decided >= done.completed;
  return {
    value: isWhole ? done.finished / (done.elapsedMs / 1_000) : Number.NaN,
    detail: {
      cpuMsPerTask: await cpu(done, done.completed),
      tenants: tenantCount,
      inFlight,
      decided: done.decided,
      latencyMs: spread(done.latencies),
      errorCount: done.errorCount,
      errors: done.errors,
    },
  };
}
