/** Histories of tasks as they lie in the tables, and the figures of a tenant counted the slow way: everything again, by the database. */
import pg from 'pg';

/** One figure as it is kept. */
export interface Figure {
  readonly measure: string;
  readonly day: string;
  readonly a: string;
  readonly b: string;
  readonly c: string;
  readonly bin: number;
  readonly n: number;
  readonly amount: number;
}

const rounded = (ms: string): string => `(select case when whole < 100 then whole else floor((whole + step / 2) / step) * step end
  from (select whole, case when whole < 200 * unit then 2 * unit when whole < 500 * unit then 4 * unit else 10 * unit end as step
    from (select whole, power(10::numeric, length(whole::text) - 3) as unit from (select greatest(0, round(${ms}))::bigint as whole) w) u) s)::bigint`;
const msBetween = (from: string, to: string): string => `(extract(epoch from ${to} - ${from}) * 1000)`;

/** Everything that figures are counted from, one row for each, straight from tasks, plans, approvals and the log. */
const facts = `
  with t as (
    select *, (select at from app.audit_entry e where e.tenant_id = t.tenant_id and e.task_id = t.task_id and e.kind = 'task.failed' order by seq desc limit 1) as failed_at,
      exists (select from app.audit_entry e where e.tenant_id = t.tenant_id and e.task_id = t.task_id and e.kind like 'task.%' and e.kind <> 'task.created'
        and coalesce(e.body::json #>> '{actor,user,uid}', e.body::json #>> '{actor,app_uid}') not like 'system:%')
      or exists (select from app.approval a where a.tenant_id = t.tenant_id and a.task_id = t.task_id) as is_helped
    from app.task t where tenant_id = $1 and not (state = 'done' and plan_version = 0)
  ), p as (select p.* from app.plan p join t using (tenant_id, task_id)),
  a as (select a.* from app.approval a join t using (tenant_id, task_id))
  select 'arrived' as measure, created_at as at, '' as a, '' as b, '' as c, 0::numeric as ms, 0::bigint as amount from t
  union all select 'ended', case when state = 'failed' then failed_at else finished_at end, coalesce(playbook, ''),
    case when outcome = 'completed' and state = 'done' then case when is_helped then 'helped' else 'alone' end else '' end,
    case when state = 'done' then outcome else state end, 0, 0 from t where state in ('done', 'failed', 'cancelled')
  union all select 'duration', finished_at, '', '', '', ${msBetween('created_at', 'finished_at')}, 0 from t where state = 'done' and outcome = 'completed'
  union all select 'plan', created_at, planner, coalesce(playbook, ''), coalesce(model, ''), 0, coalesce(cost_micros, 0) from p
  union all select 'unpriced', created_at, planner, coalesce(playbook, ''), coalesce(model, ''), 0, 0 from p where model is not null and cost_micros is null
  union all select 'tokens_in', created_at, planner, coalesce(playbook, ''), coalesce(model, ''), 0, tokens_in from p where tokens_in is not null
  union all select 'tokens_out', created_at, planner, coalesce(playbook, ''), coalesce(model, ''), 0, tokens_out from p where tokens_out is not null
  union all select 'asked', created_at, tool, risk, '', 0, 0 from a
  union all select 'answered', expires_at, tool, '', 'expired', 0, 0 from a where state = 'expired'
  union all select 'answered', decided_at, tool, decided_by, case when state in ('approved', 'rejected') then state else 'changed' end, 0, 0 from a
    where state not in ('expired', 'waiting') and decided_by is not null
  union all select 'wait', decided_at, tool, '', '', ${msBetween('created_at', 'decided_at')}, 0 from a
    where state not in ('expired', 'waiting') and decided_by is not null
  union all select 'wait_of', decided_at, decided_by, '', '', ${msBetween('created_at', 'decided_at')}, 0 from a
    where state not in ('expired', 'waiting') and decided_by is not null`;
const spans = `('duration', 'wait', 'wait_of')`;

