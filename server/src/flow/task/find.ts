import { type RawBuilder, sql } from 'kysely';
import type { Risk, TaskState, WaitReason } from '#engine';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { type StoredTask, taskFields } from './store.ts';
import { queryNumbers, segmentOf, sourceNumber } from './words.ts';

/** What tasks are looked for by; what is left out is not asked about. All of it has to hold. */
export interface TaskFilter {
  readonly states?: readonly TaskState[] | undefined;
  readonly waitReason?: WaitReason | undefined;
  readonly source?: string | undefined;
  readonly playbook?: string | undefined;
  readonly risk?: Risk | undefined;
  /** When the task was made: from the one on, and before the other. */
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
  /** Whole words of its title or sender, all of them. */
  readonly words?: string | undefined;
}

export interface FoundTasks {
  readonly rows: readonly StoredTask[];
  /** The id below which the next page begins; null when there is no more. */
  readonly next: string | null;
  /** How far back was looked, where the page ends because of that and not because it is full. */
  readonly lookedBackTo: Date | null;
}

/** Candidates looked at together: few at first, since mostly they suffice. Together they bound what a page may cost (docs/decisions/0025). */
const windows = [250, 1_000, 4_000] as const;
/** Candidates of each condition that are looked at to see which leaves fewest. */
const probeMax = 1_000;

/**
 * One page of tasks, newest first, by keyset over the time-ordered id: the last page costs what the first does.
 *
 * The rarest condition that has an index is walked in the order of the list, and what it names is held against the others. However
 * badly the conditions fit together, a page looks at some 5,000 candidates at most; then it says how far back it has looked.
 */
export async function findTasks(
  tx: Tx,
  keys: TenantKeys,
  query: { readonly tenantId: Id<'tenant'>; readonly filter: TaskFilter; readonly before: string | null; readonly limit: number },
): Promise<FoundTasks> {
  const { tenantId, filter, limit } = query;
  const span = await spanOf(tx, tenantId);
  if (span === null) return nothing;
  const after = filter.from === undefined ? span.first : largest(span.first, idAt(filter.from));
  const past = filter.until === undefined ? above : idAt(filter.until);
  const bounds = { tenantId, after, before: query.before === null ? past : smallest(past, query.before) };
  const ways = waysOf(keys, filter, span.last);
  const way = await rarest(tx, ways, bounds);
  const rows: StoredTask[] = [];
  let before = bounds.before;
  for (const size of windows) {
    const count = Math.max(size, limit + 1);
    const others = ways.filter((other) => other !== way);
    const seen = await look(tx, { ...bounds, before }, { way, others, conditions: plainConditions(filter), count });
    rows.push(...seen.rows);
    if (rows.length > limit) return { rows: rows.slice(0, limit), next: rows[limit - 1]?.taskId ?? null, lookedBackTo: null };
    if (seen.last === null || seen.count < count) return { rows, next: null, lookedBackTo: null };
    before = seen.last;
  }
  return { rows, next: before, lookedBackTo: new Date(Number.parseInt(before.slice(4, 15), 16)) };
}

const nothing: FoundTasks = { rows: [], next: null, lookedBackTo: null };

interface Bounds {
  readonly tenantId: Id<'tenant'>;
  /** From this id on. */
  readonly after: string;
  /** Below this one. */
  readonly before: string;
}

/** A condition that an index knows: ids in the order of the list, and whether one task meets it: by its row, or by having a word. */
interface Way {
  readonly walk: (bounds: Bounds, count: number) => RawBuilder<unknown>;
  readonly holds?: RawBuilder<unknown>;
  readonly word?: number;
}

const within = ({ tenantId, after, before }: Bounds) => sql`tenant_id = ${tenantId} and task_id >= ${after} and task_id < ${before}`;

/** All tasks, where nothing narrows them down. */
const everything: Way = {
  walk: (bounds, count) => sql`select task_id from app.task where ${within(bounds)} order by task_id desc limit ${count}`,
};

function waysOf(keys: TenantKeys, filter: TaskFilter, last: string): Way[] {
  const { source, playbook, risk, words = '' } = filter;
  const states = filter.states ?? (filter.waitReason === undefined ? [] : (['waiting'] as const));
  return [
    ...queryNumbers(keys, words).map((number) => byWord(number, last)),
    ...(playbook === undefined ? [] : [byColumn(sql`playbook = ${playbook}`)]),
    ...(risk === 'medium' || risk === 'high' ? [byColumn(sql`risk = ${risk} and risk in ('medium', 'high')`)] : []),
    ...(states.length === 0 ? [] : [byState(states)]),
    ...(source === undefined ? [] : [byWord(sourceNumber(keys, source), last)]),
  ];
}

/** What no index knows is held against each candidate. */
const plainConditions = ({ waitReason, risk }: TaskFilter): RawBuilder<unknown>[] => [
  ...(waitReason === undefined ? [] : [sql`t.wait_reason = ${waitReason}`]),
  ...(risk === 'low' ? [sql`t.risk = 'low'`] : []),
];

const byColumn = (condition: RawBuilder<unknown>): Way => ({
  walk: (bounds, count) => sql`select task_id from app.task where ${within(bounds)} and ${condition} order by task_id desc limit ${count}`,
  holds: condition,
});

/** One index range a state, merged: a rare state among a million tasks is a few probes. */
const byState = (states: readonly TaskState[]): Way => ({
  walk: (bounds, count) => sql`select p.task_id from unnest(${[...states]}::text[]) as s(state) cross join lateral (
      select task_id from app.task where ${within(bounds)} and state = s.state order by task_id desc limit ${count}
    ) p order by p.task_id desc limit ${count}`,
  holds: sql`t.state = any(${[...states]}::text[])`,
});

