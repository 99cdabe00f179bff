import { isId } from '../../../server/src/kernel/index.ts';
import type { Bench, Place } from '../bench.ts';
import { runInside } from '../inside/process.ts';
import type { Seeded, SeedTask } from '../inside/seed-tasks.ts';
import { runJob } from '../load/process.ts';
import { type Measured, percentile, type Row, spread } from '../row.ts';
import type { Tenant } from '../tenant.ts';

const pages = 300;
const pageItems = 50;
/** How often each question is asked, at as many places of the list. */
const timesAsked = 40;

/** A tenant with a million tasks (`--tasks` makes fewer), made once for all rows that want one. */
export const millionOf = (bench: Bench) =>
  bench.once('a million tasks', async (): Promise<Seeded & { place: Place; tenant: Tenant }> => {
    const place = await bench.freshServer();
    const [tenant] = await bench.tenants(place, [{}]);
    if (tenant === undefined || !isId('tenant', tenant.id)) throw new Error('There is no tenant.');
    await runJob({ do: 'single', tenant, kind: 'read', count: 1, warmUp: 0, pauseMs: 0 });
    bench.say(`Writing ${bench.tasks.toLocaleString('en-US')} tasks, some minutes ...`);
    const task: SeedTask = { dataFolder: place.server.dataFolder, tenantId: tenant.id, count: bench.tasks, cursors: pages };
    // The program answers with nothing else.
    return { ...((await runInside('seed-tasks', task)) as Seeded), place, tenant };
  });

/** Asks each question at places all over the list, the first page among them. */
async function askAll(bench: Bench, questions: Readonly<Record<string, string>>): Promise<Measured> {
  const { tenant, cursors, seconds } = await millionOf(bench);
  const places = [
    '',
    ...cursors.filter((_, at) => at % Math.ceil(cursors.length / (timesAsked - 1)) === 0).map((cursor) => `&cursor=${cursor}`),
  ];
  const detail: Record<string, unknown> = { tasks: bench.tasks, seedSeconds: Math.round(seconds) };
  const latencies: number[] = [];
  const errors: string[] = [];
  for (const [name, question] of Object.entries(questions)) {
    const paths = places.map((place) => `/api/v1/tasks?limit=${pageItems}&${question}${place}`);
    await runJob({ do: 'fetch', tenant, paths: paths.slice(0, 5) });
    const found = await runJob({ do: 'fetch', tenant, paths });
    latencies.push(...found.latencies);
    errors.push(...found.errors);
    detail[`${name}Ms`] = spread(found.latencies);
  }
  return { value: errors.length > 0 ? Number.NaN : percentile(latencies, 0.95), detail: { ...detail, errors } };
}

export const listRows: readonly Row[] = [
  {
    row: 'list_page_p95_ms',
    unit: 'ms',
    budget: { atMost: 50 },
    about: 'a page of 50 tasks of a million, anywhere in the list, with and without a filter by state',
    async measure(bench) {
      const { tenant, cursors, seconds } = await millionOf(bench);
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
          tasks: bench.tasks,
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
  {
    row: 'task_list_p95_ms',
    unit: 'ms',
    budget: { atMost: 100 },
    about: 'a page of 50 tasks of a million by source, playbook, risk, time and mixtures of them, rare, usual and never true',
    measure: (bench) =>
      askAll(bench, {
        rarePlaybook: 'playbook=Playbooks/Rare.md',
        usualPlaybook: 'playbook=Playbooks/Usual%201.md',
        highRisk: 'risk=high',
        lowRisk: 'risk=low',
        source: 'source=shop',
        sourceAndState: 'source=shop&state=failed',
        playbookRiskAndState: 'playbook=Playbooks/Usual%200.md&risk=medium&state=failed',
        neverTrue: 'playbook=Playbooks/Usual%201.md&state=failed&risk=low&source=mail',
      }),
  },
  {
    row: 'task_search_p95_ms',
    unit: 'ms',
    budget: { atMost: 100 },
    about: 'a page of 50 tasks of a million by words: on every task, on a thousandth, on one, on old ones alone, and with other filters',
    measure: (bench) =>
      askAll(bench, {
        onEach: 'q=order',
        onThousandth: 'q=customer77',
        onOne: 'q=order%20500000',
        onOldOnes: 'q=archived',
        onOldOnesFailed: 'q=archived&state=failed',
        usualAndRare: 'q=order%20customer5&risk=medium',
        onNone: 'q=zebra',
        neverTogether: 'q=order%20archived&risk=low&from=2020-01-01T00:00:00Z&state=failed&playbook=Playbooks/Usual%201.md',
      }),
  },
];
