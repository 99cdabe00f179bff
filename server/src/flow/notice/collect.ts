import { currentAbsences } from '#flow/approval';
import { type Clock, type Id, newId } from '#kernel';
import { type Database, type Tx, withTenant } from '#kernel/database';
import { type AuditEntry, listEntries, publicHead } from '#trust/audit';
import type { Reachable } from '#trust/identity';
import type { KeysOf, TenantKeys } from '#trust/key';
import { readTenant } from '#trust/tenant';
import { standInsOf } from './away.ts';
import { earlier } from './earlier.ts';
import { endings, noticeKindOf, stirsHeld } from './kinds.ts';
import { recipientsOf, type StandIns } from './recipients.ts';
import { planFor } from './rules.ts';
import { rulesOf } from './settings.ts';
import {
  deletePerson,
  endNotices,
  findPeople,
  findPlace,
  forgetNotices,
  hasOpenNotices,
  insertNotices,
  lockPlace,
  movePlace,
  type NoticeRow,
  newsSeqs,
  stirHeld,
  wakePeople,
} from './store.ts';
import { assigneeOf, type OnBroken, readSubject } from './subject.ts';

export interface CollectDeps {
  readonly database: Pick<Database, 'app'>;
  readonly keysOf: KeysOf;
  readonly clock: Clock;
  readonly membersOf: (tenantId: Id<'tenant'>, only?: readonly string[]) => Promise<readonly Reachable[]>;
  /** Told of what could not be opened any more: it costs its own notice. */
  readonly onBroken: OnBroken;
}

/** Entries looked at in one transaction. */
const spanMax = 5_000;
/** A tenant that has no place yet begins this many entries before the end of its log. */
const startMax = 5_000;
/** What is older than this when it is looked at is told to nobody. */
const newsMs = 24 * 3_600_000;
const keptMs = 90 * 24 * 3_600_000;
/** Entries of a task in which somebody who had a part in an approval is looked for. */
const taskEntriesMax = 1_000;

/**
 * Makes notices of what a tenant's log has gained. The place in the log moves in the transaction that makes them: none is left out, none made
 * twice, whoever calls and however often. Where nothing in it is news to anybody, it is one look and one step, however much it is.
 */
export async function collect(deps: CollectDeps, tenantId: Id<'tenant'>): Promise<void> {
  const { database, keysOf, clock } = deps;
  const inTenant = <R>(work: (tx: Tx) => Promise<R>) => withTenant(database.app.db, tenantId, work);
  const ahead = await inTenant(async (tx) => {
    const upTo = (await publicHead(tx, tenantId))?.size ?? 0;
    const from = (await findPlace(tx, tenantId)) ?? Math.max(0, upTo - startMax);
    return upTo <= from ? null : { upTo, hasNews: (await newsSeqs(tx, tenantId, { from, before: upTo, limit: 1 })).length > 0 };
  });
  if (ahead === null) return;
  // Before the transaction: who belongs to the tenant is read by another login.
  const circle = ahead.hasNews ? { keys: await keysOf(tenantId), members: await deps.membersOf(tenantId) } : null;
  // What has come since then may be news, and waits for the next call.
  let isMore = true;
  while (isMore) isMore = await inTenant((tx) => collectSpan(tx, deps, { tenantId, upTo: ahead.upTo, circle, now: clock.now() }));
}

/** Forgets what is too old to be shown. */
export const forgetOld = ({ database, clock }: Pick<CollectDeps, 'database' | 'clock'>, tenantId: Id<'tenant'>): Promise<void> =>
  withTenant(database.app.db, tenantId, (tx) => forgetNotices(tx, tenantId, new Date(clock.now().getTime() - keptMs)));

interface Span {
  readonly tenantId: Id<'tenant'>;
  /** The first entry that is none of this call's. */
  readonly upTo: number;
  /** Who may be told; null where there is no news. */
  readonly circle: { readonly keys: TenantKeys; readonly members: readonly Reachable[] } | null;
  readonly now: Date;
}

