import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { RoleDatabase, Tx } from '#kernel/database';

declare module '#kernel/database' {
  interface Tables {
    quotaCounter: { tenantId: string; name: string; windowStart: Date; used: number };
    quotaLimit: { tenantId: string; name: string; value: number; setBy: string; setAt: Date };
    quotaAlert: AlertTable;
    quotaHold: { tenantId: string; holdId: string; micros: number; heldAt: Date; expiresAt: Date };
  }
}

interface AlertTable {
  tenantId: string;
  name: string;
  spanStart: Date;
  level: number;
  used: number;
  allowed: number;
  raisedAt: Date;
  mailAt: Date | null;
}

/** One counter in one window. */
export interface CounterKey {
  readonly tenantId: Id<'tenant'>;
  readonly name: string;
  readonly windowStart: Date;
}

/**
 * Adds to a counter unless that would pass the limit: look and change are one statement, and the row's lock makes callers queue,
 * so no interleaving counts too many.
 * @returns what is used afterwards, or null when nothing was added.
 */
export async function addWithin(
  tx: Tx,
  { tenantId, name, windowStart }: CounterKey,
  amount: number,
  limit: number,
): Promise<number | null> {
  const { rows } = await sql<{ used: number }>`
    insert into quota_counter as counter (tenant_id, name, window_start, used)
    select ${tenantId}, ${name}, ${windowStart}, ${amount}::bigint where ${amount}::bigint <= ${limit}::bigint
    on conflict (tenant_id, name, window_start) do update set used = counter.used + excluded.used
    where counter.used + excluded.used <= ${limit}::bigint
    returning used`.execute(tx);
  return rows[0]?.used ?? null;
}

/** Holds the counter's row until the transaction ends, making it first where it is missing, and says what is used. */
export async function lockCounter(tx: Tx, { tenantId, name, windowStart }: CounterKey): Promise<number> {
  const { rows } = await sql<{ used: number }>`
    insert into quota_counter as counter (tenant_id, name, window_start, used) values (${tenantId}, ${name}, ${windowStart}, 0)
    on conflict (tenant_id, name, window_start) do update set used = counter.used
    returning used`.execute(tx);
  return rows[0]?.used ?? 0;
}

export const readUsed = (tx: Tx, { tenantId, name, windowStart }: CounterKey): Promise<number> =>
  tx
    .selectFrom('quotaCounter')
    .select('used')
    .where('tenantId', '=', tenantId)
    .where('name', '=', name)
    .where('windowStart', '=', windowStart)
    .executeTakeFirst()
    .then((row) => row?.used ?? 0);

/** Forgets a counter's windows before `windowStart`. Rows that somebody holds are left for the next time: this never waits. */
export async function forgetBefore(tx: Tx, { tenantId, name, windowStart }: CounterKey): Promise<void> {
  await sql`delete from quota_counter where (tenant_id, name, window_start) in (
    select tenant_id, name, window_start from quota_counter
    where tenant_id = ${tenantId} and name = ${name} and window_start < ${windowStart} limit 100 for update skip locked)`.execute(tx);
}

/** Adds without asking for a limit: what has happened is counted, also beyond it. @returns what is used afterwards. */
export async function addAnyhow(tx: Tx, { tenantId, name, windowStart }: CounterKey, amount: number): Promise<number> {
  const { rows } = await sql<{ used: number }>`
    insert into quota_counter as counter (tenant_id, name, window_start, used)
    values (${tenantId}, ${name}, ${windowStart}, greatest(${amount}::bigint, 0))
    on conflict (tenant_id, name, window_start) do update set used = greatest(counter.used + ${amount}::bigint, 0)
    returning used`.execute(tx);
  return rows[0]?.used ?? 0;
}

/**
 * Adds to a counter within the limit as it is set at this very moment; like `addWithin`.
 * @returns what is used afterwards and the limit; null when nothing was added.
 */
