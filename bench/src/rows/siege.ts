import { runJob, startJob } from '../load/process.ts';
import { percentile, type Row, spread } from '../row.ts';
import { unlimited } from '../tenant.ts';

const quietCount = 10;
const everyMs = 500;

/** What a server is besieged by, with how many connections. */
const sieges = [
  { how: 'idle', connections: 10_000 },
  { how: 'slowloris', connections: 1_000 },
  { how: 'oversized', connections: 16 },
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
      // Once before: code and contexts of all tenants are warm in every phase.
      await runJob({ ...pace, measureMs: 2_000 });
      const beside: Record<string, unknown> = {};
      const errors: string[] = [];
      const ratios: number[] = [];
      for (const { how, connections } of sieges) {
        // Before each, since a machine that others use as well is not the same for a minute.
        const alone = await runJob(pace);
        const siege = startJob({ do: 'siege', tenant: besieger, how, connections });
        await siege.ready;
        const { latencies, errors: failed } = await runJob(pace);
        siege.stop();
        const { finished: opened, completed: answered, elapsedMs } = await siege.result;
        errors.push(...alone.errors, ...failed);
        ratios.push(percentile(latencies, 0.95) / percentile(alone.latencies, 0.95));
        beside[how] = {
          aloneMs: spread(alone.latencies),
          besideMs: spread(latencies),
          ratio: ratios.at(-1),
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
