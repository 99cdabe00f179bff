import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Database, Tx } from '#kernel/database';
import { lineOf } from './samples.ts';
import { readAuditLag } from './system.ts';

/** How a tenant's work is doing. A line is of the last hour, a point each half a minute, newest last. */
export interface TenantStatus {
  readonly at: Date;
  readonly tasks: {
    /** Waiting for a worker. */
    readonly due: number;
    readonly running: number;
    /** When the oldest of those that are due was. */
    readonly oldestAt: Date | null;
    /** Waiting for people or for quota, by why. */
    readonly waiting: Readonly<Record<'approval' | 'question' | 'unknown' | 'quota', number>>;
    readonly line: readonly number[];
    /** Of the last hour. */
    readonly received: number;
    readonly ended: number;
    readonly failed: number;
  };
  readonly planning: {
    /** Plans of tasks of the last hour: by a model, and in all. */
    readonly byModel: number;
    readonly plans: number;
    readonly lastModelAt: Date | null;
    /** Tasks of the last hour that a fault of the model holds up or has ended. */
    readonly modelFaults: number;
  };
  readonly audit: { readonly pending: number; readonly lagMs: number };
}

interface Counts {
  readonly now: Date;
  readonly due: number;
  readonly running: number;
  readonly oldestAt: Date | null;
}

/** @throws FactotumError `database.unavailable`. */
export async function readTenantStatus(tx: Tx, { sequencer }: Pick<Database, 'sequencer'>, tenantId: Id<'tenant'>): Promise<TenantStatus> {
  const audit = readAuditLag(sequencer, tenantId);
  // Nobody waits for it while the statements below are under way.
  audit.catch(() => undefined);
  const [counts] = (
    await sql<Counts>`select now() as now, (select count(*)::int from app.task where tenant_id = ${tenantId} and owner is not null) as running, due.*
    from (select count(*)::int as due, min(run_at) as oldest_at from app.task
      where tenant_id = ${tenantId} and owner is null and run_at is not null and run_at <= now()) due`.execute(tx)
  ).rows;
  if (counts === undefined) throw new RangeError('a select without a source has one row');
  // Ids of one kind sort by the time they were made, so the last hour is a range of the primary key.
  const since = `tsk_${(counts.now.getTime() - 3_600_000).toString(16).padStart(11, '0')}`;
  const waiting = (
    await sql<{ reason: string; count: number }>`select wait_reason as reason, count(*)::int as count from app.task
    where tenant_id = ${tenantId} and state = 'waiting' and wait_reason is not null group by 1`.execute(tx)
  ).rows;
  const [hour] = (
    await sql<{ received: number; ended: number; failed: number; faults: number }>`select count(*)::int as received,
      count(*) filter (where finished_at is not null)::int as ended, count(*) filter (where state = 'failed')::int as failed,
      count(*) filter (where error_code like 'model.%')::int as faults
    from app.task where tenant_id = ${tenantId} and task_id >= ${since}`.execute(tx)
  ).rows;
  const [plans] = (
    await sql<{ plans: number; byModel: number; last: Date | null }>`select count(*)::int as plans,
      count(*) filter (where model is not null)::int as by_model, max(created_at) filter (where model is not null) as last
    from app.plan where tenant_id = ${tenantId} and task_id >= ${since}`.execute(tx)
  ).rows;
  const points = (
    await sql<{ at: Date; value: number }>`select at, due + running as value from app.queue_sample
    where tenant_id = ${tenantId}`.execute(tx)
  ).rows;
  const count = (reason: string) => waiting.find((row) => row.reason === reason)?.count ?? 0;
  return {
    at: counts.now,
    tasks: {
      ...{ due: counts.due, running: counts.running, oldestAt: counts.oldestAt },
      waiting: { approval: count('approval'), question: count('question'), unknown: count('unknown'), quota: count('quota') },
      // A tenant without a sample had nothing to do.
      line: lineOf(counts.now, points).map((value) => value ?? 0),
      ...{ received: hour?.received ?? 0, ended: hour?.ended ?? 0, failed: hour?.failed ?? 0 },
    },
    planning: {
      ...{ byModel: plans?.byModel ?? 0, plans: plans?.plans ?? 0, lastModelAt: plans?.last ?? null, modelFaults: hour?.faults ?? 0 },
    },
    audit: await audit,
  };
}
