import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

export type WebhookState = 'active' | 'paused' | 'broken';
export type DeliveryState = 'waiting' | 'delivered' | 'failed';

export interface WebhookRow {
  tenantId: Id<'tenant'>;
  webhookId: Id<'webhook'>;
  state: WebhookState;
  version: number;
  body: Buffer;
  secrets: Buffer;
  nextSeq: number;
  runAt: Date | null;
  leaseUntil: Date | null;
  fence: number;
  failures: number;
  failingSince: Date | null;
  author: string;
  createdAt: Date;
  updatedAt: Date;
}

export interface DeliveryRow {
  tenantId: Id<'tenant'>;
  webhookId: Id<'webhook'>;
  deliveryId: Id<'delivery'>;
  kind: string;
  seq: number | null;
  state: DeliveryState;
  body: Buffer;
  attempts: number;
  runAt: Date | null;
  lastStatus: number | null;
  answer: Buffer | null;
  createdAt: Date;
  triedAt: Date | null;
  deliveredAt: Date | null;
}

declare module '#kernel/database' {
  interface Tables {
    webhook: WebhookRow;
    webhookDelivery: DeliveryRow;
  }
}

export const listWebhookRows = (tx: Tx, tenantId: Id<'tenant'>): Promise<WebhookRow[]> =>
  tx.selectFrom('webhook').selectAll().where('tenantId', '=', tenantId).orderBy('webhookId').execute();

export const findWebhookRow = (tx: Tx, tenantId: Id<'tenant'>, id: Id<'webhook'>): Promise<WebhookRow | undefined> =>
  tx.selectFrom('webhook').selectAll().where('tenantId', '=', tenantId).where('webhookId', '=', id).executeTakeFirst();

/** Locked until the end of the transaction; undefined also where somebody else has it and `isPatient` is false. */
export function lockWebhookRow(tx: Tx, tenantId: Id<'tenant'>, id: Id<'webhook'>, isPatient: boolean): Promise<WebhookRow | undefined> {
  const query = tx.selectFrom('webhook').selectAll().where('tenantId', '=', tenantId).where('webhookId', '=', id).forNoKeyUpdate();
  return (isPatient ? query : query.skipLocked()).executeTakeFirst();
}

export async function insertWebhookRow(tx: Tx, row: WebhookRow): Promise<void> {
  await tx.insertInto('webhook').values(row).execute();
}

export async function updateWebhookRow(
  tx: Tx,
  { tenantId, webhookId }: Pick<WebhookRow, 'tenantId' | 'webhookId'>,
  set: Partial<WebhookRow>,
): Promise<void> {
  await tx.updateTable('webhook').set(set).where('tenantId', '=', tenantId).where('webhookId', '=', webhookId).execute();
}

export const deleteWebhookRow = (tx: Tx, tenantId: Id<'tenant'>, id: Id<'webhook'>): Promise<boolean> =>
  tx
    .deleteFrom('webhook')
    .where('tenantId', '=', tenantId)
    .where('webhookId', '=', id)
    .executeTakeFirst()
    .then(({ numDeletedRows }) => numDeletedRows > 0n);

export async function insertDeliveries(tx: Tx, rows: readonly DeliveryRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx
    .insertInto('webhookDelivery')
    .values([...rows])
    .onConflict((conflict) => conflict.columns(['tenantId', 'webhookId', 'seq']).doNothing())
    .execute();
}

/** Those that are due, the oldest first. */
export const dueDeliveries = (tx: Tx, tenantId: Id<'tenant'>, id: Id<'webhook'>, now: Date, most: number): Promise<DeliveryRow[]> =>
  tx
    .selectFrom('webhookDelivery')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('webhookId', '=', id)
    .where('state', '=', 'waiting')
    .where('runAt', '<=', now)
    .orderBy('runAt')
    .orderBy('seq')
    .limit(most)
    .execute();

