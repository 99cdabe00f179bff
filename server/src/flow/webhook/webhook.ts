import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { FactotumError, type Id, isId, newId } from '#kernel';
import type { Tx } from '#kernel/database';
import { publicHead, recordAudit } from '#trust/audit';
import type { ObjectRef, TenantKeys } from '#trust/key';
import { answeredWith } from './attempt.ts';
import { isPattern, trialKind, webhookKinds } from './kinds.ts';
import {
  type DeliveryRow,
  type DeliveryState,
  deleteWebhookRow,
  findDeliveryRow,
  findWebhookRow,
  insertDeliveries,
  insertWebhookRow,
  listDeliveryRows,
  listWebhookRows,
  lockWebhookRow,
  replaySince,
  settleDelivery,
  updateWebhookRow,
  type WebhookRow,
  type WebhookState,
} from './store.ts';

/** Most endpoints of a tenant. */
const webhooksMax = 50;
/** How long the secret before still signs. */
const overlapMs = 24 * 3_600_000;

/** What a person says of an endpoint. */
export const webhookInputSchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .refine((url) => new URL(url).username === '' && new URL(url).password === '', 'must not carry credentials'),
  description: z.string().trim().max(200).default(''),
  kinds: z
    .array(
      z
        .string()
        .max(64)
        .refine(isPattern, `must be *, a group like task.*, or one of ${webhookKinds.join(', ')}`),
    )
    .min(1)
    .max(50)
    .default(['*']),
});
export type WebhookInput = z.infer<typeof webhookInputSchema>;

const bodySchema = z.object({ url: z.string(), description: z.string(), kinds: z.array(z.string()).readonly() });
/** The newest first. `until`: when it stops signing; null: while nothing replaces it. */
const secretsSchema = z.array(z.object({ value: z.string(), until: z.string().nullable() }));
const answerSchema = z.object({ message: z.string() });

