import type { Id } from '#kernel';
import type { RoleDatabase } from '#kernel/database';

/** Statements of watchers, by the role of the engine: all tenants at once, nothing that is sealed. Database time rules leases. */

/** A connection that a watcher has claimed. */
export interface Claimed {
  readonly tenantId: Id<'tenant'>;
  readonly connectionId: Id<'connection'>;
  readonly connector: string;
  readonly fence: number;
  readonly version: number;
  /** In how many milliseconds it is due, below zero for one that is late. */
  readonly dueInMs: number;
}

const columns = `c.tenant_id as "tenantId", c.connection_id as "connectionId", c.connector, c.fence, c.version,
  (extract(epoch from c.run_at - now()) * 1000)::float8 as "dueInMs"`;

/** Enters a watcher into the list of the living. */
export async function enlist(engine: RoleDatabase, watcherId: string): Promise<void> {
  await engine.pool.query('insert into app.watcher (watcher_id, beat_at, started_at) values ($1, now(), now())', [watcherId]);
}

/** Renews everything that the watcher holds at once. @returns false when others have taken it for dead: it holds nothing any more. */
export async function beat(engine: RoleDatabase, watcherId: string): Promise<boolean> {
  const done = await engine.pool.query({
    name: 'watcher-beat',
    text: 'update app.watcher set beat_at = now() where watcher_id = $1',
    values: [watcherId],
  });
  return done.rowCount === 1;
}

/** Takes silent watchers off the list and gives back what they held. The fence stays: whoever claims next gets a higher one. */
export async function reap(engine: RoleDatabase, leaseMs: number): Promise<void> {
  await engine.pool.query({
    name: 'watcher-reap',
    text: `with dead as (delete from app.watcher where beat_at < now() - make_interval(secs => $1::float8 / 1000) returning watcher_id),
        alive as (select watcher_id from app.watcher where watcher_id not in (select watcher_id from dead)),
        lost as (select tenant_id, connection_id from app.connection where owner is not null and owner not in (select watcher_id from alive)
          for no key update skip locked)
      update app.connection c set owner = null from lost l where c.tenant_id = l.tenant_id and c.connection_id = l.connection_id`,
    values: [leaseMs],
  });
}

/** Free for so long, and anybody takes it, whatever its share: others may not know its connector. */
const orphanMs = 30_000;

/**
 * Claims active connections of active tenants that nobody holds, those that have waited longest first. Never waits for another claimer.
 *
 * @param claim.isBeyondShare - only those that nobody else seems to want
 */
export async function claim(
  engine: RoleDatabase,
  watcherId: string,
  claim: { readonly kinds: readonly string[]; readonly limit: number; readonly isBeyondShare: boolean },
): Promise<Claimed[]> {
  const { rows } = await engine.pool.query<Claimed>({
    name: 'watcher-claim',
    text: `with free as (
        select c.tenant_id, c.connection_id from app.connection c
        where c.state = 'active' and c.owner is null and c.connector = any($2) and exists (select from app.watcher where watcher_id = $1)
          and exists (select from app.tenant t where t.tenant_id = c.tenant_id and t.state = 'active')
          and (not $4::boolean or c.run_at < now() - interval '${orphanMs} milliseconds')
        order by c.run_at limit $3 for no key update skip locked)
      update app.connection c set owner = $1, fence = c.fence + 1, wake = false from free f
      where c.tenant_id = f.tenant_id and c.connection_id = f.connection_id returning ${columns}`,
    values: [watcherId, claim.kinds, claim.limit, claim.isBeyondShare],
  });
  return rows;
}

/** What was rung of the watcher's, which is answered by this. */
export async function answerRings(engine: RoleDatabase, watcherId: string): Promise<(Claimed & { readonly isActive: boolean })[]> {
  const { rows } = await engine.pool.query<Claimed & { isActive: boolean }>({
    name: 'watcher-rings',
    text: `update app.connection c set wake = false where c.owner = $1 and c.wake returning ${columns}, c.state = 'active' as "isActive"`,
    values: [watcherId],
  });
  return rows;
}

/** What the watcher holds as the database sees it, without what is paused or broken or of a tenant that is not at work. */
export async function selectOwned(engine: RoleDatabase, watcherId: string): Promise<Claimed[]> {
  const { rows } = await engine.pool.query<Claimed>({
    name: 'watcher-owned',
    text: `select ${columns} from app.connection c join app.tenant t on t.tenant_id = c.tenant_id
      where c.owner = $1 and c.state = 'active' and t.state = 'active'`,
    values: [watcherId],
  });
  return rows;
}

/** How many connections there are by state, and how many watchers look after them. */
export async function countAll(engine: RoleDatabase): Promise<{ watchers: number; states: ReadonlyMap<string, number> }> {
  const { rows } = await engine.pool.query<{ state: string; count: number; watchers: number }>({
    name: 'watcher-count',
    text: `select state, count(*)::int as count, (select count(*)::int from app.watcher) as watchers from app.connection group by state`,
  });
  return { watchers: rows[0]?.watchers ?? 1, states: new Map(rows.map(({ state, count }) => [state, count])) };
}

/** Gives connections back, those that are still held under these fences. */
export async function release(
  engine: RoleDatabase,
  watcherId: string,
  held: readonly Pick<Claimed, 'tenantId' | 'connectionId' | 'fence'>[],
): Promise<void> {
  if (held.length === 0) return;
  await engine.pool.query({
    name: 'watcher-release',
    text: `update app.connection c set owner = null from unnest($2::text[], $3::text[], $4::bigint[]) as h(tenant_id, connection_id, fence)
      where c.tenant_id = h.tenant_id and c.connection_id = h.connection_id and c.fence = h.fence and c.owner = $1`,
    values: [watcherId, held.map((one) => one.tenantId), held.map((one) => one.connectionId), held.map((one) => one.fence)],
  });
}

/** Gives back whatever the watcher still holds and takes it off the list. */
export async function resign(engine: RoleDatabase, watcherId: string): Promise<void> {
  await engine.pool.query(
    'with gone as (delete from app.watcher where watcher_id = $1) update app.connection set owner = null where owner = $1',
    [watcherId],
  );
}