/** When the next one is due; null when none waits. */
export const nextDue = (tx: Tx, tenantId: Id<'tenant'>, id: Id<'webhook'>): Promise<Date | null> =>
  tx
    .selectFrom('webhookDelivery')
    .select(({ fn }) => fn.min('runAt').as('at'))
    .where('tenantId', '=', tenantId)
    .where('webhookId', '=', id)
    .where('state', '=', 'waiting')
    .executeTakeFirst()
    .then((row) => row?.at ?? null);

export async function settleDelivery(tx: Tx, { tenantId, deliveryId }: DeliveryRow, set: Partial<DeliveryRow>): Promise<void> {
  await tx.updateTable('webhookDelivery').set(set).where('tenantId', '=', tenantId).where('deliveryId', '=', deliveryId).execute();
}

export interface DeliveryQuery {
  readonly tenantId: Id<'tenant'>;
  readonly webhookId: Id<'webhook'>;
  readonly state?: DeliveryState | undefined;
  readonly before: string | null;
  readonly limit: number;
}

/** Newest first. */
export function listDeliveryRows(tx: Tx, { tenantId, webhookId, state, before, limit }: DeliveryQuery): Promise<DeliveryRow[]> {
  let query = tx.selectFrom('webhookDelivery').selectAll().where('tenantId', '=', tenantId).where('webhookId', '=', webhookId);
  if (state !== undefined) query = query.where('state', '=', state);
  // Ids of one kind sort by the time they were made.
  if (before !== null) query = query.where('deliveryId', '<', before as Id<'delivery'>);
  return query.orderBy('deliveryId', 'desc').limit(limit).execute();
}

export const findDeliveryRow = (tx: Tx, tenantId: Id<'tenant'>, webhookId: Id<'webhook'>, id: Id<'delivery'>) =>
  tx
    .selectFrom('webhookDelivery')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('webhookId', '=', webhookId)
    .where('deliveryId', '=', id)
    .executeTakeFirst();

/** Puts what was told since then up again, whatever became of it. @returns how many. */
export const replaySince = (tx: Tx, tenantId: Id<'tenant'>, id: Id<'webhook'>, since: Date, now: Date): Promise<number> =>
  tx
    .updateTable('webhookDelivery')
    .set({ state: 'waiting', runAt: now, attempts: 0 })
    .where('tenantId', '=', tenantId)
    .where('webhookId', '=', id)
    .where('state', '!=', 'waiting')
    .where('createdAt', '>=', since)
    .executeTakeFirst()
    .then(({ numUpdatedRows }) => Number(numUpdatedRows));

/** Forgets what is older and no longer waits. */
export async function forgetDeliveries(tx: Tx, tenantId: Id<'tenant'>, before: Date): Promise<void> {
  await tx
    .deleteFrom('webhookDelivery')
    .where('tenantId', '=', tenantId)
    .where('createdAt', '<', before)
    .where('state', '!=', 'waiting')
    .execute();
}

export interface ClaimedWebhook {
  readonly tenantId: Id<'tenant'>;
  readonly webhookId: Id<'webhook'>;
  readonly fence: number;
}

/** Takes endpoints at which something may be due, for the role that sees all tenants and no content. Leases go by the database's clock. */
export const claimWebhooks = (db: Tx, { now, most, leaseMs }: { now: Date; most: number; leaseMs: number }): Promise<ClaimedWebhook[]> =>
  sql<ClaimedWebhook>`update app.webhook set fence = fence + 1, lease_until = clock_timestamp() + make_interval(secs => ${leaseMs}::float8 / 1000)
    where (tenant_id, webhook_id) in (
      select tenant_id, webhook_id from app.webhook
      where state = 'active' and run_at <= ${now} and (lease_until is null or lease_until < clock_timestamp())
      order by run_at limit ${most} for update skip locked)
    returning tenant_id, webhook_id, fence::float8 as fence`
    .execute(db)
    .then(({ rows }) => rows);

/** Whose endpoints are active: what they are to be told of is looked for. */
export const activeTenants = (db: Tx): Promise<Id<'tenant'>[]> =>
  db
    .selectFrom('webhook')
    .select('tenantId')
    .distinct()
    .where('state', '=', 'active')
    .execute()
    .then((rows) => rows.map(({ tenantId }) => tenantId));