export async function addWithinLimit(
  tx: Tx,
  { tenantId, name, windowStart }: CounterKey,
  amount: number,
  defaultLimit: number,
): Promise<{ used: number; allowed: number } | null> {
  const { rows } = await sql<{ used: number; allowed: number }>`
    with lim as (select coalesce((select value from quota_limit where tenant_id = ${tenantId} and name = ${name}), ${defaultLimit}::bigint) as allowed)
    insert into quota_counter as counter (tenant_id, name, window_start, used)
    select ${tenantId}, ${name}, ${windowStart}, ${amount}::bigint from lim where ${amount}::bigint <= lim.allowed
    on conflict (tenant_id, name, window_start) do update set used = counter.used + excluded.used
    where counter.used + excluded.used <= (select allowed from lim)
    returning used, (select allowed from lim) as allowed`.execute(tx);
  return rows[0] ?? null;
}

export const selectLimits = (tx: Tx, tenantId: Id<'tenant'>): Promise<{ name: string; value: number }[]> =>
  tx.selectFrom('quotaLimit').select(['name', 'value']).where('tenantId', '=', tenantId).execute();

export async function upsertLimits(
  tx: Tx,
  tenantId: Id<'tenant'>,
  limits: readonly { name: string; value: number }[],
  { by, at }: { by: string; at: Date },
): Promise<void> {
  if (limits.length === 0) return;
  await tx
    .insertInto('quotaLimit')
    .values(limits.map(({ name, value }) => ({ tenantId, name, value, setBy: by, setAt: at })))
    .onConflict((conflict) =>
      conflict.columns(['tenantId', 'name']).doUpdateSet(({ ref }) => ({
        value: ref('excluded.value'),
        setBy: ref('excluded.setBy'),
        setAt: ref('excluded.setAt'),
      })),
    )
    .execute();
}

export async function deleteLimits(tx: Tx, tenantId: Id<'tenant'>, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await tx.deleteFrom('quotaLimit').where('tenantId', '=', tenantId).where('name', 'in', names).execute();
}

/** Forgets what is counted under these names, every alert, and what is put aside. */
export async function deleteUse(tx: Tx, tenantId: Id<'tenant'>, names: readonly string[]): Promise<void> {
  await tx.deleteFrom('quotaCounter').where('tenantId', '=', tenantId).where('name', 'in', names).execute();
  await tx.deleteFrom('quotaAlert').where('tenantId', '=', tenantId).execute();
  await tx.deleteFrom('quotaHold').where('tenantId', '=', tenantId).execute();
}

/** False when the alert has been given already. Of two at once the later waits for the earlier. */
export const insertAlert = (tx: Tx, alert: AlertTable): Promise<boolean> =>
  tx
    .insertInto('quotaAlert')
    .values(alert)
    .onConflict((conflict) => conflict.doNothing())
    .returning('level')
    .executeTakeFirst()
    .then((inserted) => inserted !== undefined);

/** Forgets the alerts of a quota, those above `below` only, so that they can be given again. */
export const deleteAlerts = (tx: Tx, tenantId: Id<'tenant'>, name: string, { above }: { above: number }): Promise<unknown> =>
  tx.deleteFrom('quotaAlert').where('tenantId', '=', tenantId).where('name', '=', name).where('level', '>', above).execute();

/** Alerts that have been given in these spans. */
export const selectAlerts = (tx: Tx, tenantId: Id<'tenant'>, since: Date): Promise<{ name: string; spanStart: Date; level: number }[]> =>
  tx
    .selectFrom('quotaAlert')
    .select(['name', 'spanStart', 'level'])
    .where('tenantId', '=', tenantId)
    .where((where) => where.or([where('spanStart', '>=', since), where('spanStart', '=', new Date(0))]))
    .execute();

export const insertHold = (
  tx: Tx,
  hold: { tenantId: Id<'tenant'>; holdId: string; micros: number; heldAt: Date; expiresAt: Date },
): Promise<unknown> => tx.insertInto('quotaHold').values(hold).execute();

