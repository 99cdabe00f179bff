import { FactotumError, type Id } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import type { TenantState } from './read.ts';
import { type DirectoryPage, findInDirectory, type OutsideRow, selectDirectory } from './store.ts';

/** A tenant as operators see it: from outside. Erased ones stay listed, by name and certificate. */
export interface ListedTenant {
  readonly id: Id<'tenant'>;
  readonly name: string;
  readonly title: string;
  readonly state: TenantState;
  readonly stateSince: Date;
  /** What the operator who suspended or closed it said. */
  readonly stateReason: string | null;
  readonly erasesAt: Date | null;
  readonly movedTo: string | null;
  readonly createdAt: Date;
}

/** All tenants of the installation, newest first. */
export const listDirectory = async (engine: RoleDatabase, page: DirectoryPage): Promise<ListedTenant[]> =>
  (await selectDirectory(engine.db, page)).map(present);

/** @throws FactotumError `tenant.not_found`. */
export async function readFromDirectory(engine: RoleDatabase, tenantId: string): Promise<ListedTenant> {
  const row = await findInDirectory(engine.db, tenantId);
  if (row === undefined) throw new FactotumError('tenant.not_found', 'There is no such tenant.');
  return present(row);
}

const present = ({ tenantId, title, ...row }: OutsideRow): ListedTenant => ({ id: tenantId, title: title ?? row.name, ...row });
