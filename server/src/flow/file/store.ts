import { sql } from 'kysely';
import { z } from 'zod';
import { eventBodySchema } from '#flow/intake';
import { type RoleDatabase, withTenant } from '#kernel/database';
import type { TenantKeys } from '#trust/key';

const keptSchema = z.looseObject({ path: z.string() });

/** Where the file of an event lies in the vault; null when the event is none of a file. */
export async function pathOfEvent(app: RoleDatabase, keys: TenantKeys, eventId: string): Promise<string | null> {
  const { tenantId } = keys;
  const { rows } = await withTenant(app.db, tenantId, (tx) =>
    sql<{ body: Buffer }>`select body from app.event where tenant_id = ${tenantId} and event_id = ${eventId}`.execute(tx),
  );
  const body = rows[0]?.body;
  if (body === undefined) return null;
  const { payload } = keys.openJson({ kind: 'event', id: eventId }, body, eventBodySchema);
  return keptSchema.safeParse(payload).data?.path ?? null;
}
