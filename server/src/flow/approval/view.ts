import { sql } from 'kysely';
import type { ApprovalState, Risk } from '#engine';
import { type Id, isFactotumError } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { type Absence, currentAbsences, earliest, standInFor } from './delegate.ts';
import { approvalBodySchema } from './schema.ts';
import { approvalFields, type StoredApproval } from './store.ts';
import { isGenuineVote, type Vote } from './vote.ts';

/**
 * Whose list it is. `mine`: what I may be waiting for nobody else to do; `delegated`: what waits for somebody else, by delegation or because
 * I have agreed already; `snoozed`: what I have put off; `all`: everything.
 */
export const approvalViews = ['mine', 'delegated', 'snoozed', 'all'] as const;
export type ApprovalView = (typeof approvalViews)[number];

/** Who looks. A machine has no id and no teams. */
export interface Viewer {
  readonly actor: string;
  readonly userId: string | null;
  readonly teamIds: readonly string[];
}

export interface ApprovalQuery {
  readonly tenantId: Id<'tenant'>;
  readonly states: readonly ApprovalState[];
  readonly view: ApprovalView;
  readonly viewer: Viewer;
  readonly risk?: Risk | undefined;
  readonly tool?: string | undefined;
  /** All of these words stand in the headline, the task's title or its sender. */
  readonly words: readonly string[];
  /** Members and teams that can decide; whatever is assigned to anybody else is everybody's. */
  readonly isAssignee: (ids: readonly string[]) => Promise<ReadonlySet<string>>;
  readonly before: string | null;
  readonly limit: number;
  readonly now: Date;
}

/** Something that is about to expire is put off by nobody, in milliseconds. */
const urgentMs = 3_600_000;
/** Rows that are opened to find words in them, and how many at once: the thread is held for no longer than that, and a question may list hundreds of payments. */
const searchedMax = 2_000;
const searchedAtOnce = 50;

/**
 * One page of a list, newest first, by keyset.
 *
 * @returns the rows, and where the next page begins: behind this id, null at the end. A search that has looked at 2,000 gives what it has
 *   found, and goes on from there.
 */
export async function findApprovals(
  tx: Tx,
  keys: TenantKeys,
  query: ApprovalQuery,
): Promise<{ rows: StoredApproval[]; next: string | null }> {
  const { limit, words } = query;
  const condition = await conditionOf(tx, query);
  const select = (before: string | null, count: number) => selectPage(tx, { ...query, before }, { condition, count });
  if (words.length === 0) {
    const rows = await select(query.before, limit + 1);
    const shown = rows.slice(0, limit);
    return { rows: shown, next: rows.length > limit ? (shown.at(-1)?.approvalId ?? null) : null };
  }
  const found: StoredApproval[] = [];
  let before = query.before;
  for (let searched = 0; searched < searchedMax; searched += searchedAtOnce) {
    const rows = await select(before, searchedAtOnce);
    for (const row of rows) {
      if (found.length === limit) return { rows: found, next: before };
      if (hasWords(keys, row, words)) found.push(row);
      before = row.approvalId;
    }
    if (rows.length < searchedAtOnce) return { rows: found, next: null };
  }
  return { rows: found, next: before };
}

function hasWords(keys: TenantKeys, row: StoredApproval, words: readonly string[]): boolean {
  try {
    const { headline, title, from = '' } = keys.openJson({ kind: 'approval', id: row.approvalId }, row.body, approvalBodySchema);
    const text = `${headline}\n${title}\n${from}`.toLowerCase();
    return words.every((word) => text.includes(word.toLowerCase()));
  } catch (error) {
    if (isFactotumError(error, 'seal.broken')) return false;
    throw error;
  }
}

