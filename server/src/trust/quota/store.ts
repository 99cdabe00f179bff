import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

declare module '#kernel/database' {
  interface Tables {
    quotaCounter: { tenantId: string; name: string; windowStart: Date; used: number };
  }
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