/** @returns whether there is more. */
async function collectSpan(tx: Tx, deps: CollectDeps, { tenantId, upTo, circle, now }: Span): Promise<boolean> {
  const { nextSeq: from, silentBefore } = await lockPlace(tx, tenantId, Math.max(0, upTo - startMax));
  if (from >= upTo) return false;
  const before = Math.min(upTo, from + spanMax);
  const seqs = circle === null ? [] : await newsSeqs(tx, tenantId, { from, before, limit: spanMax });
  if (circle !== null && seqs.length > 0) {
    const zone = (await readTenant(tx, tenantId)).settings.timeZone;
    const standIns = standInsOf(await currentAbsences(tx, tenantId, now));
    for (const seq of seqs) {
      const [entry] = await listEntries(tx, { tenantId, afterSeq: seq - 1, limit: 1 });
      if (entry?.seq === seq) await take(tx, deps, entry, { ...circle, standIns, now, zone, silentBefore });
    }
  }
  // After what was made: an entry ends what was made of those before it.
  if (await hasOpenNotices(tx, tenantId)) for (const ending of endings) await endNotices(tx, tenantId, { from, before, ending });
  await movePlace(tx, tenantId, before);
  return before < upTo;
}

interface Circumstance {
  readonly keys: TenantKeys;
  readonly members: readonly Reachable[];
  readonly standIns: StandIns;
  readonly now: Date;
  readonly zone: string;
  /** What is older was told in an earlier life of the installation: it is shown and not sent. */
  readonly silentBefore: Date | null;
}

async function take(tx: Tx, deps: CollectDeps, entry: AuditEntry, circumstance: Circumstance): Promise<void> {
  const { keys, members, standIns, now, zone, silentBefore } = circumstance;
  const { tenantId } = keys;
  const { objectId, seq, detail, actor } = entry;
  if (objectId === null) return;
  if (entry.kind === 'member.removed') {
    // Somebody who has come back meanwhile has a place of their own again.
    const gone = members.every(({ userId }) => userId !== objectId);
    if (gone) await deletePerson(tx, { tenantId, userId: objectId as Id<'user'> }); // The entry is about a user, by id.
    return;
  }
  if (stirsHeld(entry.kind)) await stirHeld(tx, tenantId, { about: objectId, now });
  const kind = noticeKindOf(entry);
  if (kind === null || now.getTime() - entry.at.getTime() > newsMs) return;
  // Whether it is open is asked, not what it is called.
  const subject = await readSubject(tx, keys, { kind, objectId }, { now, locale: 'en', onBroken: deps.onBroken });
  if (subject === null || !subject.isOpen) return;
  const isApproval = kind === 'approval' || kind === 'delegated' || kind === 'comment';
  const told = recipientsOf(
    {
      kind,
      actor,
      assignee: isApproval ? await assigneeOf(tx, tenantId, objectId, now) : null,
      participants: kind === 'comment' ? await participantsOf(tx, tenantId, entry) : [],
      standIns,
    },
    members,
  );
  if (told.length === 0) return;
  const people = new Map(
    (
      await findPeople(
        tx,
        tenantId,
        told.map(({ member }) => member.userId),
      )
    ).map((row) => [row.userId, row]),
  );
  const isSilent = silentBefore !== null && entry.at < silentBefore;
  const rows = told.flatMap(({ member: { userId }, isStandIn }): NoticeRow[] => {
    const row = people.get(userId);
    const kindForThem = isStandIn && kind === 'approval' ? 'delegated' : kind;
    const plan = planFor(rulesOf(keys, row), { kind: kindForThem, risk: subject.risk }, { now, zone });
    const [pushAt, mailAt] = isSilent ? [null, null] : [plan.pushAt, plan.mailAt];
    if (!plan.onPage && pushAt === null && mailAt === null) return [];
    const level = typeof detail.percent === 'number' ? detail.percent : null;
    return [
      {
        ...{ tenantId, noticeId: newId('notice', now.getTime()), userId, kind: kindForThem, seq, objectId, risk: subject.risk, level },
        ...{ onPage: plan.onPage, createdAt: entry.at, seenAt: null, closedAt: null },
        ...{ pushAt, pushTries: 0, pushed: [], mail: plan.mail, mailAt, mailTries: 0 },
      },
    ];
  });
  await wakePeople(tx, tenantId, new Map(rows.map(({ userId, pushAt, mailAt }) => [userId, earlier(pushAt, mailAt)])));
  await insertNotices(tx, rows);
}

/** Who has decided, handed on or commented on an approval. */
async function participantsOf(tx: Tx, tenantId: Id<'tenant'>, { taskId, objectId }: AuditEntry): Promise<string[]> {
  if (taskId === null) return [];
  const entries = await listEntries(tx, { tenantId, taskId, limit: taskEntriesMax });
  return entries.filter((entry) => entry.objectId === objectId).map(({ actor }) => actor);
}
