import { createHash } from 'node:crypto';
import { currentAbsences, snoozedUntil } from '#flow/approval';
import type { OutsideNetwork } from '#flow/connection';
import type { Clock, Id, Logger } from '#kernel';
import { type Database, type Tx, withTenant } from '#kernel/database';
import type { Postman } from '#kernel/mail';
import { localeFor } from '#kernel/words';
import type { Principal, Reachable } from '#trust/identity';
import type { KeysOf, TenantKeys } from '#trust/key';
import { readTenant, refusalOf, type Tenant } from '#trust/tenant';
import { standInsOf, takersOf } from './away.ts';
import { kindsFor, type NoticeKind, noticeKinds } from './kinds.ts';
import { digestLetter, pushMessages, type Told } from './letter.ts';
import type { PushKey } from './push/push-key.ts';
import { sendPush } from './push/send.ts';
import { nextDigest, quietUntil } from './quiet.ts';
import type { Rules } from './rules.ts';
import { rulesOf } from './settings.ts';
import {
  type ClaimedPerson,
  deletePerson,
  findPerson,
  keepPerson,
  leaseMs,
  lockPerson,
  markPushed,
  type NoticeRow,
  nextDue,
  type SubscriptionRow,
  toldToOthers,
  updateNotices,
  updatePerson,
  waitingNotices,
} from './store.ts';
import { type OnBroken, readSubject } from './subject.ts';
import { markSent, removeRow, rowsOf, targetOf } from './subscriptions.ts';

export interface TurnDeps {
  readonly database: Pick<Database, 'app'>;
  readonly keysOf: KeysOf;
  readonly network: Pick<OutsideNetwork, 'fetch'>;
  readonly pushKey: PushKey;
  readonly postman: Pick<Postman, 'isConfigured' | 'send'>;
  readonly clock: Clock;
  readonly membersOf: (tenantId: Id<'tenant'>, only?: readonly string[]) => Promise<readonly Reachable[]>;
  /** Whom a session stands for, also while it rests; null when it has ended. */
  readonly principalOf: (sessionId: Id<'session'>) => Promise<Principal | null>;
  /** Where people open us. */
  readonly origin: () => string;
  readonly log: Logger;
  readonly onBroken: OnBroken;
  /** Told of each letter that the mail server has not taken. */
  readonly onMailFault: (fault: { readonly tenantId: Id<'tenant'>; readonly error: unknown }) => void;
}

/** Sent in one turn at most; what is left is due at the next. */
const atOnceMax = 100;
/** What a browser's service did not take is tried again after these, in seconds, and then left: it stands on the page. */
const waitsS = [60, 300, 1_800, 7_200];
/** A mail is tried again after the same, then as often as the last of these says, and with each digest that is due. */
const mailWaitsS = [...waitsS, 21_600];
/** What the mail server has not taken for so long is left: it stands on the page. */
const mailTriesMax = 40;
/** A tenant that does not work now is looked at again after this. */
const restMs = 3_600_000;

/** One person's turn: what is due and still needs them is sent where they want it, each to each browser once. */
export async function takeTurn(deps: TurnDeps, claimed: ClaimedPerson, signal: AbortSignal): Promise<void> {
  const { database, log } = deps;
  // A mail server or a service may take its time. As long as the turn goes on nobody else begins one.
  const keeping = setInterval(() => {
    withTenant(database.app.db, claimed.tenantId, (tx) => keepPerson(tx, claimed, leaseMs)).catch((error: unknown) =>
      log.debug({ err: error, tenantId: claimed.tenantId }, 'notices: a lease could not be renewed; it is tried again'),
    );
  }, leaseMs / 4).unref();
  try {
    await sendDue(deps, claimed, signal);
  } finally {
    clearInterval(keeping);
  }
}

