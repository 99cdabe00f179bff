import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { lookedAt, type NoticeKind } from './kinds.ts';

export interface PersonRow {
  tenantId: Id<'tenant'>;
  userId: Id<'user'>;
  version: number;
  body: Buffer | null;
  runAt: Date | null;
  leaseUntil: Date | null;
  fence: number;
}

export interface NoticeRow {
  tenantId: Id<'tenant'>;
  noticeId: Id<'notice'>;
  userId: Id<'user'>;
  kind: NoticeKind;
  seq: number;
  objectId: string;
  risk: string | null;
  level: number | null;
  onPage: boolean;
  createdAt: Date;
  seenAt: Date | null;
  closedAt: Date | null;
  pushAt: Date | null;
  pushTries: number;
  pushed: string[];
  mail: 'now' | 'digest' | null;
  mailAt: Date | null;
  mailTries: number;
}

export interface SubscriptionRow {
  tenantId: Id<'tenant'>;
  subscriptionId: Id<'pushSubscription'>;
  userId: Id<'user'>;
  sessionId: Id<'session'>;
  endpointMac: Buffer;
  body: Buffer;
  createdAt: Date;
  sentAt: Date | null;
}

declare module '#kernel/database' {
  interface Tables {
    noticePlace: { tenantId: Id<'tenant'>; nextSeq: number };
    noticePerson: PersonRow;
    notice: NoticeRow;
    pushSubscription: SubscriptionRow;
  }
}

/** Whose notices they are. */
export interface Owner {
  readonly tenantId: Id<'tenant'>;
  readonly userId: Id<'user'>;
}

/** Locks the tenant's place in its log, and makes it where there is none. @param start - where one begins that is new */
export async function lockPlace(tx: Tx, tenantId: Id<'tenant'>, start: number): Promise<number> {
  await tx
    .insertInto('noticePlace')
    .values({ tenantId, nextSeq: start })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await tx.selectFrom('noticePlace').select('nextSeq').where('tenantId', '=', tenantId).forUpdate().executeTakeFirstOrThrow();
  return row.nextSeq;
}

export const findPlace = (tx: Tx, tenantId: Id<'tenant'>): Promise<number | undefined> =>
  tx
    .selectFrom('noticePlace')
    .select('nextSeq')
    .where('tenantId', '=', tenantId)
    .executeTakeFirst()
    .then((row) => row?.nextSeq);

export async function movePlace(tx: Tx, tenantId: Id<'tenant'>, nextSeq: number): Promise<void> {
  await tx.updateTable('noticePlace').set({ nextSeq }).where('tenantId', '=', tenantId).execute();
}

/** Numbers of the entries in a span of the log that notices go by, in order. */
export const toldSeqs = (tx: Tx, tenantId: Id<'tenant'>, { from, before }: { from: number; before: number }): Promise<number[]> =>
  tx
    .selectFrom('auditEntry')
    .select('seq')
    .where('tenantId', '=', tenantId)
    .where('seq', '>=', from)
    .where('seq', '<', before)
    .where('kind', 'in', [...lookedAt])
    .orderBy('seq')
    .execute()
    .then((rows) => rows.map(({ seq }) => seq));

/** Leaves people a row, which has to be there before their notices, and says when something of theirs is due. Never later than it was. */
export async function wakePeople(tx: Tx, tenantId: Id<'tenant'>, due: ReadonlyMap<Id<'user'>, Date | null>): Promise<void> {
  // In one order, so that two that do this at once wait and do not block each other.
  for (const [userId, runAt] of [...due].sort(([one], [other]) => (one < other ? -1 : 1)))
    await tx
      .insertInto('noticePerson')
      .values({ tenantId, userId, version: 0, body: null, runAt, leaseUntil: null, fence: 0 })
      .onConflict((conflict) =>
        conflict.columns(['tenantId', 'userId']).doUpdateSet({ runAt: sql`least(notice_person.run_at, excluded.run_at)` }),
      )
      .execute();
}

export async function insertNotices(tx: Tx, rows: readonly NoticeRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx
    .insertInto('notice')
    .values([...rows])
    .onConflict((conflict) => conflict.columns(['tenantId', 'userId', 'seq']).doNothing())
    .execute();
}

/** Ends what is told of an object: it needs nobody any more. */
export async function closeNotices(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { objectId, kinds, at }: { objectId: string; kinds: readonly NoticeKind[]; at: Date },
): Promise<void> {
  await tx
    .updateTable('notice')
    .set({ closedAt: at, pushAt: null, mailAt: null })
    .where('tenantId', '=', tenantId)
    .where('objectId', '=', objectId)
    .where('kind', 'in', [...kinds])
    .where('closedAt', 'is', null)
    .execute();
}

export const findPerson = (tx: Tx, { tenantId, userId }: Owner): Promise<PersonRow | undefined> =>
  tx.selectFrom('noticePerson').selectAll().where('tenantId', '=', tenantId).where('userId', '=', userId).executeTakeFirst();

export const findPeople = (tx: Tx, tenantId: Id<'tenant'>, userIds: readonly Id<'user'>[]): Promise<PersonRow[]> =>
  userIds.length === 0
    ? Promise.resolve([])
    : tx
        .selectFrom('noticePerson')
        .selectAll()
        .where('tenantId', '=', tenantId)
        .where('userId', 'in', [...userIds])
        .execute();

export const lockPerson = (tx: Tx, { tenantId, userId }: Owner): Promise<PersonRow | undefined> =>
  tx
    .selectFrom('noticePerson')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .forNoKeyUpdate()
    .executeTakeFirst();

export async function updatePerson(tx: Tx, { tenantId, userId }: Owner, set: Partial<PersonRow>): Promise<void> {
  await tx.updateTable('noticePerson').set(set).where('tenantId', '=', tenantId).where('userId', '=', userId).execute();
}

