import { type RawBuilder, sql } from 'kysely';
import type { Id } from '#kernel';
import type { RoleDatabase, Tx } from '#kernel/database';
import { isSpan, type Measure, measures, spanMeasures } from './parts.ts';
import type { Cover, Days } from './period.ts';

/** How many of something there are, and how much. */
export interface Sum {
  readonly measure: Measure;
  readonly a: string;
  readonly b: string;
  readonly c: string;
  readonly n: number;
  readonly amount: number;
}

/** Spans that `a` tells apart: of each day or month as they are kept, one after the other. */
export interface Spans {
  readonly measure: (typeof spanMeasures)[number];
  readonly a: string;
  readonly spans: Buffer;
}

/** Which of several stretches it is of, from 1 on; what is before the first is of number 0. */
export interface InStretch {
  readonly stretch: number;
}

/** Which days belong together. */
interface Stretches {
  readonly cover: Cover;
  /** The day that each stretch begins with, in order. */
  readonly starts: readonly string[];
}

const sumMeasures = measures.filter((measure) => !isSpan(measure));
const stretchOf = (starts: readonly string[]): RawBuilder<number> => sql`width_bucket(day, ${[...starts]}::date[])`;

/** The rows of some measures that cover some days, each with the first day that it is about. */
const rowsOf = (tenantId: Id<'tenant'>, of: readonly Measure[], { days, months }: Cover): RawBuilder<unknown> => sql`(
    select f.day, f.measure, f.a, f.b, f.c, f.n, f.amount, f.spans
    from unnest(${days.map(({ from }) => from)}::date[], ${days.map(({ to }) => to)}::date[]) as r (first, last)
      join app.figure_day f on f.day between r.first and r.last
    where f.tenant_id = ${tenantId} and f.measure = any(${[...of]}::text[])
    union all
    select month, measure, a, b, c, n, amount, spans from app.figure_month
    where tenant_id = ${tenantId} and measure = any(${[...of]}::text[]) and month = any(${[...months]}::date[])
  ) as figures`;

/** Sums of some days by everything that is counted apart. */
export async function selectSums(tx: Tx, tenantId: Id<'tenant'>, cover: Cover): Promise<Sum[]> {
  const { rows } = await sql<Sum>`select measure, a, b, c, sum(n)::bigint as n, sum(amount)::bigint as amount
    from ${rowsOf(tenantId, sumMeasures, cover)} group by 1, 2, 3, 4`.execute(tx);
  return rows;
}

/** Sums of each stretch by what became of tasks and questions. */
export async function selectSeries(tx: Tx, tenantId: Id<'tenant'>, { cover, starts }: Stretches): Promise<(Sum & InStretch)[]> {
  const { rows } = await sql<Sum & InStretch>`
    select ${stretchOf(starts)} as stretch, measure, case when measure = 'ended' then a else '' end as a, case when measure = 'ended' then b else '' end as b,
      case when measure in ('ended', 'answered') then c else '' end as c, sum(n)::bigint as n, sum(amount)::bigint as amount
    from ${rowsOf(tenantId, sumMeasures, cover)} group by 1, 2, 3, 4, 5`.execute(tx);
  return rows;
}

/** Spans of some days by what `a` tells apart. */
export async function selectSpans(tx: Tx, tenantId: Id<'tenant'>, cover: Cover): Promise<Spans[]> {
  const { rows } = await sql<Spans>`select measure, a, string_agg(spans, ''::bytea) as spans
    from ${rowsOf(tenantId, spanMeasures, cover)} group by 1, 2`.execute(tx);
  return rows;
}

/** Spans of each stretch, whoever they are of. */
export async function selectSpanSeries(tx: Tx, tenantId: Id<'tenant'>, { cover, starts }: Stretches): Promise<(Spans & InStretch)[]> {
  const { rows } = await sql<
    Spans & InStretch
  >`select ${stretchOf(starts)} as stretch, measure, '' as a, string_agg(spans, ''::bytea) as spans
    from ${rowsOf(tenantId, ['duration', 'wait'], cover)} group by 1, 2`.execute(tx);
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
