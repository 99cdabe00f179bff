import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

/** An event that a preview looks at; its body is there only if the playbook is about such events. */
export interface PastEvent {
  readonly eventId: Id<'event'>;
  readonly taskId: Id<'task'> | null;
  readonly source: string;
  readonly kind: string;
  readonly receivedAt: Date;
  readonly body: Buffer | null;
}

/** Events before one, newest first. Of those from elsewhere only the row is read. */
export async function selectPastEvents(
  tx: Tx,
  query: { tenantId: Id<'tenant'>; source: string; kind: string | undefined; before: string | null; limit: number },
): Promise<PastEvent[]> {
  const { tenantId, source, kind, before, limit } = query;
  const isMeant = sql`source = ${source} ${kind === undefined ? sql`` : sql`and kind = ${kind}`}`;
  const found = await sql<PastEvent>`
    select event_id, task_id, source, kind, received_at, case when ${isMeant} then body end as body from app.event
    where tenant_id = ${tenantId} and conflict_of is null ${before === null ? sql`` : sql`and event_id < ${before}`}
    order by event_id desc limit ${limit}`.execute(tx);
  return found.rows;
}

/** What became of events: their tasks' states, and the playbook that each was done by. */
export interface PastTask {
  readonly taskId: string;
  readonly state: string;
  readonly playbook: string | null;
}

export async function selectPastTasks(tx: Tx, tenantId: Id<'tenant'>, taskIds: readonly string[]): Promise<PastTask[]> {
  const found = await sql<PastTask>`select task_id, state, playbook from app.task
    where tenant_id = ${tenantId} and task_id = any(${[...taskIds]}::text[])`.execute(tx);
  return found.rows;
}

/** How often a playbook has made a plan. */
export interface Usage {
  readonly title: string;
  /** Since the beginning of the period; at most `usesMax`. */
  readonly uses: number;
  readonly lastAt: Date | null;
}

/** Counting stops here: more than this is "many". */
const usesMax = 10_000;

/** Of playbooks by their titles, which is what plans name them by. */
export async function selectUsage(tx: Tx, tenantId: Id<'tenant'>, titles: readonly string[], since: Date): Promise<Usage[]> {
  const found = await sql<Usage>`
    select t.title, u.uses, l.created_at as last_at from unnest(${[...titles]}::text[]) as t(title)
    cross join lateral (
      select count(*)::int as uses from (
        select 1 from app.plan where tenant_id = ${tenantId} and playbook = t.title and created_at >= ${since} limit ${usesMax}
      ) counted
    ) u
    left join lateral (
      select created_at from app.plan where tenant_id = ${tenantId} and playbook = t.title order by created_at desc limit 1
    ) l on true`.execute(tx);
  return found.rows;
}
