import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

/** One key's row in the hands of the request that wrote `since` into it. */
interface Mine {
  readonly tenantId: Id<'tenant'>;
  readonly keyMac: Buffer;
  readonly since: Date;
}

/** Takes a key that nobody has. Waits for whoever is inserting it at this moment. @returns false when somebody has it. */
export async function claim(tx: Tx, { tenantId, keyMac, requestMac, since }: Mine & { requestMac: Buffer }): Promise<boolean> {
  const done = await sql`insert into app.idempotency (tenant_id, key_mac, request_mac, created_at)
    values (${tenantId}, ${keyMac}, ${requestMac}, ${since}) on conflict do nothing`.execute(tx);
  return done.numAffectedRows === 1n;
}

export async function findClaim(
  tx: Tx,
  tenantId: Id<'tenant'>,
  keyMac: Buffer,
): Promise<{ requestMac: Buffer; response: Buffer | null; createdAt: Date } | undefined> {
  const found = await sql<{ requestMac: Buffer; response: Buffer | null; createdAt: Date }>`select request_mac, response, created_at
    from app.idempotency where tenant_id = ${tenantId} and key_mac = ${keyMac}`.execute(tx);
  return found.rows[0];
}

/** Takes a key over from a request of which nothing will come any more. @returns false when somebody else was faster. */
export async function takeOver(
  tx: Tx,
  { tenantId, keyMac, requestMac, since, before }: Mine & { requestMac: Buffer; before: Date },
): Promise<boolean> {
  const done = await sql`update app.idempotency set request_mac = ${requestMac}, created_at = ${since}, status = null, response = null
    where tenant_id = ${tenantId} and key_mac = ${keyMac} and created_at = ${before}`.execute(tx);
  return done.numAffectedRows === 1n;
}

export async function keepAnswer(
  tx: Tx,
  { tenantId, keyMac, since, status, response }: Mine & { status: number; response: Buffer },
): Promise<void> {
  await sql`update app.idempotency set status = ${status}, response = ${response}
    where tenant_id = ${tenantId} and key_mac = ${keyMac} and created_at = ${since}`.execute(tx);
}

export async function giveUp(tx: Tx, { tenantId, keyMac, since }: Mine): Promise<void> {
  await sql`delete from app.idempotency where tenant_id = ${tenantId} and key_mac = ${keyMac} and created_at = ${since}`.execute(tx);
}

/** In bites: a tenant that has kept a million answers must not pay for all of them at once. */
export async function deleteOlder(tx: Tx, tenantId: Id<'tenant'>, than: Date): Promise<void> {
  await sql`delete from app.idempotency where tenant_id = ${tenantId} and key_mac in (
    select key_mac from app.idempotency where tenant_id = ${tenantId} and created_at < ${than} order by created_at limit 1000 for update skip locked)`.execute(
    tx,
  );
}
