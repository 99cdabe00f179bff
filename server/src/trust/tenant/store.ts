import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantState } from './read.ts';
import type { TenantSettings } from './settings.ts';

interface TenantTable {
  tenantId: Id<'tenant'>;
  name: string;
  title: string | null;
  state: TenantState;
  stateSince: Date;
  stateReason: string | null;
  erasesAt: Date | null;
  movedTo: string | null;
  /** As stored; older rows lack newer settings. */
  settings: unknown;
  version: number;
  createdAt: Date;
}

declare module '#kernel/database' {
  interface Tables {
    tenant: TenantTable;
  }
}

/** What everybody who may see a tenant from outside sees of it; the settings are its own. */
const outside = ['tenantId', 'name', 'title', 'state', 'stateSince', 'stateReason', 'erasesAt', 'movedTo', 'createdAt'] as const;
export type OutsideRow = Pick<TenantTable, (typeof outside)[number]>;

export const findTenantRow = (tx: Tx, tenantId: Id<'tenant'>): Promise<TenantTable | undefined> =>
  tx
    .selectFrom('tenant')
    .select([...outside, 'settings', 'version'])
    .where('tenantId', '=', tenantId)
    .executeTakeFirst();

/** False when the tenant exists already. @returns 'name_taken' when another one has the name; then the transaction can only be rolled back. */
export async function insertTenant(
  tx: Tx,
  row: { tenantId: Id<'tenant'>; name: string; title: string | null; settings: TenantSettings; createdAt: Date },
): Promise<boolean | 'name_taken'> {
  try {
    const { rows } = await sql`insert into tenant (tenant_id, name, title, settings, created_at, state_since)
      values (${row.tenantId}, ${row.name}, ${row.title}, ${JSON.stringify(row.settings)}::jsonb, ${row.createdAt}, ${row.createdAt})
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

/** Over the version that was read, and over no other. @returns false when somebody else was faster. */
export const updateSettings = (
  tx: Tx,
  row: { tenantId: Id<'tenant'>; title: string | null; settings: TenantSettings; version: number },
): Promise<boolean> =>
  sql`update tenant set title = ${row.title}, settings = ${JSON.stringify(row.settings)}::jsonb, version = version + 1
    where tenant_id = ${row.tenantId} and version = ${row.version} and state <> 'erased'`
    .execute(tx)
    .then(({ numAffectedRows }) => numAffectedRows === 1n);

export interface StateChange {
  readonly from: readonly TenantState[];
  readonly to: TenantState;
  readonly at: Date;
  readonly reason?: string | null;
  readonly erasesAt?: Date | null;
  readonly movedTo?: string | null;
}

/** @returns false when the tenant is in none of the states that it may come from. */
export const updateState = (tx: Tx, tenantId: Id<'tenant'>, change: StateChange): Promise<boolean> =>
  sql`update tenant set state = ${change.to}, state_since = ${change.at}, state_reason = ${change.reason ?? null},
      erases_at = ${change.erasesAt ?? null}, moved_to = coalesce(${change.movedTo ?? null}, moved_to)
    where tenant_id = ${tenantId} and state = any(${change.from})`
    .execute(tx)
    .then(({ numAffectedRows }) => numAffectedRows === 1n);

export interface DirectoryPage {
  readonly state?: TenantState | undefined;
  /** Part of a name or title, or an id. */
  readonly find?: string | undefined;
  /** The last id of the page before. */
  readonly before?: string | null | undefined;
  readonly limit: number;
}

/** Newest first, over all tenants: the pool is that of the engine's role, which may see these columns. */
export function selectDirectory(engine: Tx, { state, find, before, limit }: DirectoryPage): Promise<OutsideRow[]> {
  let query = engine.selectFrom('tenant').select(outside).orderBy('tenantId', 'desc').limit(limit);
  if (state !== undefined) query = query.where('state', '=', state);
  if (before !== undefined && before !== null) query = query.where(sql<boolean>`tenant_id < ${before}`);
  if (find !== undefined && find !== '') {
    const part = `%${find.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`;
    query = query.where(sql<boolean>`(tenant_id = ${find} or name like ${part} or lower(title) like ${part})`);
  }
  return query.execute();
}

export const findInDirectory = (engine: Tx, tenantId: string): Promise<OutsideRow | undefined> =>
  engine.selectFrom('tenant').select(outside).where(sql<boolean>`tenant_id = ${tenantId}`).executeTakeFirst();

/** What the row of an erased tenant says no longer. */
export async function emptyTenantRow(tx: Tx, tenantId: Id<'tenant'>): Promise<void> {
  await sql`update tenant set title = null, settings = '{}', state_reason = null where tenant_id = ${tenantId} and state = 'erased'`.execute(
    tx,
  );
}
