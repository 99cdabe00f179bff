/** Tasks as they lie in the tables, for tests of what claims and commits them. */
import { sql } from 'kysely';
import { type Id, newId } from '#kernel';
import { type Database, withTenant } from '#kernel/database';

/** A task's row, as far as the tests look at it. */
interface Seen {
  readonly taskId: Id<'task'>;
  readonly state: string;
  readonly owner: string | null;
  readonly epoch: number;
  readonly retries: number;
  readonly errorCode: string | null;
  readonly runAt: Date | null;
  readonly signals: number;
}

/** Puts tenants and tasks into the tables of `database`, without any of what the product does on the way. */
export function taskRows(database: Database) {
  async function buildTenant(maxRunning = 20): Promise<Id<'tenant'>> {
    const tenantId = newId('tenant');
    await withTenant(database.app.db, tenantId, async (tx) => {
      await sql`insert into tenant (tenant_id, name) values (${tenantId}, ${tenantId})`.execute(tx);
      await sql`insert into tenant_queue (tenant_id, max_running) values (${tenantId}, ${maxRunning})`.execute(tx);
    });
    return tenantId;
  }

  /** Tasks that are due, the first of them longest. @returns their ids in that order. */
  async function buildTasks(tenantId: Id<'tenant'>, count: number): Promise<Id<'task'>[]> {
    const tasks = Array.from({ length: count }, () => ({ task: newId('task'), event: newId('event') }));
    await withTenant(database.app.db, tenantId, async (tx) => {
      const [taskIds, eventIds] = [tasks.map(({ task }) => task), tasks.map(({ event }) => event)];
      await sql`insert into event (tenant_id, event_id, source, kind, channel, external_mac, payload_mac, size_bytes, received_at, body)
        select ${tenantId}, n.id, 'test', 'test', 'http', n.id::bytea, n.id::bytea, 0, now(), '' from unnest(${eventIds}::text[]) as n(id)`.execute(
        tx,
      );
      await sql`insert into task (tenant_id, task_id, event_id, source, kind, state, run_at, created_at, updated_at)
        select ${tenantId}, n.task, n.event, 'test', 'test', 'received', now() - interval '1 hour' + n.place * interval '1 ms', now(), now()
        from unnest(${taskIds}::text[], ${eventIds}::text[]) with ordinality as n(task, event, place)`.execute(tx);
    });
    return tasks.map(({ task }) => task);
  }

  const look = (tenantId: Id<'tenant'>): Promise<Seen[]> =>
    withTenant(database.app.db, tenantId, (tx) =>
      sql<Seen>`select task_id, state, owner, epoch, retries, error_code, run_at, signals from task where tenant_id = ${tenantId} order by task_id`
        .execute(tx)
        .then(({ rows }) => rows),
    );

  const ring = (tenantId: Id<'tenant'>, taskId: string) =>
    withTenant(database.app.db, tenantId, async (tx) => {
      await sql`select 1 from task where tenant_id = ${tenantId} and task_id = ${taskId} for no key update`.execute(tx);
      // A minute ago: the database counts microseconds, and whoever claims next may count only to the millisecond.
      await sql`update task set signals = signals + 1, run_at = now() - interval '1 minute' where tenant_id = ${tenantId} and task_id = ${taskId}`.execute(
        tx,
      );
    });

  return { buildTenant, buildTasks, look, ring };
}
