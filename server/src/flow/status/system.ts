import type { Database, RoleDatabase } from '#kernel/database';
import type { ProcessFigures } from './figures.ts';
import { lineOf, type ProcessAbout, queuesText, recentText } from './samples.ts';

/** One process as those who operate the installation see it. A line is of the last hour, a point each half a minute, newest last. */
export interface ProcessStatus extends ProcessAbout {
  readonly id: string;
  readonly seenAt: Date;
  /** Whether it has been heard of within the last half a minute. */
  readonly isAlive: boolean;
  readonly now: ProcessFigures;
  readonly lines: Readonly<Record<'cpu' | 'residentBytes' | 'loopDelayMs' | 'requests' | 'p95Ms' | 'tasksPerMinute', (number | null)[]>>;
}

export interface TenantQueue {
  readonly tenantId: string;
  readonly name: string;
  readonly title: string | null;
  readonly due: number;
  readonly running: number;
  readonly oldestAt: Date | null;
}

/** How the installation is doing. */
export interface SystemStatus {
  readonly at: Date;
  readonly processes: readonly ProcessStatus[];
  readonly queue: {
    readonly due: number;
    readonly running: number;
    readonly oldestAt: Date | null;
    readonly line: readonly (number | null)[];
    /** Those with the most to do, at most ten. */
    readonly tenants: readonly TenantQueue[];
  };
  readonly audit: { readonly pending: number; readonly lagMs: number };
  readonly connections: Readonly<Record<string, number>>;
  readonly lastBackupAt: Date | null;
}

const tenantsMax = 10;
/** Two samples and a half. */
const aliveMs = 25_000;

interface SampleRow {
  readonly process_id: string;
  readonly at: Date;
  readonly about: ProcessAbout;
  readonly figures: ProcessFigures;
}
interface PointRow {
  readonly process_id: string;
  readonly point: Date;
  readonly cpu: number;
  readonly resident_bytes: number;
  readonly loop_delay_ms: number;
  readonly requests: number;
  readonly p95_ms: number | null;
  readonly tasks_per_minute: number;
}
interface QueueRow {
  readonly tenant_id: string;
  readonly name: string;
  readonly title: string | null;
  readonly due: number;
  readonly running: number;
  readonly oldest_at: Date | null;
}

/** @throws FactotumError `database.unavailable`. */
export async function readSystem({ engine, sequencer }: Pick<Database, 'engine' | 'sequencer'>): Promise<SystemStatus> {
  const [{ now: at } = { now: new Date() }] = await ask<{ now: Date }>(engine, 'select now()');
  const [processes, queue, audit, connections, [backup]] = await Promise.all([
    readProcesses(engine, at),
    readQueue(engine, at),
    readAuditLag(sequencer, null),
    ask<{ state: string; count: number }>(engine, 'select state, count(*)::int as count from app.connection group by state'),
    ask<{ at: Date | null }>(engine, `select max(created_at) as at from app.backup where state = 'done'`),
  ]);
  return {
    ...{ at, processes, queue, audit },
    connections: Object.fromEntries(connections.map(({ state, count }) => [state, count])),
    lastBackupAt: backup?.at ?? null,
  };
}

async function readProcesses(engine: RoleDatabase, now: Date): Promise<ProcessStatus[]> {
  const newest = await ask<SampleRow>(
    engine,
    `select distinct on (process_id) process_id, at, about, figures from app.process_sample
      where ${recentText} order by process_id, at desc`,
  );
  const points = Map.groupBy(await ask<PointRow>(engine, pointsText), ({ process_id }) => process_id);
  return newest.map(({ process_id: id, at: seenAt, about, figures }) => {
    const line = (read: (row: PointRow) => number | null) =>
      lineOf(
        now,
        (points.get(id) ?? []).map((row) => ({ at: row.point, value: read(row) })),
      );
    return {
      ...about,
      ...{ id, seenAt, isAlive: now.getTime() - seenAt.getTime() < aliveMs, now: figures },
      lines: {
        cpu: line(({ cpu }) => cpu),
        residentBytes: line(({ resident_bytes }) => resident_bytes),
        loopDelayMs: line(({ loop_delay_ms }) => loop_delay_ms),
        requests: line(({ requests }) => requests),
        p95Ms: line(({ p95_ms }) => p95_ms),
        tasksPerMinute: line(({ tasks_per_minute }) => tasks_per_minute),
      },
    };
  });
}

/** Of the samples of one point the worst where that is what matters, and the mean of rates. */
const pointsText = `
  select process_id, date_bin('30 seconds', at, 'epoch') as point, max((figures->>'cpu')::float8) as cpu,
    max((figures->>'residentBytes')::float8) as resident_bytes, max((figures->>'loopDelayMs')::float8) as loop_delay_ms,
    avg((figures->>'requests')::float8) as requests, max((figures->>'p95Ms')::float8) as p95_ms,
    avg((figures->>'tasksPerMinute')::float8) as tasks_per_minute
  from app.process_sample where ${recentText} group by 1, 2`;

async function readQueue(engine: RoleDatabase, now: Date): Promise<SystemStatus['queue']> {
  const [all, tenants, points] = await Promise.all([
    ask<Pick<QueueRow, 'due' | 'running' | 'oldest_at'>>(
      engine,
      `select coalesce(sum(due), 0)::int as due, coalesce(sum(running), 0)::int as running, min(oldest_at) as oldest_at from (${queuesText}) q`,
    ),
    ask<QueueRow>(
      engine,
      `select q.*, t.name, t.title from (${queuesText}) q join app.tenant t using (tenant_id)
        order by q.due desc, q.running desc, q.tenant_id limit ${tenantsMax}`,
    ),
    ask<{ at: Date; value: number }>(engine, 'select at, sum(due)::int as value from app.queue_sample group by at'),
  ]);
  return {
    ...{ due: all[0]?.due ?? 0, running: all[0]?.running ?? 0, oldestAt: all[0]?.oldest_at ?? null, line: lineOf(now, points) },
    tenants: tenants.map(({ tenant_id: tenantId, name, title, due, running, oldest_at: oldestAt }) => ({
      ...{ tenantId, name, title, due, running, oldestAt },
    })),
  };
}

/** How much of the audit log waits for its number, of one tenant or (null) of all, and for how long the oldest has. */
export async function readAuditLag(sequencer: RoleDatabase, tenantId: string | null): Promise<{ pending: number; lagMs: number }> {
  // Counting stops where nobody would tell the difference.
  const [row] = await ask<{ pending: number; lag_ms: number | null }>(
    sequencer,
    `select count(*)::int as pending, (extract(epoch from now()) * 1000 - min((entries[1]::jsonb->>'time')::bigint))::float8 as lag_ms
      from (select entries from app.audit_pending where $1::text is null or tenant_id = $1 order by id limit 1000) waiting`,
    [tenantId],
  );
  return { pending: row?.pending ?? 0, lagMs: Math.max(0, Math.round(row?.lag_ms ?? 0)) };
}

async function ask<R extends object>(role: RoleDatabase, text: string, values: unknown[] = []): Promise<R[]> {
  return (await role.pool.query<R>(text, values)).rows;
}
