import { type Id, localDate } from '#kernel';
import type { Tx } from '#kernel/database';
import { readTenant } from '#trust/tenant';
import { type Counted, readCounted } from './count.ts';
import { type Spread, type Sum, selectFirstDay, selectSpreads, selectSums } from './figures-store.ts';
import { addDays, type Bucket, type BucketSize, bucketsOf, type Days, daysBefore } from './period.ts';
import { type ApprovalSums, approvalsOf, type CostSums, costOf, type WorkSums, workOf } from './sums.ts';
import { type Assumptions, goals, type Value, worthOf } from './value.ts';

/** Everything that is shown of some days. Null: there is nothing that a figure could be about. */
export interface Figures {
  readonly work: WorkSums & { readonly durationP50Ms: number | null; readonly durationP95Ms: number | null };
  readonly approvals: ApprovalSums & { readonly waitP50Ms: number | null; readonly waitP95Ms: number | null };
  readonly cost: CostSums;
  readonly value: Value;
}

/** How people answered about one tool, or one person answered. */
export interface AnswerGroup extends ApprovalSums {
  readonly name: string;
  readonly waitP50Ms: number | null;
  readonly waitP95Ms: number | null;
}

/** What one planner, playbook or model cost. An empty name: none. */
export interface CostGroup extends CostSums {
  readonly name: string;
}

/** The figures of a period, as of one moment. */
export interface Analytics {
  readonly days: Days;
  readonly before: Days;
  readonly size: BucketSize;
  readonly timeZone: string;
  readonly counted: Counted;
  readonly total: Figures;
  /** Of the same number of days right before; null where the tenant has no history there. */
  readonly totalBefore: Figures | null;
  /** By stretch; null before anything was counted and in the future. */
  readonly series: readonly { readonly bucket: Bucket; readonly figures: Figures | null }[];
  readonly tools: readonly AnswerGroup[];
  readonly approvers: readonly AnswerGroup[];
  readonly planners: readonly CostGroup[];
  readonly playbooks: readonly CostGroup[];
  readonly models: readonly CostGroup[];
  /** Completed tasks by playbook, what the assumption of minutes is set for. */
  readonly completedByPlaybook: readonly { readonly name: string; readonly completed: number }[];
  readonly assumptions: Assumptions;
  readonly goals: typeof goals;
}