async function sendDue(deps: TurnDeps, claimed: ClaimedPerson, signal: AbortSignal): Promise<void> {
  const { database, keysOf, clock, membersOf } = deps;
  const { tenantId, userId } = claimed;
  const inTenant = <R>(work: (tx: Tx) => Promise<R>) => withTenant(database.app.db, tenantId, work);
  const keys = await keysOf(tenantId);
  const [member] = await membersOf(tenantId, [userId]);
  if (member === undefined) return inTenant((tx) => deletePerson(tx, claimed));
  const now = clock.now();
  const absences = await inTenant((tx) => currentAbsences(tx, tenantId, now));
  const absence = absences.find((one) => one.userId === userId);
  const to = standInsOf(absences).get(userId);
  const away =
    absence === undefined || to === undefined
      ? null
      : { until: absence.until, takers: takersOf({ userId, to }, { kinds: noticeKinds, members: await membersOf(tenantId) }) };
  const found = await inTenant(async (tx) => {
    const tenant = await readTenant(tx, tenantId);
    if (refusalOf(tenant) !== null) return null;
    const rules = rulesOf(keys, await findPerson(tx, claimed));
    const locale = localeFor(member.language, tenant.settings.locale);
    return { tenant, rules, locale, ...(await sift(tx, deps, claimed, { keys, member, rules, tenant, away, locale, now })) };
  });
  if (found === null) return inTenant((tx) => release(tx, claimed, new Date(now.getTime() + restMs)));
  if (found.pushes.length > 0) await push(deps, { claimed, keys, ...found }, signal);
  if (found.mails.length > 0) await mail(deps, { claimed, member, ...found });
  await inTenant((tx) => release(tx, claimed, null));
}

interface Due {
  readonly row: NoticeRow;
  readonly told: Told;
}

interface Sifted {
  readonly keys: TenantKeys;
  readonly member: Reachable;
  readonly rules: Rules;
  readonly tenant: Tenant;
  /** Of whoever is told. */
  readonly locale: string;
  /** Until when who else is asked about what, in their place. */
  readonly away: { readonly until: Date; readonly takers: ReadonlyMap<NoticeKind, readonly Id<'user'>[]> } | null;
  readonly now: Date;
}

/**
 * What is due and may go out. What needs nobody any more, or is not for this person now, is taken off. What comes in quiet hours waits, as
 * does what they have put off, and while somebody else is asked in their place what those have been told of as well.
 */
async function sift(
  tx: Tx,
  { onBroken }: Pick<TurnDeps, 'onBroken'>,
  { tenantId, userId }: ClaimedPerson,
  { keys, member, rules, tenant, away, locale, now }: Sifted,
): Promise<{ pushes: Due[]; mails: Due[] }> {
  const pushes: Due[] = [];
  const mails: Due[] = [];
  const kinds = kindsFor(member.permissions);
  const zone = rules.zone ?? tenant.settings.timeZone;
  const quietEnd = quietUntil(now, rules.quiet, zone);
  const rows = await waitingNotices(tx, { tenantId, userId }, { due: now, limit: atOnceMax });
  const putOff = await snoozedUntil(tx, { tenantId, userId, approvalIds: rows.map(({ objectId }) => objectId), now });
  const takenOver = await takenOverOf(tx, tenantId, rows, away);
  for (const row of rows) {
    const subject = kinds.includes(row.kind) ? await readSubject(tx, keys, row, { now, locale, onBroken }) : null;
    if (subject === null || !subject.isOpen) {
      await updateNotices(tx, tenantId, [row.noticeId], { pushAt: null, mailAt: null });
      continue;
    }
    const due = {
      row,
      told: { noticeId: row.noticeId, kind: row.kind, title: subject.title, url: subject.url, risk: row.risk },
    };
    const notTheirs = takenOver.get(row.noticeId) ?? putOff.get(row.objectId) ?? null;
    // What is put off begins anew when it is theirs again, whoever has not taken it before.
    const [pushTries, mailTries] = notTheirs === null ? [row.pushTries, row.mailTries] : [0, 0];
    const heldUntil = notTheirs ?? quietEnd;
    if (row.pushAt !== null && row.pushAt <= now) {
      if (heldUntil === null) pushes.push(due);
      else await updateNotices(tx, tenantId, [row.noticeId], { pushAt: heldUntil, pushTries });
    }
    if (row.mailAt === null) continue;
    // One that the mail server has not taken goes with whatever else is due.
    if (row.mailAt > now && row.mailTries === 0) continue;
    if (notTheirs === null && (quietEnd === null || row.mail === 'digest')) mails.push(due);
    // Whether a digest has it is asked again at each.
    else
      await updateNotices(tx, tenantId, [row.noticeId], {
        mailAt: row.mail === 'digest' ? nextDigest(now, rules.digest, zone) : heldUntil,
        mailTries,
      });
  }
  return { pushes, mails };
}