/** Segment by segment from the newest: within one the index is in the order of the list. Each segment is read only when those before did not suffice. */
const byWord = (number: number, last: string): Way => ({
  walk: (
    bounds,
    count,
  ) => sql`select p.task_id from generate_series(${segmentOf(smallest(bounds.before, last))}::int, ${segmentOf(bounds.after)}::int, -1) as s(segment)
    cross join lateral (
      select task_id from app.task_word where ${within(bounds)} and segment = s.segment and word = ${number} order by task_id desc limit ${count}
    ) p limit ${count}`,
  word: number,
});

/**
 * The way that names fewest. Of those that name many, the one whose first candidates reach furthest back: what was usual long ago is rare
 * where the list begins.
 */
async function rarest(tx: Tx, ways: readonly Way[], bounds: Bounds): Promise<Way> {
  const [first = everything, ...others] = ways;
  if (others.length === 0) return first;
  const probes = ways.map(
    ({ walk }, at) => sql`select ${at}::int as at, count(*)::int as count, min(task_id) as reach from (${walk(bounds, probeMax)}) c`,
  );
  const { rows } = await sql<{ at: number }>`
    select at from (${sql.join(probes, sql` union all `)}) p order by count, reach, at limit 1`.execute(tx);
  return ways[rows[0]?.at ?? 0] ?? first;
}

/**
 * The next candidates of a way, and those of them that meet the other conditions too: words first, which an index alone answers.
 *
 * `offset 0` keeps each look-up a look-up: joined freely, the planner would read whole tables for a few thousand candidates. The segment is
 * worked out with the candidates, since behind row-level security an index is not asked for what a function says.
 */
async function look(
  tx: Tx,
  bounds: Bounds,
  { way, others, conditions, count }: { way: Way; others: readonly Way[]; conditions: readonly RawBuilder<unknown>[]; count: number },
): Promise<{ rows: StoredTask[]; last: string | null; count: number }> {
  const { tenantId } = bounds;
  const words = others.flatMap(({ word }) =>
    word === undefined
      ? []
      : [
          sql`cross join lateral (select from app.task_word w where w.tenant_id = ${tenantId} and w.segment = c.segment and w.word = ${word} and w.task_id = c.task_id offset 0) as ${sql.ref(`w${word}`)}`,
        ],
  );
  const held = [...others.flatMap(({ holds }) => (holds === undefined ? [] : [holds])), ...conditions];
  const { rows } = await sql<StoredTask & { candidates: number; lastCandidate: string }>`
    with c as materialized (select task_id, ('x' || lpad(substr(task_id, 5, 3), 8, '0'))::bit(32)::int as segment from (${way.walk(bounds, count)}) w)
    select n.count as candidates, n.last as "lastCandidate", f.*
    from (select count(*)::int as count, min(task_id) as last from c) n
    left join lateral (
      select t.* from c ${sql.join(words, sql` `)} cross join lateral (
        select ${taskFields} from app.task t where t.tenant_id = ${tenantId} and t.task_id = c.task_id ${held.length === 0 ? sql`` : sql`and ${sql.join(held, sql` and `)}`} offset 0
      ) t
    ) f on true
    order by f.task_id desc`.execute(tx);
  const [head] = rows;
  return { rows: rows.filter(({ taskId }) => taskId !== null), last: head?.lastCandidate ?? null, count: head?.candidates ?? 0 };
}

/** The first and the last id that there are, null without tasks. */
async function spanOf(tx: Tx, tenantId: Id<'tenant'>): Promise<{ first: string; last: string } | null> {
  const { rows } = await sql<{ first: string | null; last: string | null }>`
    select (select task_id from app.task where tenant_id = ${tenantId} order by task_id limit 1) as first,
      (select task_id from app.task where tenant_id = ${tenantId} order by task_id desc limit 1) as last`.execute(tx);
  const { first = null, last = null } = rows[0] ?? {};
  return first === null || last === null ? null : { first, last };
}

/** Above every id, in every collation. */
const above = 'tsk_g';
/** The least id that is made at that time: eleven hex digits of milliseconds, as in kernel/ids. */
const idAt = (at: Date): string => `tsk_${Math.min(lastMs, Math.max(0, at.getTime())).toString(16).padStart(11, '0')}`;
/** What eleven digits hold, which is the year 2527: times beyond come after every id. */
const lastMs = 16 ** 11 - 1;
const smallest = (one: string, other: string): string => (one < other ? one : other);
const largest = (one: string, other: string): string => (one > other ? one : other);

/** Names to choose from: at most this many of each. */
const namesMax = 100;

/** The sources that tasks have come from and the playbooks that have planned them: one index probe a name, however many tasks there are. */
export async function taskNames(tx: Tx, tenantId: Id<'tenant'>): Promise<{ sources: string[]; playbooks: string[] }> {
  const sources = await sql<{
    name: string;
  }>`${distinct(sql`source`, sql`app.event`, sql`tenant_id = ${tenantId} and conflict_of is null`)}`.execute(tx);
  const playbooks = await sql<{
    name: string;
  }>`${distinct(sql`playbook`, sql`app.task`, sql`tenant_id = ${tenantId} and playbook is not null`)}`.execute(tx);
  return { sources: sources.rows.map(({ name }) => name), playbooks: playbooks.rows.map(({ name }) => name) };
}

/** A loose index scan. */
const distinct = (column: RawBuilder<unknown>, table: RawBuilder<unknown>, condition: RawBuilder<unknown>) => sql`
  with recursive n as (
    (select ${column} as name from ${table} where ${condition} order by ${column} limit 1)
    union all
    select (select ${column} from ${table} where ${condition} and ${column} > n.name order by ${column} limit 1) from n where n.name is not null
  ) select name from n where name is not null limit ${namesMax}`;