/** Forgets somebody with all that they were told, and where. */
export async function deletePerson(tx: Tx, { tenantId, userId }: Owner): Promise<void> {
  await tx.deleteFrom('pushSubscription').where('tenantId', '=', tenantId).where('userId', '=', userId).execute();
  await tx.deleteFrom('noticePerson').where('tenantId', '=', tenantId).where('userId', '=', userId).execute();
}

const mine = (tx: Tx, { tenantId, userId }: Owner) =>
  tx.selectFrom('notice').selectAll().where('tenantId', '=', tenantId).where('userId', '=', userId);

/** Where one of somebody's notices stands; null for what is none of theirs. */
const seqOf = ({ tenantId, userId }: Owner, noticeId: string) =>
  sql`(select seq from app.notice where tenant_id = ${tenantId} and notice_id = ${noticeId} and user_id = ${userId})`;

/** What somebody is shown, the newest first, in the order in which it happened. */
export function listNoticeRows(
  tx: Tx,
  owner: Owner,
  { kinds, before, limit }: { kinds: readonly NoticeKind[]; before: string | null; limit: number },
): Promise<NoticeRow[]> {
  if (kinds.length === 0) return Promise.resolve([]);
  let query = mine(tx, owner)
    .where('onPage', '=', true)
    .where('kind', 'in', [...kinds]);
  if (before !== null) query = query.where(sql<boolean>`seq < ${seqOf(owner, before)}`);
  return query.orderBy('seq', 'desc').limit(limit).execute();
}

/** How many there are that they have not seen and that still need somebody; more than 100 are 100. */
export const countUnread = async (tx: Tx, { tenantId, userId }: Owner, kinds: readonly NoticeKind[]): Promise<number> => {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from (select from app.notice
    where tenant_id = ${tenantId} and user_id = ${userId} and on_page and seen_at is null and closed_at is null and kind = any(${[...kinds]}::text[])
    limit 100) as unread`.execute(tx);
  return rows[0]?.count ?? 0;
};

/** What was seen is not sent any more. @param ids - null: all up to and with the one named */
export async function markSeenRows(
  tx: Tx,
  { tenantId, userId }: Owner,
  { ids, until, at }: { ids: readonly string[] | null; until: string | null; at: Date },
): Promise<void> {
  let query = tx
    .updateTable('notice')
    .set({ seenAt: at, pushAt: null, mailAt: null })
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .where('seenAt', 'is', null);
  if (ids !== null) query = query.where(sql<boolean>`notice_id = any(${[...ids]}::text[])`);
  if (until !== null) query = query.where(sql<boolean>`seq <= ${seqOf({ tenantId, userId }, until)}`);
  await query.execute();
}

/** What still waits to be sent somewhere, the oldest first. @param due - only what is due by then */
export function waitingNotices(tx: Tx, owner: Owner, { due, limit }: { due: Date | null; limit: number }): Promise<NoticeRow[]> {
  let query = mine(tx, owner).where((where) => where.or([where('pushAt', 'is not', null), where('mailAt', 'is not', null)]));
  if (due !== null) query = query.where((where) => where.or([where('pushAt', '<=', due), where('mailAt', '<=', due)]));
  return query.orderBy('seq').limit(limit).execute();
}

/** When the next is due; null when nothing waits. */
export async function nextDue(tx: Tx, { tenantId, userId }: Owner): Promise<Date | null> {
  const { rows } = await sql<{ at: Date | null }>`select least(min(push_at), min(mail_at)) as at from app.notice
    where tenant_id = ${tenantId} and user_id = ${userId} and (push_at is not null or mail_at is not null)`.execute(tx);
  return rows[0]?.at ?? null;
}

export async function updateNotices(tx: Tx, tenantId: Id<'tenant'>, ids: readonly string[], set: Partial<NoticeRow>): Promise<void> {
  if (ids.length === 0) return;
  await tx
    .updateTable('notice')
    .set(set)
    .where('tenantId', '=', tenantId)
    .where(sql<boolean>`notice_id = any(${[...ids]}::text[])`)
    .execute();
}

/** Notes that a browser has taken these. */
export async function markPushed(tx: Tx, tenantId: Id<'tenant'>, ids: readonly string[], subscriptionId: string): Promise<void> {
  await sql`update app.notice set pushed = array_append(pushed, ${subscriptionId})
    where tenant_id = ${tenantId} and notice_id = any(${[...ids]}::text[]) and not ${subscriptionId} = any(pushed)`.execute(tx);
}

/** Forgets what is older. */
export async function forgetNotices(tx: Tx, tenantId: Id<'tenant'>, before: Date): Promise<void> {
  await tx.deleteFrom('notice').where('tenantId', '=', tenantId).where('createdAt', '<', before).execute();
}

export interface ClaimedPerson extends Owner {
  readonly fence: number;
}

/** Takes people of whom something may be due, for the role that sees all tenants and no content. Leases go by the database's clock. */
export const claimPeople = (db: Tx, { now, most, leaseMs }: { now: Date; most: number; leaseMs: number }): Promise<ClaimedPerson[]> =>
  sql<ClaimedPerson>`update app.notice_person set fence = fence + 1, lease_until = clock_timestamp() + make_interval(secs => ${leaseMs}::float8 / 1000)
    where (tenant_id, user_id) in (
      select tenant_id, user_id from app.notice_person
      where run_at <= ${now} and (lease_until is null or lease_until < clock_timestamp())
      order by run_at limit ${most} for update skip locked)
    returning tenant_id, user_id, fence::float8 as fence`
    .execute(db)
    .then(({ rows }) => rows);