/** Of somebody's notices those that others see to while they are away, each with when that ends. */
async function takenOverOf(
  tx: Tx,
  tenantId: Id<'tenant'>,
  rows: readonly NoticeRow[],
  away: Sifted['away'],
): Promise<ReadonlyMap<string, Date>> {
  if (away === null) return new Map();
  const { takers, until } = away;
  const kindOf = new Map<string, NoticeKind>(rows.map(({ noticeId, kind }) => [noticeId, kind]));
  const told = await toldToOthers(tx, tenantId, { noticeIds: [...kindOf.keys()], userIds: [...new Set([...takers.values()].flat())] });
  return new Map(
    told.flatMap(({ noticeId, userId }) => {
      const kind = kindOf.get(noticeId);
      return kind !== undefined && takers.get(kind)?.some((taker) => taker === userId) === true ? [[noticeId, until] as const] : [];
    }),
  );
}

interface Work {
  readonly claimed: ClaimedPerson;
  readonly keys: TenantKeys;
  readonly rules: Rules;
  readonly tenant: Tenant;
  /** Of whoever is told. */
  readonly locale: string;
}

async function push(
  deps: TurnDeps,
  { claimed, keys, rules, locale, pushes }: Work & { pushes: readonly Due[] },
  signal: AbortSignal,
): Promise<void> {
  const { database, clock } = deps;
  const { tenantId } = claimed;
  const inTenant = <R>(work: (tx: Tx) => Promise<R>) => withTenant(database.app.db, tenantId, work);
  const again = new Set<string>();
  let isLost = false;

  async function pushTo(subscription: SubscriptionRow): Promise<void> {
    const { subscriptionId } = subscription;
    const principal = await deps.principalOf(subscription.sessionId);
    // The session was ended: what is pushed there would be read by whoever has the machine now.
    if (principal?.actor !== `user:${claimed.userId}`) return inTenant((tx) => removeRow(tx, tenantId, subscriptionId));
    // Signed in to another tenant meanwhile: there is nothing of this one on that screen.
    if (principal.tenantId !== tenantId) return;
    const target = targetOf(keys, subscription);
    // It adds itself again when its person opens the dashboard in it.
    if (target === null) return inTenant((tx) => removeRow(tx, tenantId, subscriptionId));
    const kinds = kindsFor(principal.permissions);
    let owed = pushes.filter(({ row, told }) => kinds.includes(told.kind) && !row.pushed.includes(subscriptionId)).map(({ told }) => told);
    for (const { message, told } of pushMessages(owed, { hasTitles: rules.titles.push, locale })) {
      isLost ||= !(await isMine(inTenant, claimed));
      if (isLost) return;
      const isUrgent = told.some(({ risk }) => risk === 'high');
      const outcome = await sendPush(deps, target, message, { isUrgent, signal });
      if (outcome.kind === 'gone') return inTenant((tx) => removeRow(tx, tenantId, subscriptionId));
      if (outcome.kind === 'failed' && outcome.retry) {
        // Whoever does not answer now is not asked for the next one either.
        for (const { noticeId } of owed) again.add(noticeId);
        return;
      }
      owed = owed.filter((one) => !told.includes(one));
      if (outcome.kind === 'failed') continue;
      await inTenant(async (tx) => {
        const ids = told.map(({ noticeId }) => noticeId);
        await markPushed(tx, tenantId, ids, subscriptionId);
        await markSent(tx, tenantId, subscriptionId, clock.now());
      });
    }
  }

  // Side by side: three messages to the slowest service end well within the lease, however many browsers there are.
  const ends = await Promise.allSettled((await inTenant((tx) => rowsOf(tx, claimed))).map(pushTo));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  if (isLost) return;
  await inTenant(async (tx) => {
    for (const { row } of pushes) {
      const waitS = again.has(row.noticeId) ? waitsS[row.pushTries] : undefined;
      const pushAt = waitS === undefined ? null : later(clock.now(), waitS);
      await updateNotices(tx, tenantId, [row.noticeId], { pushAt, pushTries: row.pushTries + 1 });
    }
  });
}

