import { z } from 'zod';
import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';

/** A lock of WebDAV (RFC 4918): it holds off other WebDAV clients, and nobody else. */
export interface VaultLock {
  /** The token, an absolute URI. */
  readonly token: string;
  readonly actor: string;
  readonly path: string;
  /** Whether it holds for everything below as well. */
  readonly isDeep: boolean;
  readonly isShared: boolean;
  /** As the client says, as XML. */
  readonly owner: string;
  readonly expiresAt: Date;
}

interface VaultLockTable {
  tenantId: Id<'tenant'>;
  lockId: string;
  actor: string;
  isShared: boolean;
  body: Buffer;
  expiresAt: Date;
}

declare module '#kernel/database' {
  interface Tables {
    vaultLock: VaultLockTable;
  }
}

const bodySchema = z.strictObject({ path: z.string(), isDeep: z.boolean(), owner: z.string() });
const refOf = (id: string) => ({ kind: 'vault.lock', id });
const locksMax = 500;

/** Those that hold now; what is over is cleared away. */
export async function listLocks(tx: Tx, keys: TenantKeys, now: Date): Promise<VaultLock[]> {
  const rows = await tx
    .selectFrom('vaultLock')
    .selectAll()
    .where('tenantId', '=', keys.tenantId)
    .where('expiresAt', '>', now)
    .limit(locksMax)
    .execute();
  return rows.map(({ lockId: token, actor, isShared, body, expiresAt }) => ({
    ...{ token, actor, isShared, expiresAt },
    ...keys.openJson(refOf(token), body, bodySchema),
  }));
}

/** Takes a lock, or holds one on. @throws FactotumError `quota.exceeded` beyond 500 of a tenant. */
export async function putLock(
  tx: Tx,
  keys: TenantKeys,
  { token: lockId, actor, isShared, expiresAt, ...rest }: VaultLock,
  now: Date,
): Promise<void> {
  const { tenantId } = keys;
  await tx.deleteFrom('vaultLock').where('tenantId', '=', tenantId).where('expiresAt', '<=', now).execute();
  if ((await listLocks(tx, keys, now)).length >= locksMax)
    throw new FactotumError('quota.exceeded', `A vault holds ${locksMax} locks. Give some back.`, { details: { limit: locksMax } });
  const { path, isDeep, owner } = rest;
  const body = keys.sealJson(refOf(lockId), { path, isDeep, owner });
  await tx
    .insertInto('vaultLock')
    .values({ tenantId, lockId, actor, isShared, body, expiresAt })
    .onConflict((conflict) => conflict.columns(['tenantId', 'lockId']).doUpdateSet({ expiresAt }))
    .execute();
}

export async function removeLocks(tx: Tx, keys: TenantKeys, tokens: readonly string[]): Promise<void> {
  if (tokens.length === 0) return;
  await tx.deleteFrom('vaultLock').where('tenantId', '=', keys.tenantId).where('lockId', 'in', tokens).execute();
}
