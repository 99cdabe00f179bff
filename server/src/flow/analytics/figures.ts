import { type Id, localDate } from '#kernel';
import type { Tx } from '#kernel/database';
import { readTenant } from '#trust/tenant';
import { type Counted, readCounted } from './count.ts';
import { type Spans, type Sum, selectFirstDay, selectSeries, selectSpanSeries, selectSpans, selectSums } from './figures-store.ts';
import { addKept, emptyHistogram, rankOf } from './histogram.ts';
import { addDays, type Bucket, type BucketSize, bucketsOf, coverOf, type Days, daysBefore } from './period.ts';
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
 * The figures of a period. Give it a snapshot: it takes several statements, and they have to fit together.
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
  const hasHistory = firstDay !== null && firstDay <= before.to;
  const series = { cover: coverOf(hasHistory ? [before, ...buckets] : buckets), starts: buckets.map(({ from }) => from) };
  const sums = Map.groupBy(await selectSeries(tx, tenantId, series), ({ stretch }) => stretch);
  const spans = Map.groupBy(await selectSpanSeries(tx, tenantId, series), ({ stretch }) => stretch);
  const figuresIn = (stretch: number): Figures => figuresOf(sums.get(stretch) ?? [], spans.get(stretch) ?? [], assumptions);
  const whole = await selectSums(tx, tenantId, coverOf([days]));
  const wholeSpans = await selectSpans(tx, tenantId, coverOf([days]));
  const answered = whole.filter(({ measure }) => measure === 'asked' || measure === 'answered');
  const costs = whole.filter(({ measure }) => costMeasures.some((cost) => cost === measure));
  return {
    days,
    before,
    size: query.size,
    timeZone,
    counted: await readCounted(tx, tenantId, timeZone),
    total: figuresOf(whole, wholeSpans, assumptions),
    totalBefore: hasHistory ? figuresIn(0) : null,
    series: buckets.map((bucket, at) => ({
      bucket,
      figures: firstDay === null || bucket.to < firstDay || bucket.from > today ? null : figuresIn(at + 1),
    })),
    tools: answerGroups(
      Map.groupBy(answered, ({ a }) => a),
      spreadsBy(wholeSpans, 'wait'),
    ),
    approvers: answerGroups(
      Map.groupBy(
        answered.filter(({ measure, b }) => measure === 'answered' && b !== ''),
        ({ b }) => b,
      ),
      spreadsBy(wholeSpans, 'wait_of'),
    ),
    planners: costGroups(costs, 'a'),
    playbooks: costGroups(costs, 'b'),
    models: costGroups(costs, 'c'),
    completedByPlaybook: [...completedBy(whole)]
      .map(([name, completed]) => ({ name, completed }))
      .sort((left, right) => right.completed - left.completed || (left.name < right.name ? -1 : 1)),
    assumptions,
    goals,
  };
}

const costMeasures = ['plan', 'unpriced', 'tokens_in', 'tokens_out'] as const;

function figuresOf(sums: readonly Sum[], spans: readonly Spans[], assumptions: Assumptions): Figures {
  const approvals = approvalsOf(sums);
  const cost = costOf(sums);
  const duration = spreadOf(spans.filter(({ measure }) => measure === 'duration'));
  const wait = spreadOf(spans.filter(({ measure }) => measure === 'wait'));
  return {
    work: { ...workOf(sums), durationP50Ms: duration.p50, durationP95Ms: duration.p95 },
    approvals: { ...approvals, waitP50Ms: wait.p50, waitP95Ms: wait.p95 },
    cost,
    value: worthOf({ completedBy: completedBy(sums), answers: approvals.answered, modelMicros: cost.costMicros }, assumptions),
  };
}

/** Completed tasks by playbook. */
function completedBy(sums: readonly Sum[]): Map<string, number> {
  const completed = new Map<string, number>();
  for (const { measure, a, c, n } of sums) if (measure === 'ended' && c === 'completed') completed.set(a, (completed.get(a) ?? 0) + n);
  return completed;
}

/** Medians and 95th percentiles in milliseconds, by nearest rank; null where there are no spans. */
interface Spread {
  readonly p50: number | null;
  readonly p95: number | null;
}

function spreadOf(spans: readonly Spans[]): Spread {
  const histogram = emptyHistogram();
  for (const { spans: kept } of spans) addKept(histogram, kept);
  return { p50: rankOf(histogram, 50), p95: rankOf(histogram, 95) };
}

const spreadsBy = (spans: readonly Spans[], of: Spans['measure']): Map<string, Spread> =>
  new Map(
    [
      ...Map.groupBy(
        spans.filter(({ measure }) => measure === of),
        ({ a }) => a,
      ),
    ].map(([name, own]) => [name, spreadOf(own)]),
  );

/** The most asked first. */
function answerGroups(groups: ReadonlyMap<string, readonly Sum[]>, waits: ReadonlyMap<string, Spread>): AnswerGroup[] {
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