/** Takes a hold away. Undefined when somebody has done so already. */
export const takeHold = (tx: Tx, tenantId: Id<'tenant'>, holdId: string): Promise<{ micros: number; heldAt: Date } | undefined> =>
  tx
    .deleteFrom('quotaHold')
    .where('tenantId', '=', tenantId)
    .where('holdId', '=', holdId)
    .returning(['micros', 'heldAt'])
    .executeTakeFirst();

/** What calls that may still come back have put aside since a moment. Forgets those that will not, but for what somebody holds: this never waits. */
export async function heldSince(tx: Tx, tenantId: Id<'tenant'>, since: Date, now: Date): Promise<number> {
  await sql`delete from quota_hold where (tenant_id, hold_id) in (
    select tenant_id, hold_id from quota_hold where tenant_id = ${tenantId} and expires_at <= ${now} limit 100 for update skip locked)`.execute(
    tx,
  );
  const { held } = await tx
    .selectFrom('quotaHold')
    .select(({ fn }) => fn.sum<number | null>('micros').as('held'))
    .where('tenantId', '=', tenantId)
    .where('heldAt', '>=', since)
    .where('expiresAt', '>', now)
    .executeTakeFirstOrThrow();
  return Number(held ?? 0);
}

/** All windows of these counters that are kept. */
export const selectCounters = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  names: readonly string[],
): Promise<{ name: string; windowStart: Date; used: number }[]> =>
  tx
    .selectFrom('quotaCounter')
    .select(['name', 'windowStart', 'used'])
    .where('tenantId', '=', tenantId)
    .where('name', 'in', names)
    .execute();

/** Tenants with tasks in hand for at least 80 % of what they may have at once, of all tenants in one look. */
export async function crowdedTenants(engine: RoleDatabase): Promise<{ tenantId: Id<'tenant'>; running: number; maxRunning: number }[]> {
  const { rows } = await engine.pool.query<{ tenantId: Id<'tenant'>; running: number; maxRunning: number }>({
    name: 'quota-crowded',
    text: `
      select r.tenant_id as "tenantId", r.running, q.max_running as "maxRunning"
      from (select tenant_id, count(*)::int as running from app.task where owner is not null group by tenant_id) r
      join app.tenant_queue q on q.tenant_id = r.tenant_id where r.running * 100 >= q.max_running * 80`,
  });
  return rows;
}

/** Tenants with an alert that is to be mailed. */
export async function dueAlertTenants(engine: RoleDatabase, now: Date): Promise<Id<'tenant'>[]> {
  const { rows } = await engine.pool.query<{ tenantId: Id<'tenant'> }>({
    name: 'quota-alerts-due',
    text: 'select distinct tenant_id as "tenantId" from app.quota_alert where mail_at is not null and mail_at <= $1 limit 1000',
    values: [now],
  });
  return rows.map(({ tenantId }) => tenantId);
}

export type DueAlert = Pick<AlertTable, 'name' | 'spanStart' | 'level' | 'used' | 'allowed'>;

/** Takes the tenant's alerts that are to be mailed until `until`: so long no other process takes them. */
export const takeDueAlerts = (tx: Tx, tenantId: Id<'tenant'>, now: Date, until: Date): Promise<DueAlert[]> =>
  tx
    .updateTable('quotaAlert')
    .set({ mailAt: until })
    .where('tenantId', '=', tenantId)
    .where('mailAt', '<=', now)
    .returning(['name', 'spanStart', 'level', 'used', 'allowed'])
    .execute();

export const markMailed = (tx: Tx, tenantId: Id<'tenant'>, { name, spanStart, level }: DueAlert): Promise<unknown> =>
  tx
    .updateTable('quotaAlert')
    .set({ mailAt: null })
    .where('tenantId', '=', tenantId)
    .where('name', '=', name)
    .where('spanStart', '=', spanStart)
    .where('level', '=', level)
    .execute();
