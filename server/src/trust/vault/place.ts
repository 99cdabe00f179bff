import { z } from 'zod';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { pathMacOf } from './read.ts';

/** What a path has besides what lies there. */
export interface VaultPlace {
  readonly path: string;
  /** That there is a folder, though nothing may lie in it. */
  readonly isFolder: boolean;
  /** Properties that clients have set, as XML, by `{namespace}name`. */
  readonly properties: Readonly<Record<string, string>>;
}

interface VaultPlaceTable {
  tenantId: Id<'tenant'>;
  pathMac: Buffer;
  isFolder: boolean;
  version: number;
  body: Buffer;
  updatedAt: Date;
}

declare module '#kernel/database' {
  interface Tables {
    vaultPlace: VaultPlaceTable;
  }
}

const bodySchema = z.strictObject({ path: z.string(), properties: z.record(z.string(), z.string()) });
const refOf = (pathMac: Buffer, version: number) => ({ kind: 'vault.place', id: pathMac.toString('hex'), version });

/** More folders than people make by hand; a listing reads them all. */
const placesMax = 20_000;

export async function findPlace(tx: Tx, keys: TenantKeys, path: string): Promise<VaultPlace | null> {
  const row = await rowsOf(tx, keys).where('pathMac', '=', pathMacOf(keys, path)).executeTakeFirst();
  return row === undefined ? null : present(keys, row);
}

/** All of them, in no order. */
export const listPlaces = async (tx: Tx, keys: TenantKeys): Promise<VaultPlace[]> =>
  (await rowsOf(tx, keys).limit(placesMax).execute()).map((row) => present(keys, row));

/** Says what a path has; a path that has nothing is forgotten. */
export async function putPlace(tx: Tx, keys: TenantKeys, { path, isFolder, properties }: VaultPlace, at: Date): Promise<void> {
  const { tenantId } = keys;
  const pathMac = pathMacOf(keys, path);
  if (!isFolder && Object.keys(properties).length === 0) return removePlace(tx, keys, path);
  const row = await rowsOf(tx, keys).where('pathMac', '=', pathMac).forUpdate().executeTakeFirst();
  const version = (row?.version ?? 0) + 1;
  const body = keys.sealJson(refOf(pathMac, version), { path, properties });
  const values = { isFolder, version, body, updatedAt: at };
  await tx
    .insertInto('vaultPlace')
    .values({ tenantId, pathMac, ...values })
    .onConflict((conflict) => conflict.columns(['tenantId', 'pathMac']).doUpdateSet(values))
    .execute();
}

export async function removePlace(tx: Tx, keys: TenantKeys, path: string): Promise<void> {
  await tx.deleteFrom('vaultPlace').where('tenantId', '=', keys.tenantId).where('pathMac', '=', pathMacOf(keys, path)).execute();
}

const rowsOf = (tx: Tx, { tenantId }: TenantKeys) => tx.selectFrom('vaultPlace').selectAll().where('tenantId', '=', tenantId);

function present(keys: TenantKeys, { pathMac, version, isFolder, body }: VaultPlaceTable): VaultPlace {
  return { ...keys.openJson(refOf(pathMac, version), body, bodySchema), isFolder };
}