/** An endpoint as people see it. Its secret is shown when it is made, and never again. */
export interface Webhook extends WebhookInput {
  readonly id: Id<'webhook'>;
  readonly state: WebhookState;
  readonly version: number;
  /** In a row. */
  readonly failures: number;
  readonly failingSince: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** One telling as people see it. */
export interface Delivery {
  readonly id: Id<'delivery'>;
  readonly kind: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly nextAt: Date | null;
  readonly lastStatus: number | null;
  /**
   * What the far side said last, or why it could not be reached. It can repeat what it was sent: who may not read the audit log is told the
   * status alone.
   */
  readonly message: string | null;
  readonly createdAt: Date;
  readonly triedAt: Date | null;
  readonly deliveredAt: Date | null;
  /** The JSON that is sent, who did what included; null for who may not read the audit log. */
  readonly payload: string | null;
}

interface By {
  readonly actor: string;
  readonly at: Date;
}

export async function listWebhooks(tx: Tx, keys: TenantKeys): Promise<Webhook[]> {
  return (await listWebhookRows(tx, keys.tenantId)).map((row) => present(keys, row));
}

/** @throws FactotumError `webhook.not_found`. */
export async function readWebhook(tx: Tx, keys: TenantKeys, id: string): Promise<Webhook> {
  return present(keys, required(isId('webhook', id) ? await findWebhookRow(tx, keys.tenantId, id) : undefined));
}

/** It is told of what happens from now on. @throws FactotumError `webhook.invalid` when there are too many. */
export async function createWebhook(
  tx: Tx,
  keys: TenantKeys,
  { actor, at, ...input }: WebhookInput & By,
): Promise<{ webhook: Webhook; secret: string }> {
  const { tenantId } = keys;
  if ((await listWebhookRows(tx, tenantId)).length >= webhooksMax)
    throw new FactotumError('webhook.invalid', `There are ${webhooksMax} webhooks already. Delete one that nobody needs.`);
  const webhookId = newId('webhook', at.getTime());
  const secret = newSecret();
  const row: WebhookRow = {
    ...{ tenantId, webhookId, state: 'active', version: 1, nextSeq: (await publicHead(tx, tenantId))?.size ?? 0, runAt: at },
    ...{ leaseUntil: null, fence: 0, failures: 0, failingSince: null, author: actor, createdAt: at, updatedAt: at },
    body: sealBody(keys, webhookId, input),
    secrets: sealSecrets(keys, webhookId, [{ value: secret, until: null }]),
  };
  await insertWebhookRow(tx, row);
  await record(tx, row, 'created', { actor, at });
  return { webhook: present(keys, row), secret };
}

/**
 * What is left out stays. One that is made active again is told from where it stopped; another address is tried at once.
 *
 * @throws FactotumError `webhook.not_found`.
 */
export async function changeWebhook(
  tx: Tx,
  keys: TenantKeys,
  id: string,
  {
    actor,
    at,
    state,
    ...input
  }: { readonly [Name in keyof WebhookInput]?: WebhookInput[Name] | undefined } & {
    readonly state?: 'active' | 'paused' | undefined;
  } & By,
): Promise<Webhook> {
  const row = await locked(tx, keys, id);
  const said = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  const set = {
    body: sealBody(keys, row.webhookId, { ...openBody(keys, row), ...said }),
    ...{ state: state ?? row.state, version: row.version + 1, updatedAt: at },
    ...(state === 'active' || input.url !== undefined ? { runAt: at, failures: 0, failingSince: null } : {}),
  };
  await updateWebhookRow(tx, row, set);
  await record(tx, row, state === undefined || state === row.state ? 'changed' : state, { actor, at });
  return present(keys, { ...row, ...set });
}

/** What waits to be told is forgotten. @throws FactotumError `webhook.not_found`. */
export async function deleteWebhook(tx: Tx, keys: TenantKeys, id: string, by: By): Promise<void> {
  const row = await locked(tx, keys, id);
  await deleteWebhookRow(tx, keys.tenantId, row.webhookId);
  await record(tx, row, 'deleted', by);
}

/** A new secret; the one before signs beside it for a day. @throws FactotumError `webhook.not_found`. */
export async function rotateSecret(tx: Tx, keys: TenantKeys, id: string, by: By): Promise<{ secret: string; oldUntil: Date }> {
  const row = await locked(tx, keys, id);
  const [newest] = openSecrets(keys, row);
  const oldUntil = new Date(by.at.getTime() + overlapMs);
  const secret = newSecret();
  const old = newest === undefined ? [] : [{ value: newest.value, until: oldUntil.toISOString() }];
  await updateWebhookRow(tx, row, {
    secrets: sealSecrets(keys, row.webhookId, [{ value: secret, until: null }, ...old]),
    updatedAt: by.at,
  });
  await record(tx, row, 'secret', by);
  return { secret, oldUntil };
}

/** Sends something that means nothing. @throws FactotumError `webhook.not_found`, `webhook.invalid` unless it is active. */
export async function tryWebhook(tx: Tx, keys: TenantKeys, id: string, { actor, at }: By): Promise<Id<'delivery'>> {
  const row = await locked(tx, keys, id);
  if (row.state !== 'active') throw new FactotumError('webhook.invalid', 'This webhook is not active. Resume it first.');
  const trial = newDelivery(keys, row, { kind: trialKind, seq: null, at, dueAt: at, data: {} });
  await insertDeliveries(tx, [trial]);
  await updateWebhookRow(tx, row, { runAt: at });
  await recordAudit(tx, keys.tenantId, [
    { kind: 'webhook.tried', actor, at, objectId: row.webhookId, detail: { delivery: trial.deliveryId } },
  ]);
  return trial.deliveryId;
}

/**
 * What an endpoint was told, the newest first.
 *
 * @param query.mayReadLog - whether whoever asks may read the audit log: what is sent are entries of it
 * @throws FactotumError `webhook.not_found`.
 */
export async function listDeliveries(
  tx: Tx,
  keys: TenantKeys,
  query: {
    readonly id: string;
    readonly mayReadLog: boolean;
    readonly state?: DeliveryState | undefined;
    readonly before: string | null;
    readonly limit: number;
  },
): Promise<Delivery[]> {
  const { id: webhookId } = await readWebhook(tx, keys, query.id);
  const { mayReadLog, state, before, limit } = query;
  return (await listDeliveryRows(tx, { tenantId: keys.tenantId, webhookId, state, before, limit })).map((row) =>
    presentDelivery(keys, row, mayReadLog),
  );
}

/** Tells once more, under the same id. @throws FactotumError `webhook.not_found` for either. */
export async function replayDelivery(tx: Tx, keys: TenantKeys, id: string, deliveryId: string, by: By): Promise<void> {
  const row = await locked(tx, keys, id);
  const found = isId('delivery', deliveryId) ? await findDeliveryRow(tx, keys.tenantId, row.webhookId, deliveryId) : undefined;
  if (found === undefined) throw new FactotumError('webhook.not_found', 'There is no such delivery.');
  await settleDelivery(tx, found, { state: 'waiting', runAt: by.at, attempts: 0 });
  await updateWebhookRow(tx, row, { runAt: by.at });
  await recordReplay(tx, row, 1, by);
}

/** The same with all since a time. @returns how many. @throws FactotumError `webhook.not_found`. */
export async function replayDeliveries(tx: Tx, keys: TenantKeys, id: string, since: Date, by: By): Promise<number> {
  const row = await locked(tx, keys, id);
  const count = await replaySince(tx, keys.tenantId, row.webhookId, since, by.at);
  await updateWebhookRow(tx, row, { runAt: by.at });
  await recordReplay(tx, row, count, by);
  return count;
}

/** A telling that is still to be made. Its bytes are fixed now: every attempt sends the same. */
export function newDelivery(
  keys: TenantKeys,
  { tenantId, webhookId }: Pick<WebhookRow, 'tenantId' | 'webhookId'>,
  told: { readonly kind: string; readonly seq: number | null; readonly at: Date; readonly dueAt: Date; readonly data: object },
): DeliveryRow {
  const deliveryId = newId('delivery');
  const payload = JSON.stringify({ type: told.kind, timestamp: told.at.toISOString(), data: told.data });
  return {
    ...{ tenantId, webhookId, deliveryId, kind: told.kind, seq: told.seq, state: 'waiting', attempts: 0 },
    body: keys.seal('content', deliveryRef(deliveryId), Buffer.from(payload)),
    ...{ runAt: told.dueAt, lastStatus: null, answer: null, createdAt: told.dueAt, triedAt: null, deliveredAt: null },
  };
}

export const openBody = (keys: TenantKeys, { webhookId, body }: WebhookRow) => keys.openJson(bodyRef(webhookId), body, bodySchema);
export const openPayload = (keys: TenantKeys, { deliveryId, body }: DeliveryRow): Buffer =>
  keys.open('content', deliveryRef(deliveryId), body);
export const sealAnswer = (keys: TenantKeys, { deliveryId }: DeliveryRow, message: string): Buffer =>
  keys.sealJson(answerRef(deliveryId), { message });

/** Those that sign at this time. */
export const signingSecrets = (keys: TenantKeys, row: WebhookRow, at: Date): string[] =>
  openSecrets(keys, row)
    .filter(({ until }) => until === null || new Date(until) > at)
    .map(({ value }) => value);

const required = (row: WebhookRow | undefined): WebhookRow => {
  if (row === undefined) throw new FactotumError('webhook.not_found', 'There is no such webhook. List them to see which there are.');
  return row;
};
const locked = async (tx: Tx, { tenantId }: TenantKeys, id: string) =>
  required(isId('webhook', id) ? await lockWebhookRow(tx, tenantId, id, true) : undefined);

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;
const bodyRef = (id: string): ObjectRef => ({ kind: 'webhook', id });
const secretsRef = (id: string): ObjectRef => ({ kind: 'webhook.secrets', id });
const deliveryRef = (id: string): ObjectRef => ({ kind: 'webhook.delivery', id });
const answerRef = (id: string): ObjectRef => ({ kind: 'webhook.answer', id });
const sealBody = (keys: TenantKeys, id: string, { url, description, kinds }: z.infer<typeof bodySchema>) =>
  keys.sealJson(bodyRef(id), { url, description, kinds });
const sealSecrets = (keys: TenantKeys, id: string, secrets: z.infer<typeof secretsSchema>): Buffer =>
  keys.seal('credential', secretsRef(id), Buffer.from(JSON.stringify(secrets)));
const openSecrets = (keys: TenantKeys, { webhookId, secrets }: WebhookRow) =>
  secretsSchema.parse(JSON.parse(keys.open('credential', secretsRef(webhookId), secrets).toString()));

function present(keys: TenantKeys, row: WebhookRow): Webhook {
  const { webhookId: id, state, version, failures, failingSince, createdAt, updatedAt } = row;
  const { url, description, kinds } = openBody(keys, row);
  return { url, description, kinds: [...kinds], id, state, version, failures, failingSince, createdAt, updatedAt };
}

function presentDelivery(keys: TenantKeys, row: DeliveryRow, mayReadLog: boolean): Delivery {
  const { deliveryId: id, kind, state, attempts, runAt, lastStatus, answer, createdAt, triedAt, deliveredAt } = row;
  const said = answer === null ? null : keys.openJson(answerRef(id), answer, answerSchema).message;
  const message = said === null || lastStatus === null || mayReadLog ? said : answeredWith(lastStatus);
  const payload = mayReadLog ? openPayload(keys, row).toString() : null;
  return {
    id,
    kind,
    state,
    attempts,
    nextAt: state === 'waiting' ? runAt : null,
    lastStatus,
    message,
    createdAt,
    triedAt,
    deliveredAt,
    payload,
  };
}

const record = (tx: Tx, { tenantId, webhookId }: WebhookRow, change: string, { actor, at }: By): Promise<void> =>
  recordAudit(tx, tenantId, [{ kind: 'webhook.changed', actor, at, objectId: webhookId, detail: { change } }]);
const recordReplay = (tx: Tx, { tenantId, webhookId }: WebhookRow, count: number, { actor, at }: By): Promise<void> =>
  recordAudit(tx, tenantId, [{ kind: 'webhook.replayed', actor, at, objectId: webhookId, detail: { count } }]);

/** Says that an endpoint was given up, in the transaction that does so. */
export const recordStopped = (tx: Tx, row: WebhookRow, reason: string, at: Date): Promise<void> =>
  recordAudit(tx, row.tenantId, [
    { kind: 'webhook.changed', actor: 'system:webhook', at, objectId: row.webhookId, detail: { change: 'stopped', reason } },
  ]);
