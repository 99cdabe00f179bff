import type { Id } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import type { ProcessFigures } from './figures.ts';

/** How long samples are kept, and the span of one point of a line, in milliseconds: 120 points. */
const keptMs = 3_600_000;
const pointMs = 30_000;

/**
 * Samples of the last hour. One from later was written before the clock was set back, and would say for hours that its process is alive;
 * a statement may see what was written while it began.
 */
export const recentText = `at > now() - interval '1 hour' and at < now() + interval '5 seconds'`;

/** What does not change about a process while it runs. */
export interface ProcessAbout {
  readonly host: string;
  readonly pid: number;
  readonly roles: readonly string[];
  readonly startedAt: string;
}

/** What is due and what is worked on, of each tenant that has any. Both are found by indexes that hold open work alone. */
export const queuesText = `
  select tenant_id, sum(due)::int as due, sum(running)::int as running, min(oldest_at) as oldest_at from (
    select tenant_id, count(*) as due, 0 as running, min(run_at) as oldest_at from app.task
      where owner is null and run_at is not null and run_at <= now() group by tenant_id
    union all
    select tenant_id, 0, count(*), null from app.task where owner is not null group by tenant_id
  ) queue group by tenant_id`;

export async function addProcessSample(
  engine: RoleDatabase,
  sample: { readonly processId: Id<'process'>; readonly about: ProcessAbout; readonly figures: ProcessFigures },
): Promise<void> {
  await engine.pool.query({
    name: 'status-process',
    text: 'insert into app.process_sample (process_id, at, about, figures) values ($1, clock_timestamp(), $2, $3)',
    values: [sample.processId, JSON.stringify(sample.about), JSON.stringify(sample.figures)],
  });
}

/** Whichever process comes first within a point writes it; the others find it there. */
export async function addQueueSamples(engine: RoleDatabase): Promise<void> {
  await engine.pool.query({
    name: 'status-queues',
    text: `insert into app.queue_sample (tenant_id, at, due, running)
      select tenant_id, date_bin('30 seconds', now(), 'epoch'), due, running from (${queuesText}) q on conflict do nothing`,
  });
}

export async function dropOldSamples(engine: RoleDatabase): Promise<void> {
  for (const table of ['process_sample', 'queue_sample'])
    await engine.pool.query(`delete from app.${table} where at < now() - interval '1 hour 1 minute' or at > now() + interval '1 minute'`);
}

/** A line of an hour from points that came at some of its times; null where there was none. Newest last. */
export function lineOf(now: Date, points: readonly { readonly at: Date; readonly value: number | null }[]): (number | null)[] {
  const length = keptMs / pointMs;
  const last = Math.floor(now.getTime() / pointMs);
  const line: (number | null)[] = Array.from({ length }, () => null);
  for (const { at, value } of points) {
    const place = length - 1 - (last - Math.floor(at.getTime() / pointMs));
    if (place >= 0 && place < length) line[place] = value;
  }
  return line;
}
