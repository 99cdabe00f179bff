import type { OutsideNetwork } from '#flow/connection';
import type { Clock, Id } from '#kernel';
import { type Database, type Tx, withTenant } from '#kernel/database';
import type { Postman } from '#kernel/mail';
import type { Principal, Reachable } from '#trust/identity';
import type { KeysOf, TenantKeys } from '#trust/key';
import { readTenant, refusalOf, type Tenant } from '#trust/tenant';
import { kindsFor } from './kinds.ts';
import { digestLetter, pushMessages, type Told } from './letter.ts';
import type { PushKey } from './push/push-key.ts';
import { sendPush } from './push/send.ts';
import { quietUntil } from './quiet.ts';
import type { Rules } from './rules.ts';
import { rulesOf } from './settings.ts';
import {
  type ClaimedPerson,
  deletePerson,
  findPerson,
  lockPerson,
  markPushed,
  type NoticeRow,
  nextDue,
  type SubscriptionRow,
  updateNotices,
  updatePerson,
  waitingNotices,
} from './store.ts';
import { findSubject } from './subject.ts';
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
}

/** Sent in one turn at most; what is left is due at the next. */
const atOnceMax = 100;
/** What could not be sent is tried again after these, in seconds, and then left: it stands on the page. */
const waitsS = [60, 300, 1_800, 7_200];
/** A tenant that does not work now is looked at again after this. */
const restMs = 3_600_000;

/** One person's turn: what is due and still needs them is sent where they want it, each to each browser once. */
export async function takeTurn(deps: TurnDeps, claimed: ClaimedPerson, signal: AbortSignal): Promise<void> {
  const { database, keysOf, clock, membersOf } = deps;
  const { tenantId, userId } = claimed;
  const inTenant = <R>(work: (tx: Tx) => Promise<R>) => withTenant(database.app.db, tenantId, work);
  const keys = await keysOf(tenantId);
  const [member] = await membersOf(tenantId, [userId]);
  if (member === undefined) return inTenant((tx) => deletePerson(tx, claimed));
  const now = clock.now();
  const found = await inTenant(async (tx) => {
    const tenant = await readTenant(tx, tenantId);
    if (refusalOf(tenant) !== null) return null;
    const rules = rulesOf(keys, await findPerson(tx, claimed));
    return { tenant, rules, ...(await sift(tx, keys, claimed, { member, rules, tenant, now })) };
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

/** What is due and may go out. What needs nobody any more, or is not for this person now, is taken off; what comes in quiet hours waits. */
async function sift(
  tx: Tx,
  keys: TenantKeys,
  { tenantId, userId }: ClaimedPerson,
  { member, rules, tenant, now }: { member: Reachable; rules: Rules; tenant: Tenant; now: Date },
): Promise<{ pushes: Due[]; mails: Due[] }> {
  const pushes: Due[] = [];
  const mails: Due[] = [];
  const kinds = kindsFor(member.permissions);
  const heldUntil = quietUntil(now, rules.quiet, rules.zone ?? tenant.settings.timeZone);
  const isDue = (at: Date | null): at is Date => at !== null && at <= now;
  for (const row of await waitingNotices(tx, { tenantId, userId }, { due: now, limit: atOnceMax })) {
    const subject = kinds.includes(row.kind) ? await findSubject(tx, keys, row, now) : null;
    if (subject === null || !subject.isOpen) {
      await updateNotices(tx, tenantId, [row.noticeId], { pushAt: null, mailAt: null });
      continue;
    }
    const due = { row, told: { noticeId: row.noticeId, kind: row.kind, title: subject.title, url: subject.url, risk: row.risk } };
    if (isDue(row.pushAt)) {
      if (heldUntil === null) pushes.push(due);
      else await updateNotices(tx, tenantId, [row.noticeId], { pushAt: heldUntil });
    }
    if (isDue(row.mailAt)) {
      if (heldUntil === null || row.mail === 'digest') mails.push(due);
      else await updateNotices(tx, tenantId, [row.noticeId], { mailAt: heldUntil });
    }
  }
  return { pushes, mails };
}

interface Work {
  readonly claimed: ClaimedPerson;
  readonly keys: TenantKeys;
  readonly rules: Rules;
  readonly tenant: Tenant;
}

async function push(
  deps: TurnDeps,
  { claimed, keys, rules, pushes }: Work & { pushes: readonly Due[] },
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
    const kinds = kindsFor(principal.permissions);
    let owed = pushes.filter(({ row, told }) => kinds.includes(told.kind) && !row.pushed.includes(subscriptionId)).map(({ told }) => told);
    for (const { message, told } of pushMessages(owed, rules.titles.push)) {
      isLost ||= !(await isMine(inTenant, claimed));
      if (isLost) return;
      const isUrgent = told.some(({ risk }) => risk === 'high');
      const outcome = await sendPush(deps, targetOf(keys, subscription), message, { isUrgent, signal });
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
  { claimed, member, rules, tenant, mails }: Omit<Work, 'keys'> & { member: Reachable; mails: readonly Due[] },
): Promise<void> {
  const { database, postman, clock } = deps;
  const { tenantId } = claimed;
  const inTenant = <R>(work: (tx: Tx) => Promise<R>) => withTenant(database.app.db, tenantId, work);
  const ids = mails.map(({ row }) => row.noticeId);
  const isPossible = postman.isConfigured && member.email !== null;
  if (isPossible && !(await isMine(inTenant, claimed))) return;
  const told = mails.map((one) => one.told);
  const letter = digestLetter(told, { tenant: tenant.title, origin: deps.origin(), hasTitles: rules.titles.mail });
  const isDone =
    !isPossible ||
    (await postman.send({ to: member.email, ...letter }).then(
      () => true,
      () => false,
    ));
  await inTenant(async (tx) => {
    if (isDone) return updateNotices(tx, tenantId, ids, { mailAt: null });
    for (const { row } of mails) {
      const waitS = waitsS[row.mailTries];
      const mailAt = waitS === undefined ? null : later(clock.now(), waitS);
      await updateNotices(tx, tenantId, [row.noticeId], { mailAt, mailTries: row.mailTries + 1 });
    }
  });
}

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
