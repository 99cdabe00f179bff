import { type Clock, type Id, newId } from '#kernel';
import { type Database, type Tx, withTenant } from '#kernel/database';
import { type AuditEntry, listEntries, publicHead } from '#trust/audit';
import type { Reachable } from '#trust/identity';
import type { KeysOf, TenantKeys } from '#trust/key';
import { readTenant } from '#trust/tenant';
import { earlier } from './earlier.ts';
import { closedBy, noticeKindOf } from './kinds.ts';
import { recipientsOf } from './recipients.ts';
import { planFor } from './rules.ts';
import { rulesOf } from './settings.ts';
import {
  closeNotices,
  deletePerson,
  findPeople,
  findPlace,
  forgetNotices,
  insertNotices,
  lockPlace,
  movePlace,
  type NoticeRow,
  toldSeqs,
  wakePeople,
} from './store.ts';
import { assigneeOf, findSubject } from './subject.ts';

export interface CollectDeps {
  readonly database: Pick<Database, 'app'>;
  readonly keysOf: KeysOf;
  readonly clock: Clock;
  readonly membersOf: (tenantId: Id<'tenant'>, only?: readonly string[]) => Promise<readonly Reachable[]>;
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
 * twice, whoever calls and however often.
 */
export async function collect(deps: CollectDeps, tenantId: Id<'tenant'>): Promise<void> {
  const { database, keysOf, clock } = deps;
  const inTenant = <R>(work: (tx: Tx) => Promise<R>) => withTenant(database.app.db, tenantId, work);
  const isBehind = await inTenant(async (tx) => {
    const size = (await publicHead(tx, tenantId))?.size ?? 0;
    return size > ((await findPlace(tx, tenantId)) ?? -1);
  });
  if (!isBehind) return;
  const keys = await keysOf(tenantId);
  // Before the transaction: who belongs to the tenant is read by another login.
  const members = await deps.membersOf(tenantId);
  let isMore = true;
  while (isMore) isMore = await inTenant((tx) => collectSpan(tx, keys, members, clock.now()));
  await inTenant((tx) => forgetNotices(tx, tenantId, new Date(clock.now().getTime() - keptMs)));
}

/** @returns whether there is more. */
async function collectSpan(tx: Tx, keys: TenantKeys, members: readonly Reachable[], now: Date): Promise<boolean> {
  const { tenantId } = keys;
  const size = (await publicHead(tx, tenantId))?.size ?? 0;
  const from = await lockPlace(tx, tenantId, Math.max(0, size - startMax));
  if (from >= size) return false;
  const before = Math.min(size, from + spanMax);
  const zone = (await readTenant(tx, tenantId)).settings.timeZone;
  for (const seq of await toldSeqs(tx, tenantId, { from, before })) {
    const [entry] = await listEntries(tx, { tenantId, afterSeq: seq - 1, limit: 1 });
    if (entry?.seq === seq) await take(tx, keys, entry, { members, now, zone });
  }
  await movePlace(tx, tenantId, before);
  return before < size;
}

interface Circumstance {
  readonly members: readonly Reachable[];
  readonly now: Date;
  readonly zone: string;
}

async function take(tx: Tx, keys: TenantKeys, entry: AuditEntry, { members, now, zone }: Circumstance): Promise<void> {
  const { tenantId } = keys;
  const { objectId, seq, detail, actor } = entry;
  if (objectId === null) return;
  if (entry.kind === 'member.removed') {
    // Somebody who has come back meanwhile has a place of their own again.
    const gone = members.every(({ userId }) => userId !== objectId);
    if (gone) await deletePerson(tx, { tenantId, userId: objectId as Id<'user'> }); // The entry is about a user, by id.
    return;
  }
  const kinds = closedBy(entry);
  if (kinds.length > 0) await closeNotices(tx, tenantId, { objectId, kinds, at: entry.at });
  const kind = noticeKindOf(entry);
  if (kind === null || now.getTime() - entry.at.getTime() > newsMs) return;
  const subject = await findSubject(tx, keys, { kind, objectId }, now);
  if (subject === null || !subject.isOpen) return;
  const isApproval = kind === 'approval' || kind === 'delegated' || kind === 'comment';
  const told = recipientsOf(
    {
      kind,
      actor,
      assignee: isApproval ? await assigneeOf(tx, tenantId, objectId, now) : null,
      participants: kind === 'comment' ? await participantsOf(tx, tenantId, entry) : [],
    },
    members,
  );
  if (told.length === 0) return;
  const people = new Map(
    (
      await findPeople(
        tx,
        tenantId,
        told.map(({ userId }) => userId),
      )
    ).map((row) => [row.userId, row]),
  );
  const rows = told.flatMap(({ userId }): NoticeRow[] => {
    const row = people.get(userId);
    const plan = planFor(rulesOf(keys, row), { kind, risk: subject.risk }, { now, zone });
    if (!plan.onPage && plan.pushAt === null && plan.mailAt === null) return [];
    const level = typeof detail.percent === 'number' ? detail.percent : null;
    return [
      {
        ...{ tenantId, noticeId: newId('notice', now.getTime()), userId, kind, seq, objectId, risk: subject.risk, level },
        ...{ onPage: plan.onPage, createdAt: entry.at, seenAt: null, closedAt: null },
        ...{ pushAt: plan.pushAt, pushTries: 0, pushed: [], mail: plan.mail, mailAt: plan.mailAt, mailTries: 0 },
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
