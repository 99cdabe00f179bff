import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

interface KekProviderRow {
  tenantId: Id<'tenant'>;
  uri: string;
  /** The provider and key that rows of `tenant_key` name. */
  kind: string;
  kekId: string;
  credential: Buffer | null;
  isCurrent: boolean;
  changedAt: Date;
}

declare module '#kernel/database' {
  interface Tables {
    kekProvider: KekProviderRow;
  }
}

/** The one that wraps first. */
export const listKekProviders = (tx: Tx, tenantId: Id<'tenant'>): Promise<KekProviderRow[]> =>
  tx
    .selectFrom('kekProvider')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .orderBy('isCurrent', 'desc')
    .orderBy('changedAt', 'desc')
    .execute();

/** Makes it the one that wraps; with null nobody of the tenant's own does. The others only open from then on. */
export async function setKekProvider(
  tx: Tx,
  tenantId: Id<'tenant'>,
  row: Omit<KekProviderRow, 'isCurrent' | 'tenantId'> | null,
): Promise<void> {
  await sql`update kek_provider set is_current = false, changed_at = now() where tenant_id = ${tenantId} and is_current`.execute(tx);
  if (row === null) return;
  const { uri, ...changes } = { ...row, isCurrent: true };
  await tx
    .insertInto('kekProvider')
    .values({ tenantId, uri, ...changes })
    .onConflict((conflict) => conflict.columns(['tenantId', 'uri']).doUpdateSet(changes))
    .execute();
}

/**
 * Deletes those that neither wrap nor have anything left to open, with their credentials. Only after an hour: what somebody is wrapping with it
 * at the moment of the change shows when it is committed.
 */
export async function deleteIdleKekProviders(tx: Tx, tenantId: Id<'tenant'>): Promise<void> {
  await sql`delete from kek_provider p where p.tenant_id = ${tenantId} and not p.is_current and p.changed_at < now() - interval '1 hour'
    and not exists (select from tenant_key k
    where k.tenant_id = p.tenant_id and k.provider = p.kind and k.kek_id = p.kek_id and k.state <> 'destroyed')`.execute(tx);
}