async function selectPage(
  tx: Tx,
  { tenantId, states, risk, tool, before }: ApprovalQuery,
  { condition, count }: { condition: ReturnType<typeof sql>; count: number },
): Promise<StoredApproval[]> {
  const below = before === null ? sql`` : sql`and a.approval_id < ${before}`;
  const ofRisk = risk === undefined ? sql`` : sql`and a.risk = ${risk}`;
  const ofTool = tool === undefined ? sql`` : sql`and a.tool = ${tool}`;
  const { rows } = await sql<StoredApproval>`
    select t.* from unnest(${[...states]}::text[]) as s(state) cross join lateral (
      select ${approvalFields} from app.approval a where a.tenant_id = ${tenantId} and a.state = s.state ${below} ${ofRisk} ${ofTool} ${condition}
      order by a.approval_id desc limit ${count}
    ) t order by t.approval_id desc limit ${count}`.execute(tx);
  return rows;
}

/** What a view asks of a row `a`. */
async function conditionOf(tx: Tx, { tenantId, view, viewer, isAssignee, now }: ApprovalQuery): Promise<ReturnType<typeof sql>> {
  if (view === 'all') return sql``;
  const snoozed = sql`exists (select from app.approval_snooze z where z.tenant_id = a.tenant_id and z.approval_id = a.approval_id
    and z.user_id = ${viewer.userId ?? ''} and z.until_at > ${now} and a.expires_at > ${new Date(now.getTime() + urgentMs)})`;
  if (view === 'snoozed') return sql`and a.state = 'waiting' and ${snoozed}`;
  const theirs = await assignedToOthers(tx, { tenantId, viewer, isAssignee, now });
  const elsewhere = sql`((a.assigned_to is not null and a.assigned_to = any(${theirs}::text[]) and (a.assigned_until is null or a.assigned_until > ${now}))
    or exists (select from app.approval_vote v where v.tenant_id = a.tenant_id and v.approval_id = a.approval_id and v.voter = ${viewer.actor}))`;
  return view === 'delegated'
    ? sql`and a.state = 'waiting' and ${elsewhere}`
    : sql`and not (a.state = 'waiting' and (${elsewhere} or ${snoozed}))`;
}

/** Of these approvals those that somebody has put off, each with when it comes back into their view if nothing happens to it. */
export async function snoozedUntil(
  tx: Tx,
  { tenantId, userId, approvalIds, now }: { tenantId: Id<'tenant'>; userId: string; approvalIds: readonly string[]; now: Date },
): Promise<ReadonlyMap<string, Date>> {
  if (approvalIds.length === 0) return new Map();
  const { rows } = await sql<{ id: string; untilAt: Date; expiresAt: Date }>`select z.approval_id as id, z.until_at, a.expires_at
    from app.approval_snooze z join app.approval a using (tenant_id, approval_id)
    where z.tenant_id = ${tenantId} and z.user_id = ${userId} and z.approval_id = any(${[...approvalIds]}::text[])
      and z.until_at > ${now} and a.expires_at > ${new Date(now.getTime() + urgentMs)}`.execute(tx);
  const backAt = ({ untilAt, expiresAt }: { untilAt: Date; expiresAt: Date }) => new Date(Math.min(+untilAt, +expiresAt - urgentMs));
  return new Map(rows.map((row) => [row.id, backAt(row)]));
}

/** As they stand in the column: those that lead, by whoever is away, to somebody else who can decide. */
async function assignedToOthers(
  tx: Tx,
  { tenantId, viewer, isAssignee, now }: Pick<ApprovalQuery, 'tenantId' | 'viewer' | 'isAssignee' | 'now'>,
): Promise<string[]> {
  const { rows } = await sql<{ assignedTo: string }>`select distinct assigned_to from app.approval
    where tenant_id = ${tenantId} and state = 'waiting' and assigned_to is not null and (assigned_until is null or assigned_until > ${now})`.execute(
    tx,
  );
  if (rows.length === 0) return [];
  const absences = byUser(await currentAbsences(tx, tenantId, now));
  const asked = rows.flatMap(({ assignedTo }) => {
    const id = assigneeId(assignedTo);
    return id === null ? [] : [{ assignedTo, id: standInFor(absences, id).id }];
  });
  const others = asked.filter(({ id }) => id !== viewer.userId && !viewer.teamIds.includes(id));
  const known = await isAssignee(others.map(({ id }) => id));
  return others.filter(({ id }) => known.has(id)).map(({ assignedTo }) => assignedTo);
}

