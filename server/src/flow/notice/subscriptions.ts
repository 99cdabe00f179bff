import { z } from 'zod';
import { FactotumError, type Id, isFactotumError, isId, newId } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import type { ObjectRef, TenantKeys } from '#trust/key';
import { arePushKeys } from './push/encrypt.ts';
import type { PushTarget } from './push/send.ts';
import type { Owner, SubscriptionRow } from './store.ts';

/** Most browsers of one person. */
const browsersMax = 20;

/** A browser as it says itself where it is pushed to (Push API, `PushSubscription.toJSON`). */
export const subscriptionInputSchema = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/ })
    .max(1_000)
    .refine((url) => new URL(url).username === '' && new URL(url).password === '', 'must not carry credentials'),
  keys: z.strictObject({ p256dh: z.string().max(200), auth: z.string().max(100) }),
  /** What its person knows it by. */
  name: z.string().trim().min(1).max(100),
});
export type SubscriptionInput = z.infer<typeof subscriptionInputSchema>;

const bodySchema = z.object({ endpoint: z.string(), p256dh: z.string(), auth: z.string(), name: z.string() });

/** A browser as its person sees it; where it is stays with us. */
export interface Subscription {
  readonly id: Id<'pushSubscription'>;
  readonly name: string;
  readonly createdAt: Date;
  readonly sentAt: Date | null;
  /** Whether it is the browser that asks: by the session. */
  readonly isThis: boolean;
}

interface By {
  readonly sessionId: Id<'session'>;
  readonly now: Date;
}

/**
 * Adds a browser, or notes that it is still there. It is one person's: whoever signs in to it and adds it has it, and nobody before them
 * is told anything there any more.
 *
 * @throws FactotumError `push.invalid` where its keys are none, or when there are too many.
 */
export async function subscribe(
  tx: Tx,
  keys: TenantKeys,
  { tenantId, userId }: Owner,
  { endpoint, keys: given, name, sessionId, now }: SubscriptionInput & By,
): Promise<Subscription> {
  if (!arePushKeys(given)) throw new FactotumError('push.invalid', 'The keys of this browser are not what browsers give.');
  const endpointMac = keys.mac('push.endpoint', endpoint);
  const known = await tx
    .selectFrom('pushSubscription')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('endpointMac', '=', endpointMac)
    .forUpdate()
    .executeTakeFirst();
  const isKnown = known !== undefined && known.userId === userId;
  if (!isKnown && (await rowsOf(tx, { tenantId, userId })).length >= browsersMax)
    throw new FactotumError('push.invalid', `You have ${browsersMax} browsers already. Remove one that you do not use.`);
  const subscriptionId = isKnown ? known.subscriptionId : newId('pushSubscription', now.getTime());
  const row: SubscriptionRow = {
    ...{ tenantId, subscriptionId, userId, sessionId, endpointMac, sentAt: isKnown ? known.sentAt : null },
    body: keys.seal('credential', refOf(subscriptionId), Buffer.from(JSON.stringify({ endpoint, ...given, name }))),
    createdAt: isKnown ? known.createdAt : now,
  };
  if (known !== undefined) await removeRow(tx, tenantId, known.subscriptionId);
  await tx
    .insertInto('pushSubscription')
    .values(row)
    // Two tabs at once: either has it.
    .onConflict((conflict) => conflict.columns(['tenantId', 'endpointMac']).doUpdateSet({ ...row }))
    .execute();
  if (!isKnown) await record(tx, row, 'browser added', now);
  return present(keys, row, sessionId);
}

export async function listSubscriptions(tx: Tx, keys: TenantKeys, owner: Owner, sessionId: string): Promise<Subscription[]> {
  return (await rowsOf(tx, owner)).map((row) => present(keys, row, sessionId));
}

/** @throws FactotumError `push.not_found`. */
export async function findSubscription(tx: Tx, owner: Owner, id: string): Promise<SubscriptionRow> {
  const row = isId('pushSubscription', id) ? (await rowsOf(tx, owner)).find(({ subscriptionId }) => subscriptionId === id) : undefined;
  if (row === undefined) throw new FactotumError('push.not_found', 'There is no such browser. List them to see which there are.');
  return row;
}

/** @throws FactotumError `push.not_found`. */
export async function unsubscribe(tx: Tx, owner: Owner, id: string, now: Date): Promise<void> {
  const row = await findSubscription(tx, owner, id);
  await removeRow(tx, owner.tenantId, row.subscriptionId);
  await record(tx, row, 'browser removed', now);
}

/** Somebody's browsers, the newest first. */
export const rowsOf = (tx: Tx, { tenantId, userId }: Owner): Promise<SubscriptionRow[]> =>
  tx
    .selectFrom('pushSubscription')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .orderBy('subscriptionId', 'desc')
    .execute();

export async function removeRow(tx: Tx, tenantId: Id<'tenant'>, id: Id<'pushSubscription'>): Promise<void> {
  await tx.deleteFrom('pushSubscription').where('tenantId', '=', tenantId).where('subscriptionId', '=', id).execute();
}

export async function markSent(tx: Tx, tenantId: Id<'tenant'>, id: Id<'pushSubscription'>, sentAt: Date): Promise<void> {
  await tx.updateTable('pushSubscription').set({ sentAt }).where('tenantId', '=', tenantId).where('subscriptionId', '=', id).execute();
}

/** Where a browser is pushed to; null for one that cannot be read any more. */
export function targetOf(keys: TenantKeys, row: SubscriptionRow): PushTarget | null {
  const opened = openRow(keys, row);
  return opened && { endpoint: opened.endpoint, p256dh: opened.p256dh, auth: opened.auth };
}

const refOf = (id: string): ObjectRef => ({ kind: 'push_subscription', id });

function openRow(keys: TenantKeys, { subscriptionId, body }: SubscriptionRow): z.infer<typeof bodySchema> | null {
  try {
    return bodySchema.parse(JSON.parse(keys.open('credential', refOf(subscriptionId), body).toString()));
  } catch (error) {
    // One broken row is no reason to tell somebody's other browsers nothing.
    if (isFactotumError(error, 'seal.broken')) return null;
    throw error;
  }
}

function present(keys: TenantKeys, row: SubscriptionRow, sessionId: string): Subscription {
  const { subscriptionId: id, createdAt, sentAt } = row;
  return { id, name: openRow(keys, row)?.name ?? '?', createdAt, sentAt, isThis: row.sessionId === sessionId };
}

const record = (tx: Tx, { tenantId, userId, subscriptionId }: SubscriptionRow, change: string, at: Date): Promise<void> =>
  recordAudit(tx, tenantId, [
    { kind: 'notice.changed', actor: `user:${userId}`, at, objectId: userId, detail: { change, browser: subscriptionId } },
  ]);