async function mail(
  deps: TurnDeps,
  { claimed, member, rules, tenant, locale, mails }: Omit<Work, 'keys'> & { member: Reachable; mails: readonly Due[] },
): Promise<void> {
  const { database, postman, clock } = deps;
  const { tenantId } = claimed;
  const inTenant = <R>(work: (tx: Tx) => Promise<R>) => withTenant(database.app.db, tenantId, work);
  const ids = mails.map(({ row }) => row.noticeId);
  const isPossible = postman.isConfigured && member.email !== null;
  if (isPossible && !(await isMine(inTenant, claimed))) return;
  const told = mails.map((one) => one.told);
  const letter = digestLetter(told, { tenant: tenant.title, origin: deps.origin(), hasTitles: rules.titles.mail, locale });
  // The same things under the same id: where the server's yes was lost, mailboxes keep one of the two.
  const id = createHash('sha256').update(ids.join(' ')).digest('hex').slice(0, 32);
  const fault = isPossible ? await postman.send({ to: member.email, id, ...letter }).then(noFault, (error: unknown) => ({ error })) : null;
  if (fault !== null) deps.onMailFault({ tenantId, error: fault.error });
  await inTenant(async (tx) => {
    if (fault === null) return updateNotices(tx, tenantId, ids, { mailAt: null });
    const at = clock.now();
    // What came along waits for its own time: its tries say for how long it has waited.
    const due = mails.flatMap(({ row }) => (row.mailAt !== null && row.mailAt <= at ? [row] : []));
    const waitS = mailWaitsS[Math.min(Math.max(...due.map(({ mailTries }) => mailTries)), mailWaitsS.length - 1)] ?? 0;
    // Together again: what waits for the same mail server is one letter.
    for (const { noticeId, mailTries } of due) {
      const mailAt = mailTries + 1 >= mailTriesMax ? null : later(at, waitS);
      await updateNotices(tx, tenantId, [noticeId], { mailAt, mailTries: mailTries + 1 });
    }
  });
}

const noFault = () => null;

/** Whether the turn is still this process's: asked before each thing that cannot be taken back. */
const isMine = (inTenant: <R>(work: (tx: Tx) => Promise<R>) => Promise<R>, claimed: ClaimedPerson): Promise<boolean> =>
  inTenant(async (tx) => (await findPerson(tx, claimed))?.fence === claimed.fence);

/** Gives the person back, to be taken again when something is due. @param notBefore - where nothing can be sent before */
async function release(tx: Tx, claimed: ClaimedPerson, notBefore: Date | null): Promise<void> {
  const row = await lockPerson(tx, claimed);
  if (row === undefined || row.fence !== claimed.fence) return;
  const due = await nextDue(tx, claimed);
  const runAt = due === null || notBefore === null || due > notBefore ? due : notBefore;
  await updatePerson(tx, claimed, { leaseUntil: null, runAt });
}

const later = (at: Date, seconds: number): Date => new Date(at.getTime() + seconds * 1_000);
