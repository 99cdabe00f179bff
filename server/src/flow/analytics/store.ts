import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { addKept, addSpans, emptyHistogram, keptOf } from './histogram.ts';
import { type ApprovalFacts, isSpan, type Measure, type PlanFacts, type WorkOfTask } from './parts.ts';
import { monthOf } from './period.ts';

export interface CountState {
  readonly zone: string;
  readonly edition: number;
  readonly nextSeq: number;
  readonly countedAt: Date;
}

/** Where counting stands; undefined before it has begun. */
export async function findState(tx: Tx, tenantId: Id<'tenant'>): Promise<CountState | undefined> {
  const { rows } =
    await sql<CountState>`select zone, edition, next_seq, counted_at from app.figure_state where tenant_id = ${tenantId}`.execute(tx);
  return rows[0];
}

/**
 * Takes the right to count until the transaction ends; begins anew, with nothing counted, where nobody has begun.
 * Undefined while somebody else has it: this never waits for long.
 */
export async function takeState(
  tx: Tx,
  tenantId: Id<'tenant'>,
  first: { zone: string; edition: number; now: Date },
): Promise<CountState | undefined> {
  const begun = await sql`insert into app.figure_state (tenant_id, zone, edition, counted_at)
    values (${tenantId}, ${first.zone}, ${first.edition}, ${first.now}) on conflict (tenant_id) do nothing returning 1`.execute(tx);
  if (begun.rows.length > 0) await clearFigures(tx, tenantId);
  const { rows } = await sql<CountState>`select zone, edition, next_seq, counted_at from app.figure_state
    where tenant_id = ${tenantId} for update skip locked`.execute(tx);
  return rows[0];
}

export async function saveState(tx: Tx, tenantId: Id<'tenant'>, { zone, edition, nextSeq, countedAt }: CountState): Promise<void> {
  await sql`update app.figure_state set zone = ${zone}, edition = ${edition}, next_seq = ${nextSeq}, counted_at = ${countedAt}
    where tenant_id = ${tenantId}`.execute(tx);
}

/** Forgets every figure, so that all are counted anew. */
export async function clearFigures(tx: Tx, tenantId: Id<'tenant'>): Promise<void> {
  await sql`delete from app.figure_day where tenant_id = ${tenantId}`.execute(tx);
  await sql`delete from app.figure_month where tenant_id = ${tenantId}`.execute(tx);
  await sql`delete from app.figure_task where tenant_id = ${tenantId}`.execute(tx);
}

/** What a task has added so far, and what the log has said about it. */
export interface CountedTask {
  readonly taskId: string;
  readonly failedAt: Date | null;
  readonly isHelped: boolean;
  /** JSON of `Part[]`. */
  readonly parts: string;
}

export async function selectCounted(tx: Tx, tenantId: Id<'tenant'>, taskIds: readonly string[]): Promise<CountedTask[]> {
  const { rows } = await sql<CountedTask>`select task_id, failed_at, is_helped, parts from app.figure_task
    where tenant_id = ${tenantId} and task_id = any(${[...taskIds]}::text[])`.execute(tx);
  return rows;
}

export async function saveCounted(tx: Tx, tenantId: Id<'tenant'>, tasks: readonly CountedTask[]): Promise<void> {
  await sql`insert into app.figure_task (tenant_id, task_id, failed_at, is_helped, parts)
    select ${tenantId}, task_id, failed_at, is_helped, parts from unnest(${tasks.map(({ taskId }) => taskId)}::text[],
      ${tasks.map(({ failedAt }) => failedAt)}::timestamptz[], ${tasks.map(({ isHelped }) => isHelped)}::boolean[],
      ${tasks.map(({ parts }) => parts)}::text[]) as t (task_id, failed_at, is_helped, parts)
    on conflict (tenant_id, task_id) do update set failed_at = excluded.failed_at, is_helped = excluded.is_helped, parts = excluded.parts`.execute(
    tx,
  );
}

/** The tasks as they stand, with their plans and questions. Those that are not there are left out. */
export async function selectWork(
  tx: Tx,
  tenantId: Id<'tenant'>,
  taskIds: readonly string[],
): Promise<Map<string, Omit<WorkOfTask, 'failedAt' | 'isHelped'>>> {
  const mine = sql`tenant_id = ${tenantId} and task_id = any(${[...taskIds]}::text[])`;
  const tasks = await sql<Omit<WorkOfTask, 'failedAt' | 'isHelped' | 'plans' | 'approvals'> & { taskId: string }>`
    select task_id, state, outcome, plan_version, playbook, created_at, finished_at from app.task where ${mine}`.execute(tx);
  const plans = await sql<PlanFacts & { taskId: string }>`
    select task_id, planner, playbook, model, tokens_in, tokens_out, cost_micros, created_at from app.plan where ${mine}`.execute(tx);
  const approvals = await sql<ApprovalFacts & { taskId: string }>`
    select task_id, tool, risk, state, created_at, expires_at, decided_by, decided_at from app.approval where ${mine}`.execute(tx);
  const plansOf = Map.groupBy(plans.rows, ({ taskId }) => taskId);
  const approvalsOf = Map.groupBy(approvals.rows, ({ taskId }) => taskId);
  return new Map(
    tasks.rows.map(({ taskId, ...task }) => [
      taskId,
      { ...task, plans: plansOf.get(taskId) ?? [], approvals: approvalsOf.get(taskId) ?? [] },
    ]),
  );
}

