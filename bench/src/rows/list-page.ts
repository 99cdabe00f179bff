import { isId } from '../../../server/src/kernel/index.ts';
import { runInside } from '../inside/process.ts';
import type { Seeded, SeedTask } from '../inside/seed-tasks.ts';
import { runJob } from '../load/process.ts';
import { percentile, type Row, spread } from '../row.ts';

const taskCount = 1_000_000;
const pages = 300;
const pageItems = 50;

export const listRows: readonly Row[] = [
  {
    row: 'list_page_p95_ms',
    unit: 'ms',
    budget: { atMost: 50 },
    about: 'a page of 50 tasks of a million, anywhere in the list, with and without a filter by state',
    async measure(bench) {
      const place = await bench.freshServer();
      const [tenant] = await bench.tenants(place, [{}]);
      if (tenant === undefined || !isId('tenant', tenant.id)) throw new Error('There is no tenant.');
      await runJob({ do: 'single', tenant, kind: 'read', count: 1, warmUp: 0, pauseMs: 0 });
      bench.say(`Writing ${taskCount.toLocaleString('en-US')} tasks, some minutes ...`);
      const task: SeedTask = { dataFolder: place.server.dataFolder, tenantId: tenant.id, count: taskCount, cursors: pages };
      // The program answers with nothing else.
      const { cursors, seconds } = (await runInside('seed-tasks', task)) as Seeded;
      const path = (cursor: string, state: string) => `/api/v1/tasks?limit=${pageItems}&cursor=${cursor}${state}`;
      await runJob({ do: 'fetch', tenant, paths: cursors.slice(0, 50).map((cursor) => path(cursor, '')) });
      const all = await runJob({ do: 'fetch', tenant, paths: cursors.map((cursor) => path(cursor, '')) });
      const failed = await runJob({ do: 'fetch', tenant, paths: cursors.map((cursor) => path(cursor, '&state=failed')) });
      const rare = await runJob({ do: 'fetch', tenant, paths: cursors.map((cursor) => path(cursor, '&state=waiting,failed')) });
      const tenth = Math.floor(cursors.length / 10);
      const errors = [...all.errors, ...failed.errors, ...rare.errors];
      return {
        value: errors.length > 0 ? Number.NaN : percentile([...all.latencies, ...failed.latencies, ...rare.latencies], 0.95),
        detail: {
          tasks: taskCount,
          newestTenthMs: spread(all.latencies.slice(0, tenth)),
          oldestTenthMs: spread(all.latencies.slice(-tenth)),
          byOneStateMs: spread(failed.latencies),
          byTwoStatesMs: spread(rare.latencies),
          seedSeconds: Math.round(seconds),
          errors,
        },
      };
    },
  },
];
