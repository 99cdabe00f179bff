import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantSettings } from './settings.ts';

interface TenantTable {
  tenantId: Id<'tenant'>;
  name: string;
  state: 'active' | 'suspended' | 'erased';
  /** As stored; older rows lack newer settings. */
  settings: unknown;
  createdAt: Date;
}

declare module '#kernel/database' {
  interface Tables {
    tenant: TenantTable;
  }
}

export const findTenantRow = (tx: Tx, tenantId: Id<'tenant'>): Promise<TenantTable | undefined> =>
  tx
    .selectFrom('tenant')
    .select(['tenantId', 'name', 'state', 'settings', 'createdAt'])
    .where('tenantId', '=', tenantId)
    .executeTakeFirst();

/** False when the tenant exists already. @returns 'name_taken' when another one has the name; then the transaction can only be rolled back. */
export async function insertTenant(
  tx: Tx,
  row: { tenantId: Id<'tenant'>; name: string; settings: TenantSettings; createdAt: Date },
): Promise<boolean | 'name_taken'> {
  try {
    const { rows } = await sql`insert into tenant (tenant_id, name, settings, created_at)
      values (${row.tenantId}, ${row.name}, ${JSON.stringify(row.settings)}::jsonb, ${row.createdAt})
      on conflict (tenant_id) do nothing returning tenant_id`.execute(tx);
    return rows.length > 0;
  } catch (cause) {
    if (cause instanceof Error && 'constraint' in cause && cause.constraint === 'tenant_name') return 'name_taken';
    throw cause;
  }
}

/** The row that the engine locks to claim this tenant's tasks. */
export async function insertQueue(tx: Tx, tenantId: Id<'tenant'>, maxRunning: number): Promise<void> {
  await sql`insert into tenant_queue (tenant_id, max_running) values (${tenantId}, ${maxRunning})`.execute(tx);
}