/** How much a figure changes by. */
export interface Change {
  readonly measure: Measure;
  readonly day: string;
  readonly a: string;
  readonly b: string;
  readonly c: string;
  /** Of spans: how long in rounded milliseconds. */
  readonly bin: number;
  readonly n: number;
  readonly amount: number;
}

/** A row's change: how many, how much, and all its spans as they are from now on. */
type RowChange = Omit<Change, 'bin'> & { readonly spans: Buffer | null };

/** Figures of each day and of each month, which begins with the day that names it. */
const tables = {
  day: { table: sql.raw('app.figure_day'), since: sql.raw('day') },
  month: { table: sql.raw('app.figure_month'), since: sql.raw('month') },
};
type Table = (typeof tables)[keyof typeof tables];

/**
 * Adds to figures, or takes off, of days and of their months; what comes to nothing is deleted. Of each figure of a day there may be one change.
 * Whoever calls has the right to count.
 */
export async function changeFigures(tx: Tx, tenantId: Id<'tenant'>, changes: readonly Change[]): Promise<void> {
  await changeTable(tx, tenantId, tables.day, changes);
  await changeTable(tx, tenantId, tables.month, byMonth(changes));
}

/** The changes of months that follow from those of days. */
function byMonth(changes: readonly Change[]): Change[] {
  const months = new Map<string, Change>();
  for (const change of changes) {
    const own = { ...change, day: monthOf(change.day) };
    const key = JSON.stringify([own.measure, own.day, own.a, own.b, own.c, own.bin]);
    const known = months.get(key);
    months.set(key, known === undefined ? own : { ...own, n: known.n + own.n, amount: known.amount + own.amount });
  }
  // What one day lost and another has won is nothing to their month.
  return [...months.values()].filter(({ n, amount }) => n !== 0 || amount !== 0);
}

async function changeTable(tx: Tx, tenantId: Id<'tenant'>, to: Table, changes: readonly Change[]): Promise<void> {
  const spans = changes.filter(({ measure }) => isSpan(measure));
  const rows: RowChange[] = [
    ...changes.filter(({ measure }) => !isSpan(measure)).map(({ bin: _none, ...change }) => ({ ...change, spans: null })),
    ...(await changeSpans(tx, tenantId, to, spans)),
  ];
  if (rows.length === 0) return;
  const { table, since } = to;
  const column = <K extends keyof RowChange>(name: K): RowChange[K][] => rows.map((row) => row[name]);
  await sql`insert into ${table} as f (tenant_id, measure, ${since}, a, b, c, n, amount, spans)
    select ${tenantId}, measure, day, a, b, c, n, amount, spans from unnest(${column('measure')}::text[], ${column('day')}::date[],
      ${column('a')}::text[], ${column('b')}::text[], ${column('c')}::text[], ${column('n')}::bigint[], ${column('amount')}::bigint[],
      ${column('spans')}::bytea[]) as t (measure, day, a, b, c, n, amount, spans)
    on conflict (tenant_id, measure, ${since}, a, b, c) do update set n = f.n + excluded.n, amount = f.amount + excluded.amount, spans = excluded.spans`.execute(
    tx,
  );
  const less = rows.filter(({ n }) => n < 0);
  if (less.length === 0) return;
  await sql`delete from ${table} f using unnest(${less.map(({ measure }) => measure)}::text[], ${less.map(({ day }) => day)}::date[],
      ${less.map(({ a }) => a)}::text[], ${less.map(({ b }) => b)}::text[], ${less.map(({ c }) => c)}::text[]) as t (measure, day, a, b, c)
    where f.tenant_id = ${tenantId} and f.measure = t.measure and f.${since} = t.day and f.a = t.a and f.b = t.b and f.c = t.c and f.n = 0`.execute(
    tx,
  );
}

/** What becomes of rows of spans: all spans of a day or month are in one row, so they are read and written together. */
async function changeSpans(tx: Tx, tenantId: Id<'tenant'>, { table, since }: Table, changes: readonly Change[]): Promise<RowChange[]> {
  if (changes.length === 0) return [];
  const keyOf = ({ measure, day, a }: Pick<Change, 'measure' | 'day' | 'a'>): string => JSON.stringify([measure, day, a]);
  const groups = [...Map.groupBy(changes, keyOf).values()].flatMap((own) => (own[0] === undefined ? [] : [{ ...own[0], own }]));
  const { rows } = await sql<Pick<Change, 'measure' | 'day' | 'a'> & { spans: Buffer }>`
    select f.measure, f.${since}::text as day, f.a, f.spans from ${table} f join unnest(${groups.map(({ measure }) => measure)}::text[],
      ${groups.map(({ day }) => day)}::date[], ${groups.map(({ a }) => a)}::text[]) as t (measure, day, a)
      on f.measure = t.measure and f.${since} = t.day and f.a = t.a where f.tenant_id = ${tenantId} and f.b = '' and f.c = ''`.execute(tx);
  const keptBy = new Map(rows.map((row) => [keyOf(row), row.spans]));
  return groups.map(({ own, bin: _one, ...group }) => {
    const histogram = emptyHistogram();
    const kept = keptBy.get(keyOf(group));
    if (kept !== undefined) addKept(histogram, kept);
    for (const { bin, n } of own) addSpans(histogram, bin, n);
    return { ...group, n: own.reduce((sum, { n }) => sum + n, 0), amount: 0, spans: keptOf(histogram) };
  });
}
