import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { type TenantSettings, tenantSettingsSchema } from './settings.ts';
import { findTenantRow } from './store.ts';

/** One customer. */
export interface Tenant {
  readonly id: Id<'tenant'>;
  readonly name: string;
  readonly state: 'active' | 'suspended';
  readonly settings: TenantSettings;
  readonly createdAt: Date;
}

/** The tenant, with the default for every setting that its row does not have. @throws FactotumError `tenant.not_found`, also when it was erased. */
export async function readTenant(tx: Tx, tenantId: Id<'tenant'>): Promise<Tenant> {
  const row = await findTenantRow(tx, tenantId);
  if (row === undefined || row.state === 'erased') throw new FactotumError('tenant.not_found', 'There is no such tenant.');
  const { name, state, createdAt } = row;
  return { id: tenantId, name, state, settings: tenantSettingsSchema.parse(row.settings), createdAt };
}

/** The tenant, for work on its behalf. @throws FactotumError `tenant.not_found`, `tenant.suspended`. */
export async function readActiveTenant(tx: Tx, tenantId: Id<'tenant'>): Promise<Tenant> {
  const tenant = await readTenant(tx, tenantId);
  if (tenant.state === 'suspended') throw new FactotumError('tenant.suspended', 'The tenant is suspended. An operator can lift this.');
  return tenant;
}
