import { isId } from '../../../server/src/kernel/index.ts';
import { runInside } from '../inside/process.ts';
import type { SeededFigures, SeedFigures } from '../inside/seed-figures.ts';
import { runJob } from '../load/process.ts';
import { percentile, type Row, spread } from '../row.ts';

/** A year of a million, and another before it: what is shown is compared with as many days before. */
const days = 2 * 365;
const tasksPerDay = Math.ceil(1_000_000 / 365);
const times = 40;
const dayMs = 86_400_000;
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

export const analyticsRows: readonly Row[] = [
  {
    row: 'analytics_p95_ms',
    unit: 'ms',
    budget: { atMost: 300 },
    about: 'the figures of a year of a million tasks by month, with those of the year before',
    async measure(bench) {
      const place = await bench.server();
      const [tenant] = await bench.tenants(place, [{}]);
      if (tenant === undefined || !isId('tenant', tenant.id)) throw new Error('There is no tenant.');
      const now = Date.now();
      const path = (count: number, bucket: string) =>
        `/api/v1/analytics?from=${dayOf(now - (count - 1) * dayMs)}&to=${dayOf(now)}&bucket=${bucket}`;
      // What the log has so far is counted by asking; what is put in beside it stays.
      await runJob({ do: 'fetch', tenant, paths: [path(365, 'month')] });
      const task: SeedFigures = { dataFolder: place.server.dataFolder, tenantId: tenant.id, lastDay: dayOf(now), days, tasksPerDay };
      // The program answers with nothing else.
      const { seconds } = (await runInside('seed-figures', task)) as SeededFigures;
      const ask = async (of: string) => {
        await runJob({ do: 'fetch', tenant, paths: Array.from({ length: 5 }, () => of) });
        return runJob({ do: 'fetch', tenant, paths: Array.from({ length: times }, () => of) });
      };
      const [year, quarter, byDay] = [await ask(path(365, 'month')), await ask(path(90, 'week')), await ask(path(365, 'day'))];
      const errors = [...year.errors, ...quarter.errors, ...byDay.errors];
      return {
        value: errors.length > 0 ? Number.NaN : percentile(year.latencies, 0.95),
        detail: {
          tasksPerYear: tasksPerDay * 365,
          yearByMonthMs: spread(year.latencies),
          quarterByWeekMs: spread(quarter.latencies),
          yearByDayMs: spread(byDay.latencies),
          seedSeconds: Math.round(seconds),
          errors,
        },
      };
    },
  },
];
