import { sql } from 'kysely';
import { snoozedUntil } from '#flow/approval';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { type Ending, type NoticeKind, readKinds } from './kinds.ts';

interface PlaceRow {
  tenantId: Id<'tenant'>;
  nextSeq: number;
  silentBefore: Date | null;
}

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
    noticePlace: PlaceRow;
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
export async function lockPlace(tx: Tx, tenantId: Id<'tenant'>, start: number): Promise<Pick<PlaceRow, 'nextSeq' | 'silentBefore'>> {
  await tx
    .insertInto('noticePlace')
    .values({ tenantId, nextSeq: start, silentBefore: null })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return tx
    .selectFrom('noticePlace')
    .select(['nextSeq', 'silentBefore'])
    .where('tenantId', '=', tenantId)
    .forUpdate()
    .executeTakeFirstOrThrow();
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

/** Numbers of the entries in a span of the log that may be news to somebody, in order. */
export const newsSeqs = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  { from, before, limit }: { from: number; before: number; limit: number },
): Promise<number[]> =>
  tx
    .selectFrom('auditEntry')
    .select('seq')
    .where('tenantId', '=', tenantId)
    .where('seq', '>=', from)
    .where('seq', '<', before)
    .where('kind', 'in', [...readKinds])
    .where((where) => where.or([where('kind', '<>', 'approval.decided'), where('state', '=', 'waiting')]))
    .orderBy('seq')
    .limit(limit)
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

/** Whether there is a notice that something could end. */
export const hasOpenNotices = async (tx: Tx, tenantId: Id<'tenant'>): Promise<boolean> =>
  (await tx.selectFrom('notice').select('seq').where('tenantId', '=', tenantId).where('closedAt', 'is', null).limit(1).execute()).length >
  0;

/** Ends what is told of the objects that entries of a span are about, as far as it was told before: it needs nobody any more. */
export async function endNotices(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { from, before, ending: { kinds, by, unless } }: { from: number; before: number; ending: Ending },
): Promise<void> {
  await sql`update app.notice n set closed_at = e.at, push_at = null, mail_at = null
    from (select object_id, max(seq) as seq, max(at) as at from app.audit_entry
      where tenant_id = ${tenantId} and seq >= ${from} and seq < ${before} and kind = any(${[...by]}::text[])
        and (${unless}::text is null or state is distinct from ${unless}) group by object_id) e
    where n.tenant_id = ${tenantId} and n.object_id = e.object_id and n.kind = any(${[...kinds]}::text[]) and n.closed_at is null
      and n.seq < e.seq`.execute(tx);
}

/**
 * Has what waits of an object, or of a person, looked at again now: what held it back may be over. Digests are looked at at their time, and
 * what a service or the mail server has not taken at its own.
 */