/** What a tenant's tables look like to their owner, who is not behind the wall. */
export async function openOwner(ownerUrl: string) {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  for (const table of ['event', 'task', 'plan', 'approval', 'audit_entry', 'figure_day', 'figure_month', 'figure_state'])
    await client.query(`alter table app.${table} no force row level security`);
  const ask = async <Row extends object>(text: string, values: unknown[]): Promise<Row[]> => (await client.query<Row>(text, values)).rows;
  const number = (rows: Figure[]): Figure[] =>
    rows
      .map((row) => ({ ...row, bin: Number(row.bin), n: Number(row.n), amount: Number(row.amount) }))
      .sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
  return {
    ask,
    close: () => client.end(),
    /** The figures that there are. */
    counted: async (tenantId: string): Promise<Figure[]> =>
      number(
        (
          await ask<Figure & { spans: Buffer | null }>(
            `select measure, day::text, a, b, c, 0 as bin, n, amount, spans from app.figure_day where tenant_id = $1`,
            [tenantId],
          )
        ).flatMap(({ spans, ...row }) =>
          spans === null ? [row] : entriesOf(spans).map(({ place, n }) => ({ ...row, bin: lengths[place] ?? -1, n })),
        ),
      ),
    /** Figures of months that are not the sums of those of their days, and the other way round. */
    monthsApart: async (tenantId: string): Promise<object[]> => {
      const kept = 'select measure, month, a, b, c, n, amount from app.figure_month where tenant_id = $1';
      const summed = `select measure, date_trunc('month', day)::date, a, b, c, sum(n), sum(amount) from app.figure_day where tenant_id = $1 group by 1, 2, 3, 4, 5`;
      return ask(`(${kept} except ${summed}) union all (${summed} except ${kept})`, [tenantId]);
    },
    /** The figures that there should be. */
    slowly: async (tenantId: string, zone: string): Promise<Figure[]> =>
      number(
        await ask(
          `select measure, ((at at time zone $2)::date)::text as day, a, b, c, case when measure in ${spans} then ${rounded('ms')} else 0 end as bin,
          count(*) as n, sum(amount) as amount
          from (${facts}) f group by 1, 2, 3, 4, 5, 6`,
          [tenantId, zone],
        ),
      ),
    /** A percentile of the spans themselves, rounded afterwards; null where there are none. */
    percentile: async (
      tenantId: string,
      { measure, at, zone, from, to }: { measure: string; at: number; zone: string; from: string; to: string },
    ) => {
      const [row] = await ask<{ ms: string | null }>(
        `select ${rounded('p')} as ms from (select percentile_disc($2::float8) within group (order by ms) as p from (${facts}) f
          where measure = $3 and (at at time zone $4)::date between $5 and $6) q where p is not null`,
        [tenantId, at, measure, zone, from, to],
      );
      return row?.ms == null ? null : Number(row.ms);
    },
  };
}

/** Every length that spans are told apart by: to 100 ms each, then by steps that grow with it. */
const lengths = Array.from({ length: 100 }, (_, ms) => ms);
for (let unit = 1; unit <= 1e12; unit *= 10)
  for (let digits = 100; digits < 1_000; digits += digits < 200 ? 2 : digits < 500 ? 4 : 10) lengths.push(digits * unit);
const entriesOf = (spans: Buffer) =>
  Array.from({ length: spans.length / 6 }, (_, at) => ({ place: spans.readUInt16LE(at * 6), n: spans.readUInt32LE(at * 6 + 2) }));

const keyOf = ({ measure, day, a, b, c, bin }: Figure): string => JSON.stringify([measure, day, a, b, c, bin]);

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function randomOf(seed: number) {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    below: (count: number): number => Math.floor(next() * count),
    pick: <T>(of: readonly T[]): T => {
      const one = of[Math.floor(next() * of.length)];
      if (one === undefined) throw new RangeError('there is nothing to pick from');
      return one;
    },
  };
}
export type Random = ReturnType<typeof randomOf>;