export interface FiguresQuery {
  /** Left out: ninety days until today. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly size: BucketSize;
  readonly now: Date;
}

const usualDays = 90;

/**
 * The figures of a period. Give it a snapshot: it takes a dozen statements, and they have to fit together.
 *
 * @throws FactotumError `tenant.not_found`; `request.invalid` for a period that ends before it begins or has too many points.
 */
export async function readFigures(tx: Tx, tenantId: Id<'tenant'>, query: FiguresQuery): Promise<Analytics> {
  const { settings } = await readTenant(tx, tenantId);
  const { timeZone, analytics: assumptions } = settings;
  const today = localDate(query.now, timeZone);
  const to = query.to ?? today;
  const days = { from: query.from ?? addDays(to, 1 - usualDays), to };
  const before = daysBefore(days);
  const buckets = bucketsOf(days, query.size);
  const firstDay = await selectFirstDay(tx, tenantId);
  const own = { tx, tenantId };
  const byBucket = await figuresBy(own, { days, size: query.size, assumptions });
  const [total] = (await figuresBy(own, { days, size: null, assumptions })).values();
  const [earlier] = (await figuresBy(own, { days: before, size: null, assumptions })).values();
  const hasHistory = firstDay !== null && firstDay <= before.to;
  const answered = await selectSums(tx, tenantId, { days, measures: ['asked', 'answered'], keep: ['a', 'b', 'c'], size: null });
  const costs = await selectSums(tx, tenantId, { days, measures: costMeasures, keep: ['a', 'b', 'c'], size: null });
  const completed = (await selectSums(tx, tenantId, { days, measures: ['ended'], keep: ['a', 'c'], size: null })).filter(
    ({ c }) => c === 'completed',
  );
  return {
    days,
    before,
    size: query.size,
    timeZone,
    counted: await readCounted(tx, tenantId, timeZone),
    total: total ?? figuresOf([], undefined, undefined, assumptions),
    totalBefore: hasHistory ? (earlier ?? figuresOf([], undefined, undefined, assumptions)) : null,
    series: buckets.map((bucket) => ({
      bucket,
      figures:
        firstDay === null || bucket.to < firstDay || bucket.from > today
          ? null
          : (byBucket.get(bucket.start) ?? figuresOf([], undefined, undefined, assumptions)),
    })),
    tools: answerGroups(
      Map.groupBy(answered, ({ a }) => a),
      await selectSpreads(tx, tenantId, { days, measure: 'wait', by: 'a' }),
    ),
    approvers: answerGroups(
      Map.groupBy(
        answered.filter(({ measure, b }) => measure === 'answered' && b !== ''),
        ({ b }) => b,
      ),
      await selectSpreads(tx, tenantId, { days, measure: 'wait_of', by: 'a' }),
    ),
    planners: costGroups(costs, 'a'),
    playbooks: costGroups(costs, 'b'),
    models: costGroups(costs, 'c'),
    completedByPlaybook: completed
      .map(({ a, n }) => ({ name: a, completed: n }))
      .sort((left, right) => right.completed - left.completed || (left.name < right.name ? -1 : 1)),
    assumptions,
    goals,
  };
}

const costMeasures = ['plan', 'unpriced', 'tokens_in', 'tokens_out'] as const;

async function figuresBy(
  { tx, tenantId }: { tx: Tx; tenantId: Id<'tenant'> },
  { days, size, assumptions }: { days: Days; size: BucketSize | null; assumptions: Assumptions },
): Promise<Map<string, Figures>> {
  const sums = [
    ...(await selectSums(tx, tenantId, { days, measures: ['arrived', 'ended'], keep: ['a', 'b', 'c'], size })),
    ...(await selectSums(tx, tenantId, { days, measures: ['asked', 'answered'], keep: ['c'], size })),
    ...(await selectSums(tx, tenantId, { days, measures: costMeasures, keep: [], size })),
  ];
  const durations = byKey(await selectSpreads(tx, tenantId, { days, measure: 'duration', by: size }));
  const waits = byKey(await selectSpreads(tx, tenantId, { days, measure: 'wait', by: size }));
  const groups = Map.groupBy(sums, ({ key }) => key);
  return new Map([...groups].map(([key, own]) => [key, figuresOf(own, durations.get(key), waits.get(key), assumptions)]));
}

function figuresOf(sums: readonly Sum[], duration: Spread | undefined, wait: Spread | undefined, assumptions: Assumptions): Figures {
  const approvals = approvalsOf(sums);
  const cost = costOf(sums);
  const completedBy = new Map<string, number>();
  for (const { measure, a, c, n } of sums) if (measure === 'ended' && c === 'completed') completedBy.set(a, (completedBy.get(a) ?? 0) + n);
  return {
    work: { ...workOf(sums), durationP50Ms: duration?.p50 ?? null, durationP95Ms: duration?.p95 ?? null },
    approvals: { ...approvals, waitP50Ms: wait?.p50 ?? null, waitP95Ms: wait?.p95 ?? null },
    cost,
    value: worthOf({ completedBy, answers: approvals.answered, modelMicros: cost.costMicros }, assumptions),
  };
}

const byKey = (spreads: readonly Spread[]): Map<string, Spread> => new Map(spreads.map((spread) => [spread.key, spread]));

/** The most asked first. */
function answerGroups(groups: ReadonlyMap<string, readonly Sum[]>, spreads: readonly Spread[]): AnswerGroup[] {
  const waits = byKey(spreads);
  return [...groups]
    .map(([name, sums]) => ({
      name,
      ...approvalsOf(sums),
      waitP50Ms: waits.get(name)?.p50 ?? null,
      waitP95Ms: waits.get(name)?.p95 ?? null,
    }))
    .sort((left, right) => right.answered - left.answered || right.asked - left.asked || (left.name < right.name ? -1 : 1));
}

/** The costliest first. */
const costGroups = (sums: readonly Sum[], by: 'a' | 'b' | 'c'): CostGroup[] =>
  [...Map.groupBy(sums, (sum) => sum[by])]
    .map(([name, own]) => ({ name, ...costOf(own) }))
    .sort((left, right) => right.costMicros - left.costMicros || right.plans - left.plans || (left.name < right.name ? -1 : 1));
