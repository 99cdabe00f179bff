import { type ColumnType, sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { WrappedSeed } from './kek.ts';

/** coming: held by every process before anything is sealed under it. */
export type KeyState = 'coming' | 'active' | 'retired' | 'destroyed';

export interface TenantKeyRow {
  tenantId: Id<'tenant'>;
  generation: number;
  provider: string;
  kekId: string;
  kekVersion: string;
  wrapped: Buffer;
  indexSealed: Buffer | null;
  checkValue: Buffer | null;
  state: KeyState;
  createdAt: Date;
  destroyedAt: Date | null;
}
export type NewKeyRow = Omit<TenantKeyRow, 'createdAt' | 'destroyedAt'>;

declare module '#kernel/database' {
  interface Tables {
    tenantKey: Omit<TenantKeyRow, 'createdAt' | 'destroyedAt'> & {
      createdAt: ColumnType<Date, Date | undefined, never>;
      destroyedAt: Date | null;
    };
  }
}

const columns = [
  'tenantId',
  'generation',
  'provider',
  'kekId',
  'kekVersion',
  'wrapped',
  'indexSealed',
  'checkValue',
  'state',
  'createdAt',
  'destroyedAt',
] as const;

export const listKeyRows = (tx: Tx, tenantId: Id<'tenant'>): Promise<TenantKeyRow[]> =>
  tx.selectFrom('tenantKey').select(columns).where('tenantId', '=', tenantId).orderBy('generation').execute();

/** The same, held against everybody else who changes the keys of this tenant until the transaction ends. */
export const lockKeyRows = (tx: Tx, tenantId: Id<'tenant'>): Promise<TenantKeyRow[]> =>
  tx.selectFrom('tenantKey').select(columns).where('tenantId', '=', tenantId).orderBy('generation').forUpdate().execute();

/**
 * Keeps a generation from being destroyed until the transaction ends: for what was sealed long before it is written down.
 *
 * @returns false when it is destroyed already.
 */
export async function holdGeneration(tx: Tx, tenantId: Id<'tenant'>, generation: number): Promise<boolean> {
  const { rows } = await sql<{ state: KeyState }>`select state from tenant_key where tenant_id = ${tenantId} and generation = ${generation}
    for key share`.execute(tx);
  return rows[0]?.state !== 'destroyed';
}

export async function insertKeyRow(tx: Tx, row: NewKeyRow): Promise<void> {
  await tx
    .insertInto('tenantKey')
    .values({ ...row, destroyedAt: null })
    .execute();
}

/** One that seals takes the place of the other. */
export async function activateKeyRow(tx: Tx, tenantId: Id<'tenant'>, generation: number): Promise<void> {
  await sql`update tenant_key set state = 'retired' where tenant_id = ${tenantId} and state = 'active'`.execute(tx);
  await sql`update tenant_key set state = 'active' where tenant_id = ${tenantId} and generation = ${generation} and state = 'coming'`.execute(
    tx,
  );
}

/** False when the row is not what it was: somebody else has wrapped or destroyed it. */
export const rewrapKeyRow = (
  tx: Tx,
  { tenantId, generation, wrapped: before }: TenantKeyRow,
  { provider, kekId, kekVersion, wrapped }: WrappedSeed & { provider: string },
): Promise<boolean> =>
  sql`update tenant_key set provider = ${provider}, kek_id = ${kekId}, kek_version = ${kekVersion}, wrapped = ${wrapped}
    where tenant_id = ${tenantId} and generation = ${generation} and wrapped = ${before} and state <> 'destroyed'`
    .execute(tx)
    .then(({ numAffectedRows }) => numAffectedRows === 1n);

/** Overwrites wrapped seeds with as many zeros, and what was sealed under them beside: of one generation, or of all. */
export async function destroyKeyRows(tx: Tx, tenantId: Id<'tenant'>, at: Date, generation?: number): Promise<void> {
  await sql`update tenant_key set wrapped = decode(repeat('00', octet_length(wrapped)), 'hex'), index_sealed = null, check_value = null,
      state = 'destroyed', destroyed_at = ${at}
    where tenant_id = ${tenantId} and state <> 'destroyed' ${generation === undefined ? sql`` : sql`and generation = ${generation}`}`.execute(
    tx,
  );
}

/** What every process has to do with keys of this tenant that it holds: read them anew, or wipe them at once. */
export async function insertRevocation(tx: Tx, tenantId: Id<'tenant'>, kind: 'changed' | 'revoked'): Promise<void> {
  // Processes look each second and forget nothing that they have seen: what is older than a day tells nobody anything.
  await sql`delete from key_revocation where tenant_id = ${tenantId} and at < now() - interval '1 day'`.execute(tx);
  await sql`insert into key_revocation (tenant_id, kind) values (${tenantId}, ${kind})`.execute(tx);
  await sql`select pg_notify('factotum_keys', ${tenantId})`.execute(tx);
}