const byUser = (absences: readonly Absence[]): ReadonlyMap<string, Absence> =>
  new Map(absences.map((absence) => [absence.userId, absence]));

/** The member or team in the column, which may name a member as an actor; null for what is neither. */
const assigneeId = (assignedTo: string): string | null => /^(?:user:)?((?:usr|tem)_[0-9a-f]{24})$/.exec(assignedTo)?.[1] ?? null;

/** What is known of an approval besides its own row. */
export interface ApprovalAbout {
  /** Who is asked now, by id: whoever stands in for somebody who is away. */
  readonly assignee: { readonly id: string; readonly until: Date | null } | null;
  readonly snoozedUntil: Date | null;
  /** Those that verify, while it waits. */
  readonly votes: readonly Vote[];
  readonly commentCount: number;
}

/** What is known of approvals besides their rows, for whoever looks; an approval about which nothing is known is among them all the same. */
export async function aboutApprovals(
  tx: Tx,
  { keys, tenantId, viewer, now }: { keys: TenantKeys; tenantId: Id<'tenant'>; viewer: Pick<Viewer, 'userId'>; now: Date },
  rows: readonly StoredApproval[],
): Promise<ReadonlyMap<string, ApprovalAbout>> {
  const ids = rows.map(({ approvalId }) => approvalId);
  if (ids.length === 0) return new Map();
  const { rows: more } = await sql<{
    approvalId: string;
    assignedTo: string | null;
    assignedUntil: Date | null;
    snoozedUntil: Date | null;
    commentCount: number;
    /** Oldest first; nothing is said about whether they are genuine. */
    votes: readonly Vote[] | null;
  }>`
    select a.approval_id, a.assigned_to, a.assigned_until, z.until_at as snoozed_until,
      (select count(*)::int from app.approval_comment c where c.tenant_id = a.tenant_id and c.approval_id = a.approval_id) as comment_count,
      (select json_agg(json_build_object('by', v.voter, 'at', v.voted_at, 'proven', v.proven, 'mac', encode(v.vote_mac, 'hex')) order by v.voted_at, v.voter)
        from app.approval_vote v where v.tenant_id = a.tenant_id and v.approval_id = a.approval_id) as votes
    from app.approval a
    left join app.approval_snooze z on z.tenant_id = a.tenant_id and z.approval_id = a.approval_id and z.user_id = ${viewer.userId ?? ''}
      and z.until_at > ${now} and a.expires_at > ${new Date(now.getTime() + urgentMs)}
    where a.tenant_id = ${tenantId} and a.approval_id = any(${ids})`.execute(tx);
  const absences = more.some(({ assignedTo }) => assignedTo !== null) ? byUser(await currentAbsences(tx, tenantId, now)) : new Map();
  const byId = new Map(more.map((row) => [row.approvalId, row]));
  return new Map(
    rows.map((row) => {
      const { assignedTo = null, assignedUntil = null, snoozedUntil = null, votes, commentCount = 0 } = byId.get(row.approvalId) ?? {};
      const given = votes?.map((vote) => ({ ...vote, at: new Date(vote.at).toISOString() })) ?? [];
      const isOpen = row.state === 'waiting';
      return [
        row.approvalId,
        {
          assignee: isOpen ? assigneeOf({ assignedTo, assignedUntil }, absences, now) : null,
          snoozedUntil: isOpen ? snoozedUntil : null,
          votes: isOpen ? given.filter((vote) => isGenuineVote(keys, row, vote)) : [],
          commentCount,
        },
      ];
    }),
  );
}

function assigneeOf(
  { assignedTo, assignedUntil }: { assignedTo: string | null; assignedUntil: Date | null },
  absences: ReadonlyMap<string, Absence>,
  now: Date,
): ApprovalAbout['assignee'] {
  const id = assignedTo === null || (assignedUntil !== null && assignedUntil <= now) ? null : assigneeId(assignedTo);
  if (id === null) return null;
  const standIn = standInFor(absences, id);
  return { id: standIn.id, until: earliest([assignedUntil, standIn.until].filter((time) => time !== null)) };
}
