import { z } from 'zod';
import type { Id } from '#kernel';
import { type Hours, hoursSchema } from './schema.ts';
import type { Client } from './store.ts';
import { ianaZone, utc, type Zone } from './zone.ts';

const settingsSchema = z.object({ timeZone: z.string().default('UTC'), workingHours: hoursSchema.nullable().default(null) });

/** The tenant's time zone and working hours, for whoever has none of their own. */
export async function tenantTimes(client: Client, tenantId: Id<'tenant'>): Promise<{ here: Zone; hours: Hours | null }> {
  const { rows } = await client.query<{ settings: unknown }>('select settings from app.tenant where tenant_id = $1', [tenantId]);
  const { timeZone, workingHours } = settingsSchema.parse(rows[0]?.settings ?? {});
  return { here: ianaZone(timeZone) ?? utc, hours: workingHours };
}