export async function stirHeld(tx: Tx, tenantId: Id<'tenant'>, { about, now }: { about: string; now: Date }): Promise<void> {
  const held = sql`tenant_id = ${tenantId} and (object_id = ${about} or user_id = ${about}) and closed_at is null
    and (push_at > ${now} and push_tries = 0 or mail = 'now' and mail_at > ${now} and mail_tries = 0)`;
  const { rows } = await sql<{ userId: Id<'user'> }>`select distinct user_id from app.notice where ${held}`.execute(tx);
  if (rows.length === 0) return;
  // People before their notices, as everywhere.
  await wakePeople(tx, tenantId, new Map(rows.map(({ userId }) => [userId, now])));
  await sql`update app.notice set push_at = case when push_tries = 0 then least(push_at, ${now}) else push_at end,
    mail_at = case when mail = 'now' and mail_tries = 0 then least(mail_at, ${now}) else mail_at end where ${held}`.execute(tx);
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

/** How many there are that they have not seen, that still need somebody, and that they have not put off; more than 100 are 100. */
export const countUnread = async (
  tx: Tx,
  { tenantId, userId }: Owner,
  { kinds, now }: { kinds: readonly NoticeKind[]; now: Date },
): Promise<number> => {
  const unread = await sql<{ objectId: string }>`select object_id from app.notice
    where tenant_id = ${tenantId} and user_id = ${userId} and on_page and seen_at is null and closed_at is null and kind = any(${[...kinds]}::text[])
    limit 101`.execute(tx);
  const objectIds = unread.rows.map(({ objectId }) => objectId);
  const putOff = await snoozedUntil(tx, { tenantId, userId, approvalIds: objectIds, now });
  return Math.min(100, objectIds.filter((id) => !putOff.has(id)).length);
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

/**
 * What still waits to be sent somewhere, the oldest first.
 *
 * @param due - only what is due by then; and, where a mail is, what the mail server has not taken before: it goes with it
 */
export async function waitingNotices(tx: Tx, owner: Owner, { due, limit }: { due: Date | null; limit: number }): Promise<NoticeRow[]> {
  let query = mine(tx, owner).where((where) => where.or([where('pushAt', 'is not', null), where('mailAt', 'is not', null)]));
  if (due !== null)
    query = query.where((where) =>
      where.or([
        where('pushAt', '<=', due),
        where('mailAt', '<=', due),
        where.and([
          where('mailAt', 'is not', null),
          where('mailTries', '>', 0),
          sql<boolean>`exists (select from app.notice d where d.tenant_id = ${owner.tenantId} and d.user_id = ${owner.userId} and d.mail_at <= ${due})`,
        ]),
      ]),
    );
  // What is due is never crowded out by what only goes with it.
  if (due !== null) query = query.orderBy(sql`coalesce(least(push_at, mail_at) <= ${due}, false)`, 'desc');
  return (await query.orderBy('seq').limit(limit).execute()).sort((one, other) => one.seq - other.seq);
}

/** Of these notices those of whose matter one of these people has been told at the same time or since, as something for them to decide or see to. */
export async function toldToOthers(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { noticeIds, userIds }: { noticeIds: readonly string[]; userIds: readonly string[] },
): Promise<{ noticeId: string; userId: string }[]> {
  if (noticeIds.length === 0 || userIds.length === 0) return [];
  const { rows } = await sql<{ noticeId: string; userId: string }>`select n.notice_id, o.user_id from app.notice n
    join app.notice o on o.tenant_id = n.tenant_id and o.object_id = n.object_id and o.seq >= n.seq and o.closed_at is null
      and (o.kind = n.kind or o.kind in ('approval', 'delegated') and n.kind in ('approval', 'delegated'))
    where n.tenant_id = ${tenantId} and n.notice_id = any(${[...noticeIds]}::text[]) and o.user_id = any(${[...userIds]}::text[])`.execute(
    tx,
  );
  return rows;
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

/** Keeps somebody while their turn lasts. @returns false when they are somebody else's by now. */
export const keepPerson = async (tx: Tx, { tenantId, userId, fence }: ClaimedPerson, leaseMs: number): Promise<boolean> => {
  const { numAffectedRows } =
    await sql`update app.notice_person set lease_until = clock_timestamp() + make_interval(secs => ${leaseMs}::float8 / 1000)
    where tenant_id = ${tenantId} and user_id = ${userId} and fence = ${fence}`.execute(tx);
  return numAffectedRows === 1n;
};

/** How long somebody is one process's, in milliseconds, unless it keeps them. */
export const leaseMs = 120_000;

export interface ClaimedPerson extends Owner {
  readonly fence: number;
}

/** Takes people of whom something may be due, for the role that sees all tenants and no content. Leases go by the database's clock. */
export const claimPeople = (db: Tx, { now, most }: { now: Date; most: number }): Promise<ClaimedPerson[]> =>
  sql<ClaimedPerson>`update app.notice_person set fence = fence + 1, lease_until = clock_timestamp() + make_interval(secs => ${leaseMs}::float8 / 1000)
    where (tenant_id, user_id) in (
      select tenant_id, user_id from app.notice_person
      where run_at <= ${now} and (lease_until is null or lease_until < clock_timestamp())
      order by run_at limit ${most} for update skip locked)
    returning tenant_id, user_id, fence::float8 as fence`
    .execute(db)
    .then(({ rows }) => rows);
