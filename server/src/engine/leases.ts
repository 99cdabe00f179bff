import type { RoleDatabase } from '#kernel/database';

/** Database time rules leases: one clock for all processes, whatever their own say. */

/** Enters a worker into the list of the living. */
export async function enlist(engine: RoleDatabase, workerId: string): Promise<void> {
  await engine.pool.query('insert into app.worker (worker_id, beat_at, started_at) values ($1, now(), now())', [workerId]);
}

/** Renews everything the worker owns at once. @returns false when others have taken it for dead: it owns nothing any more. */
export async function beat(engine: RoleDatabase, workerId: string): Promise<boolean> {
  const done = await engine.pool.query({
    name: 'lease-beat',
    text: 'update app.worker set beat_at = now() where worker_id = $1',
    values: [workerId],
  });
  return done.rowCount === 1;
}

/**
 * Takes silent workers off the list and gives their tasks back, also those of workers that are not on the list at all.
 * The fence stays: whoever claims next gets a higher one. A task that somebody has locked right now is left to the next round.
 * @returns how many tasks were given back.
 */
export async function reap(engine: RoleDatabase, leaseMs: number): Promise<number> {
  const done = await engine.pool.query<{ released: number }>({
    name: 'lease-reap',
    text: `with dead as (delete from app.worker where beat_at < now() - make_interval(secs => $1::float8 / 1000) returning worker_id),
        alive as (select worker_id from app.worker where worker_id not in (select worker_id from dead)),
        lost as (select tenant_id, task_id from app.task where owner is not null and owner not in (select worker_id from alive) for no key update skip locked),
        freed as (update app.task t set owner = null from lost l where t.tenant_id = l.tenant_id and t.task_id = l.task_id returning 1)
      select count(*)::int as released from freed`,
    values: [leaseMs],
  });
  return done.rows[0]?.released ?? 0;
}

/** Gives back whatever the worker still holds and takes it off the list. */
export async function resign(engine: RoleDatabase, workerId: string): Promise<void> {
  await engine.pool.query('with gone as (delete from app.worker where worker_id = $1) update app.task set owner = null where owner = $1', [
    workerId,
  ]);
}
