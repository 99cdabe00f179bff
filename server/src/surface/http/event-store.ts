import { sql } from 'kysely';
import type { EventRow } from '#engine';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

export type { EventRow };

/** One event, still sealed. */
export async function selectEvent(tx: Tx, tenantId: Id<'tenant'>, eventId: string): Promise<EventRow | undefined> {
  const found = await sql<EventRow>`select event_id, source, kind, channel, received_at, body from app.event
    where tenant_id = ${tenantId} and event_id = ${eventId}`.execute(tx);
  return found.rows[0];
}

/** The bytes of a mail as they came, still sealed; null for an event that is no mail. */
export async function selectRawMail(tx: Tx, tenantId: Id<'tenant'>, eventId: string): Promise<Buffer | null> {
  const found = await sql<{ raw: Buffer | null }>`select raw from app.event
    where tenant_id = ${tenantId} and event_id = ${eventId} and source = 'mail'`.execute(tx);
  return found.rows[0]?.raw ?? null;
}
