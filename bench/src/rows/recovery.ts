import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Bench } from '../bench.ts';
import { factotum } from '../command.ts';
import type { JobResult } from '../load/job.ts';
import { startJob } from '../load/process.ts';
import { benchSource, payload } from '../playbooks.ts';
import type { Measured, Row } from '../row.ts';
import { get, moved, post, type Tenant, unlimited, until } from '../tenant.ts';

const inFlight = 48;
const runMs = 3_000;
const settleMsMax = 60_000;
const stepsOfTask = 3;

export const recoveryRows: readonly Row[] = [
  {
    row: 'kill_recovery_s',
    unit: 's',
    budget: { atMost: 5 },
    about: 'kill -9 of the server with writing tasks in hand, started again at once: until the last of them is finished',
    measure: recover,
  },
];

async function recover(bench: Bench): Promise<Measured> {
  const first = await bench.freshServer();
  const tenants = await bench.tenants(first, [unlimited, unlimited]);
  const load = startJob({ do: 'until-broken', tenants, kind: 'write', inFlight });
  await sleep(runMs);
  const killedAtMs = Date.now();
  await first.server.kill();
  const second = await bench.restart(first);
  const { sent } = await load.result;
  const after = tenants.map((tenant) => moved(tenant, second));
  // What was on its way and got no answer is sent again, as a careful sender does; it must not become a second task.
  for (const lost of sent.filter(({ taskId }) => taskId === '')) await sendAgain(after, lost);
  for (const tenant of after)
    await until(
      () => listTasks(tenant, openStates),
      (left) => left.length === 0,
      settleMsMax,
    );

  const tasks = (await Promise.all(after.map((tenant) => listTasks(tenant, '')))).flat();
  const late = tasks.filter((task) => task.finishedAtMs > killedAtMs);
  const effects = await Promise.all(
    late.map(async (task) => (await entriesOf(after, task)).filter((kind) => kind === 'note.written').length),
  );
  const logs = await Promise.all(
    after.map(async ({ name }) => verify(await factotum(second.server.dataFolder, ['audit', 'verify', '--tenant', name]))),
  );
  const faults = [
    ...(tasks.length === sent.length ? [] : [`${sent.length} events became ${tasks.length} tasks`]),
    ...tasks.filter(({ outcome }) => outcome !== 'completed').map(({ id, state, outcome }) => `${id} is ${state} ${outcome}`),
    ...(effects.every((count) => count === stepsOfTask) ? [] : [`notes written by task: ${effects.join(' ')}`]),
    ...(logs.every(Boolean) ? [] : ['an audit log does not hold']),
    ...(late.length > 0 ? [] : ['no task was in hand when the server was killed']),
  ];
  const secondsTo = (ms: number) => Math.round((ms - killedAtMs) / 10) / 100;
  const times = late.map(({ finishedAtMs }) => finishedAtMs);
  return {
    value: faults.length > 0 ? Number.NaN : secondsTo(Math.max(...times)),
    detail: {
      firstFinishedS: secondsTo(Math.min(...times)),
      restartS: Math.round(second.server.startMs / 10) / 100,
      tasks: tasks.length,
      inHandOrSentAgain: late.length,
      faults: faults.slice(0, 10),
    },
  };
}

const openStates = 'received,planning,running,waiting';

interface Listed {
  readonly tenantId: string;
  readonly id: string;
  readonly state: string;
  readonly outcome: string | null;
  readonly finishedAtMs: number;
}

const pageSchema = z.object({
  items: z.array(z.object({ id: z.string(), state: z.string(), outcome: z.string().nullable(), finishedAt: z.string().nullable() })),
  nextCursor: z.string().nullable(),
});

async function listTasks(tenant: Tenant, states: string): Promise<Listed[]> {
  const found: Listed[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = new URLSearchParams({ limit: '200', ...(states === '' ? {} : { state: states }), ...(cursor === '' ? {} : { cursor }) });
    const page: z.infer<typeof pageSchema> = pageSchema.parse(await get(tenant, `/api/v1/tasks?${query}`));
    for (const { id, state, outcome, finishedAt } of page.items)
      found.push({ tenantId: tenant.id, id, state, outcome, finishedAtMs: finishedAt === null ? Number.NaN : Date.parse(finishedAt) });
    cursor = page.nextCursor;
  }
  return found;
}

async function sendAgain(tenants: readonly Tenant[], { tenantId, externalId }: JobResult['sent'][number]): Promise<void> {
  const tenant = tenants.find(({ id }) => id === tenantId);
  if (tenant !== undefined)
    await post(tenant, '/api/v1/events', { source: benchSource, kind: 'write', externalId, payload: payload(`Order ${externalId}`) });
}

const entriesSchema = z.object({ items: z.array(z.object({ kind: z.string() })) });

async function entriesOf(tenants: readonly Tenant[], { tenantId, id }: Listed): Promise<string[]> {
  const tenant = tenants.find((other) => other.id === tenantId);
  if (tenant === undefined) return [];
  const { items } = entriesSchema.parse(await get(tenant, `/api/v1/audit/entries?taskId=${id}&limit=100`));
  return items.map(({ kind }) => kind);
}

const verify = (report: unknown): boolean => z.object({ ok: z.boolean() }).parse(report).ok;
