import { z } from 'zod';
import { runJob, startJob } from '../load/process.ts';
import { percentile, type Row, spread } from '../row.ts';
import { get, type Tenant, unlimited } from '../tenant.ts';

const quietCount = 49;
const everyMs = 2_000;
const floodConnections = 16;

export const fairnessRows: readonly Row[] = [
  {
    row: 'quiet_tenant_p95_ratio',
    unit: 'x',
    budget: { atMost: 2 },
    about: '49 tenants with a task each 2 s: their p95 while a 50th sends as fast as it can, over their p95 without it',
    async measure(bench) {
      // One of its own: what the flood leaves behind is worked off long after.
      const place = await bench.freshServer();
      // The flooder has the limits that every tenant has.
      const [flooder, ...quiet] = await bench.tenants(place, [{}, ...Array.from({ length: quietCount }, () => unlimited)]);
      if (flooder === undefined) throw new Error('There is no tenant.');
      const pace = { do: 'pace', tenants: quiet, kind: 'read', everyMs, measureMs: bench.seconds * 1_000 } as const;
      // Once around first: code and contexts of all tenants are warm in both phases.
      await runJob({ ...pace, measureMs: everyMs });
      const alone = await runJob(pace);
      const flood = startJob({ do: 'flood', tenant: flooder, kind: 'read', connections: floodConnections });
      const beside = await runJob(pace);
      const byRows = (await Promise.all(quiet.map(spansOf))).flat().slice(-beside.latencies.length);
      flood.stop();
      const flooded = await flood.result;
      await place.server.stop();
      const errors = [...alone.errors, ...beside.errors, ...flooded.errors];
      return {
        value: errors.length > 0 ? Number.NaN : percentile(beside.latencies, 0.95) / percentile(alone.latencies, 0.95),
        detail: {
          quiet: quietCount,
          aloneMs: spread(alone.latencies),
          besideMs: spread(beside.latencies),
          // From row to row, without the way there and the news of it: tells the engine's part from that of the audit log and the feed.
          besideByRowsMs: spread(byRows),
          flood: {
            accepted: flooded.finished,
            refused: flooded.refused,
            perSecond: Math.round((flooded.finished + flooded.refused) / (flooded.elapsedMs / 1_000)),
          },
          errors,
        },
      };
    },
  },
];

const tasksSchema = z.object({ items: z.array(z.object({ createdAt: z.string(), finishedAt: z.string().nullable() })) });

/** How long a tenant's newest tasks took from their creation to their finish, by the times in their rows. */
async function spansOf(tenant: Tenant): Promise<number[]> {
  const { items } = tasksSchema.parse(await get(tenant, '/api/v1/tasks?state=done&limit=7'));
  return items.flatMap(({ createdAt, finishedAt }) => (finishedAt === null ? [] : [Date.parse(finishedAt) - Date.parse(createdAt)]));
}
