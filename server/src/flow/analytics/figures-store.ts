import { type RawBuilder, sql } from 'kysely';
import type { Id } from '#kernel';
import type { RoleDatabase, Tx } from '#kernel/database';
import { isSpan, type Measure, measures, spanMeasures } from './parts.ts';
import type { Days } from './period.ts';

/** Which days belong together. */
interface Stretches {
  /** The first and last day of all. */
  readonly days: Days;
  /** The day that each stretch begins with, in order; days before the first are a stretch of their own, of number 0. */
  readonly starts: readonly string[];
}

/** How many of something there are, and how much. */
export interface Sum {
  /** Of the stretch, from 1 on; null: of all but number 0, with everything apart that is counted apart. */
  readonly stretch: number | null;
  readonly measure: Measure;
  readonly a: string;
  readonly b: string;
  readonly c: string;
  readonly n: number;
  readonly amount: number;
}

const sumMeasures = measures.filter((measure) => !isSpan(measure));
const stretchOf = (starts: readonly string[]): RawBuilder<number> => sql`width_bucket(day, ${[...starts]}::date[])`;

/** Sums of each stretch by what became of tasks and questions, and of all stretches by everything. The rows of days are read once. */
export async function selectSums(tx: Tx, tenantId: Id<'tenant'>, { days, starts }: Stretches): Promise<Sum[]> {
  const { rows } = await sql<Sum>`
    with own as materialized (
      select ${stretchOf(starts)} as stretch, measure, a, b, c, sum(n)::bigint as n, sum(amount)::bigint as amount from app.figure_day
      where tenant_id = ${tenantId} and measure = any(${sumMeasures}::text[]) and day between ${days.from} and ${days.to} group by 1, 2, 3, 4, 5
    )
    select stretch, measure, case when measure = 'ended' then a else '' end as a, case when measure = 'ended' then b else '' end as b,
      case when measure in ('ended', 'answered') then c else '' end as c, sum(n)::bigint as n, sum(amount)::bigint as amount
    from own group by 1, 2, 3, 4, 5
    union all
    select null, measure, a, b, c, sum(n)::bigint, sum(amount)::bigint from own where stretch > 0 group by 2, 3, 4, 5`.execute(tx);
  return rows;
}

/** Spans of a stretch that `a` tells apart: of each day as they are kept, one after the other. */
export interface Spans {
  readonly stretch: number;
  readonly measure: (typeof spanMeasures)[number];
  readonly a: string;
  readonly spans: Buffer;
}

export async function selectSpans(tx: Tx, tenantId: Id<'tenant'>, { days, starts }: Stretches): Promise<Spans[]> {
  const { rows } = await sql<Spans>`
    select ${stretchOf(starts)} as stretch, measure, a, string_agg(spans, ''::bytea) as spans from app.figure_day
    where tenant_id = ${tenantId} and measure = any(${[...spanMeasures]}::text[]) and day between ${days.from} and ${days.to}
    group by 1, 2, 3`.execute(tx);
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
