import { z } from 'zod';
import { type Alarm, alarmKinds, listAlarms } from '#flow/notice';
import { type ProcessStatus, readSystem, type SystemStatus } from '#flow/status';
import type { HttpDeps } from '../deps.ts';
import type { Routes } from '../route.ts';
import { list, named, time } from '../schema.ts';

const count = z.int();
const line = list(z.number().nullable());
const figuresSchema = z.object({
  cpu: z.number().meta({ description: 'Share of one processor core.' }),
  residentBytes: count,
  heapBytes: count,
  loopDelayMs: z.number().meta({ description: 'How late the event loop was, at the 99th percentile.' }),
  requests: z.number().meta({ description: 'A second.' }),
  faults: z.number().meta({ description: 'Answers of 500 and above, a second.' }),
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  tasksRunning: count,
  tasksPerMinute: z.number(),
  auditEntries: z.number().meta({ description: 'Numbered a second.' }),
  poolBusy: count,
  poolMax: count,
  poolWaiting: count,
});
const systemSchema = named(
  z.object({
    at: time,
    processes: list(
      z.object({
        id: z.string(),
        host: z.string(),
        pid: count,
        roles: list(z.string()),
        startedAt: time,
        seenAt: time,
        isAlive: z.boolean().meta({ description: 'Heard of within the last half a minute.' }),
        now: figuresSchema,
        lines: z
          .object({ cpu: line, residentBytes: line, loopDelayMs: line, requests: line, p95Ms: line, tasksPerMinute: line })
          .meta({ description: 'The last hour, a point each half a minute, newest last; null where nothing was said.' }),
      }),
    ),
    queue: z.object({
      due: count,
      running: count,
      oldestAt: time.nullable(),
      line,
      tenants: list(
        z.object({ id: z.string(), name: z.string(), title: z.string(), due: count, running: count, oldestAt: time.nullable() }),
      ).meta({ description: 'Those with the most to do, at most ten.' }),
    }),
    audit: z.object({ pending: count, lagMs: count }),
    connections: z.record(z.string(), count).meta({ description: 'How many there are, by state.' }),
    lastBackupAt: time.nullable(),
    alarms: list(z.object({ kind: z.enum(alarmKinds), raisedAt: time })).meta({
      description: 'What whoever runs the installation has been mailed about and is not over, newest first.',
    }),
  }),
  { id: 'System', description: 'How the installation is doing, process by process. Figures only.' },
);

/** How the installation is doing, for those who operate it. */
export function addSystemRoutes(routes: Routes, { database }: Pick<HttpDeps, 'database'>): void {
  routes.addOperator(
    {
      method: 'get',
      path: '/api/v1/operator/system',
      summary: 'How every process and the queues are doing, now and over the last hour',
      tag: 'operator',
      answers: { 200: systemSchema },
    },
    async () => ({ status: 200, body: present(await readSystem(database), await listAlarms(database.engine)) }),
  );
}

const present = ({ at, processes, queue, lastBackupAt, ...rest }: SystemStatus, alarms: readonly Alarm[]) => ({
  ...rest,
  at: at.toISOString(),
  processes: processes.map(presentProcess),
  queue: {
    ...queue,
    oldestAt: queue.oldestAt?.toISOString() ?? null,
    tenants: queue.tenants.map(({ tenantId, title, oldestAt, ...tenant }) => ({
      ...tenant,
      id: tenantId,
      title: title ?? tenant.name,
      oldestAt: oldestAt?.toISOString() ?? null,
    })),
  },
  lastBackupAt: lastBackupAt?.toISOString() ?? null,
  alarms: alarms.map(({ kind, raisedAt }) => ({ kind, raisedAt: raisedAt.toISOString() })),
});

const presentProcess = ({ seenAt, ...process }: ProcessStatus) => ({ ...process, seenAt: seenAt.toISOString() });
