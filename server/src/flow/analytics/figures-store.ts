import { type RawBuilder, sql } from 'kysely';
import type { Id } from '#kernel';
import type { RoleDatabase, Tx } from '#kernel/database';
import { type Measure, measures } from './parts.ts';
import type { BucketSize, Days } from './period.ts';

/** How figures are put together: each day apart, or by whatever else is counted. */
export interface Sum {
  readonly key: string;
  readonly measure: Measure;
  readonly a: string;
  readonly b: string;
  readonly c: string;
  readonly n: number;
  readonly amount: number;
}

/** What is kept apart besides the measure. */
type Kept = 'a' | 'b' | 'c';

interface SumQuery {
  readonly days: Days;
  readonly measures: readonly Measure[];
  readonly keep: readonly Kept[];
  /** By stretches of days; null: the whole period in one. */
  readonly size: BucketSize | null;
}

const keyOf = (size: BucketSize | null): RawBuilder<string> =>
  size === null ? sql`''` : size === 'day' ? sql`day::text` : sql`date_trunc(${sql.lit(size)}, day::timestamp)::date::text`;

/** Sums by stretch, measure and what is kept. The key of a stretch is the day it begins with. */
export async function selectSums(tx: Tx, tenantId: Id<'tenant'>, { days, measures, keep, size }: SumQuery): Promise<Sum[]> {
  const kept = (name: Kept) => (keep.includes(name) ? sql.ref(name) : sql`''`);
  const { rows } = await sql<Sum>`
    select ${keyOf(size)} as key, measure, ${kept('a')} as a, ${kept('b')} as b, ${kept('c')} as c, sum(n)::bigint as n, sum(amount)::bigint as amount
    from app.figure_day where tenant_id = ${tenantId} and measure = any(${[...measures]}::text[]) and day between ${days.from} and ${days.to}
    group by 1, 2, 3, 4, 5`.execute(tx);
  return rows;
}

/** Spans in milliseconds, by nearest rank: the least span that at least so large a part of all does not exceed. */
export interface Spread {
  readonly key: string;
  readonly n: number;
  readonly p50: number;
  readonly p95: number;
}

/** The spread of spans, by stretch or by what `a` tells apart. */
export async function selectSpreads(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { days, measure, by }: { days: Days; measure: 'duration' | 'wait' | 'wait_of'; by: BucketSize | 'a' | null },
): Promise<Spread[]> {
  const key = by === 'a' ? sql`a` : keyOf(by);
  const { rows } = await sql<Spread>`
    with bins as (
      select ${key} as key, bin, sum(n)::bigint as n from app.figure_day
      where tenant_id = ${tenantId} and measure = ${measure} and day between ${days.from} and ${days.to} group by 1, 2
    ), ranked as (
      select key, bin, sum(n) over (partition by key order by bin) as upto, sum(n) over (partition by key) as total from bins
    )
    select key, max(total)::bigint as n, min(bin) filter (where upto * 100 >= total * 50) as p50, min(bin) filter (where upto * 100 >= total * 95) as p95
    from ranked group by key`.execute(tx);
  return rows;
}

/** The first day that anything was counted on; null where nothing is. */
export async function selectFirstDay(tx: Tx, tenantId: Id<'tenant'>): Promise<string | null> {
  // The least of each measure is the first of its range in the key.
  const { rows } = await sql<{ day: string | null }>`select min(first.day)::text as day from unnest(${[...measures]}::text[]) as m (measure)
    cross join lateral (select day from app.figure_day f where f.tenant_id = ${tenantId} and f.measure = m.measure order by day limit 1) first`.execute(
    tx,
  );
  return rows[0]?.day ?? null;
}

/** How much a tenant does and what models cost for it. */
export interface TenantVolume {
  readonly tenantId: Id<'tenant'>;
  readonly arrived: number;
  readonly completed: number;
  readonly failed: number;
  readonly answered: number;
  readonly plans: number;
  readonly costMicros: number;
}

/** Of all tenants that have done anything in those days, the costliest first. Numbers only: nothing says what was done. */
export async function selectVolumes(engine: RoleDatabase, { from, to }: Days): Promise<TenantVolume[]> {
  const { rows } = await engine.pool.query<TenantVolume>({
    name: 'analytics-volumes',
    text: `select tenant_id as "tenantId",
      coalesce(sum(n) filter (where measure = 'arrived'), 0)::bigint as arrived,
      coalesce(sum(n) filter (where measure = 'ended' and c = 'completed'), 0)::bigint as completed,
      coalesce(sum(n) filter (where measure = 'ended' and c = 'failed'), 0)::bigint as failed,
      coalesce(sum(n) filter (where measure = 'answered' and c <> 'expired'), 0)::bigint as answered,
      coalesce(sum(n) filter (where measure = 'plan'), 0)::bigint as plans,
      coalesce(sum(amount) filter (where measure = 'plan'), 0)::bigint as "costMicros"
      from app.figure_day where measure in ('arrived', 'ended', 'answered', 'plan') and day between $1 and $2
      group by tenant_id order by "costMicros" desc, arrived desc, tenant_id`,
    values: [from, to],
  });
  return rows;
}
