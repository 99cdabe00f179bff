import { countCpu, cpuMsOf } from '../cpu.ts';
import type { JobResult } from '../load/job.ts';
import { runJob, startJob } from '../load/process.ts';
import { percentile, type Row, spread } from '../row.ts';
import type { ServerProcess } from '../server-process.ts';
import { unlimited } from '../tenant.ts';

const quietCount = 10;
const everyMs = 500;

/**
 * What a server is besieged by, with how many connections. A thousand that trickle are what one attacker with a few addresses holds; 64 that
 * pour are more than fill the line of a server, if it reads them. Whoever is cut off comes again within a quarter of a second. The attackers
 * have no lower priority than the server and none of its cores to themselves: `besideCores` says how much of the machine was theirs.
 */
const sieges = [
  { how: 'idle', connections: 10_000 },
  { how: 'slowloris', connections: 1_000 },
  { how: 'oversized', connections: 64 },
] as const;

export const siegeRows: readonly Row[] = [
  {
    row: 'idle_connections_p95_ratio',
    unit: 'x',
    budget: { atMost: 2 },
    about:
      "ten tenants' p95 beside 10,000 idle connections, beside 1,000 that trickle, beside a flood of gigabyte bodies, over that without: the worst",
    async measure(bench) {
      const place = await bench.freshServer();
      const [besieger, ...quiet] = await bench.tenants(place, [{}, ...Array.from({ length: quietCount }, () => unlimited)]);
      if (besieger === undefined) throw new Error('There is no tenant.');
      const pace = { do: 'pace', tenants: quiet, kind: 'read', everyMs, measureMs: bench.seconds * 1_000 } as const;
      const paced = () => counted(place.server, () => runJob(pace));
      // Once before: code and contexts of all tenants are warm in every phase.
      await runJob({ ...pace, measureMs: 2_000 });
      const beside: Record<string, unknown> = {};
      const errors: string[] = [];
      const ratios: number[] = [];
      for (const { how, connections } of sieges) {
        // Before each and after it, since a machine that others use as well is not the same for a minute.
        const before = await paced();
        const siege = startJob({ do: 'siege', tenant: besieger, how, connections });
        await siege.ready;
        const attackerMs = await cpuMsOf(siege.pid);
        const besieged = await paced();
        const attacker = ((await cpuMsOf(siege.pid)) - attackerMs) / besieged.done.elapsedMs;
        siege.stop();
        const { finished: opened, completed: answered, elapsedMs } = await siege.result;
        const after = await paced();
        const alone = [...before.done.latencies, ...after.done.latencies];
        errors.push(...[before, besieged, after].flatMap(({ done }) => done.errors));
        ratios.push(percentile(besieged.done.latencies, 0.95) / percentile(alone, 0.95));
        beside[how] = {
          aloneMs: spread(alone),
          besideMs: spread(besieged.done.latencies),
          ratio: ratios.at(-1),
          aloneCores: before.cores,
          besideCores: { ...besieged.cores, attacker: Math.round(attacker * 100) / 100 },
          connections,
          opened,
          answered,
          seconds: Math.round(elapsedMs / 1_000),
        };
      }
      await place.server.stop();
      return {
        value: errors.length > 0 ? Number.NaN : Math.max(...ratios),
        detail: { quiet: quietCount, beside, errors },
      };
    },
  },
];

/** A job with the cores that each process had of the machine meanwhile. */
async function counted(server: ServerProcess, work: () => Promise<JobResult>) {
  const cpu = await countCpu(server);
  const done = await work();
  return { done, cores: await cpu(done, done.elapsedMs) };
}
