import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { WrappedSeed } from './kek.ts';

interface TenantKeyRow {
  tenantId: Id<'tenant'>;
  generation: number;
  provider: string;
  kekId: string;
  kekVersion: string;
  wrapped: Buffer;
  state: 'active' | 'retired' | 'destroyed';
}

declare module '#kernel/database' {
  interface Tables {
    tenantKey: TenantKeyRow;
  }
}

export const listKeyRows = (tx: Tx, tenantId: Id<'tenant'>): Promise<TenantKeyRow[]> =>
  tx
    .selectFrom('tenantKey')
    .select(['tenantId', 'generation', 'provider', 'kekId', 'kekVersion', 'wrapped', 'state'])
    .where('tenantId', '=', tenantId)
    .orderBy('generation')
    .execute();

export async function insertKeyRow(
  tx: Tx,
  row: { tenantId: Id<'tenant'>; generation: number; provider: string; state?: 'active' | 'retired' } & WrappedSeed,
): Promise<void> {
  await tx
    .insertInto('tenantKey')
    .values({ state: 'active', ...row })
    .execute();
}

/** Overwrites every wrapped seed of the tenant with as many zeros. */
export async function destroyKeyRows(tx: Tx, tenantId: Id<'tenant'>): Promise<void> {
  await sql`update tenant_key set wrapped = decode(repeat('00', octet_length(wrapped)), 'hex'), state = 'destroyed'
    where tenant_id = ${tenantId} and state <> 'destroyed'`.execute(tx);
}
