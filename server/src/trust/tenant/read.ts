import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { type TenantSettings, tenantSettingsSchema } from './settings.ts';
import { findTenantRow } from './store.ts';

export const tenantStates = ['active', 'suspended', 'closing', 'moving', 'moved', 'erased'] as const;
export type TenantState = (typeof tenantStates)[number];

/** One customer. */
export interface Tenant {
  readonly id: Id<'tenant'>;
  /** Of its folders; never changes. */
  readonly name: string;
  /** What people see: the name, unless another title is set. */
  readonly title: string;
  readonly state: Exclude<TenantState, 'erased'>;
  readonly stateSince: Date;
  /** When it will be erased, while it is being closed. */
  readonly erasesAt: Date | null;
  /** The address of the installation that has it now. */
  readonly movedTo: string | null;
  readonly settings: TenantSettings;
  /** Counts the changes of title and settings. */
  readonly version: number;
  readonly createdAt: Date;
}

/** The tenant, with the default for every setting that its row does not have. @throws FactotumError `tenant.not_found`, also when it was erased. */
export async function readTenant(tx: Tx, tenantId: Id<'tenant'>): Promise<Tenant> {
  const row = await findTenantRow(tx, tenantId);
  if (row === undefined || row.state === 'erased') throw new FactotumError('tenant.not_found', 'There is no such tenant.');
  const { name, title, state, stateSince, erasesAt, movedTo, version, createdAt } = row;
  const settings = tenantSettingsSchema.parse(row.settings);
  return { id: tenantId, name, title: title ?? name, state, stateSince, erasesAt, movedTo, settings, version, createdAt };
}

/**
 * The tenant, for work on its behalf.
 *
 * @throws FactotumError `tenant.not_found`, `tenant.suspended`, `tenant.closing`, `tenant.moving` (retry), `tenant.moved`.
 */
export async function readActiveTenant(tx: Tx, tenantId: Id<'tenant'>): Promise<Tenant> {
  const tenant = await readTenant(tx, tenantId);
  const refusal = refusalOf(tenant);
  if (refusal !== null) throw refusal;
  return tenant;
}

/** Null when work may be done for the tenant, else why not. */
export function refusalOf({ state, erasesAt, movedTo }: Pick<Tenant, 'state' | 'erasesAt' | 'movedTo'>): FactotumError | null {
  switch (state) {
    case 'active':
      return null;
    case 'suspended':
      return new FactotumError('tenant.suspended', 'The tenant is suspended. An operator can lift this.');
    case 'closing':
      return new FactotumError(
        'tenant.closing',
        'The tenant is being closed: it can be read and exported, and its owner can call the closing off.',
        erasesAt === null ? {} : { details: { erasesAt: erasesAt.toISOString() } },
      );
    case 'moving':
      return new FactotumError('tenant.moving', 'The tenant is being moved to another installation. Try again in a moment.', {
        details: { retryAfterSeconds: 10 },
      });
    case 'moved':
      return new FactotumError('tenant.moved', `The tenant has moved${movedTo === null ? '' : ` to ${movedTo}`}.`, {
        details: movedTo === null ? {} : { movedTo },
      });
  }
}
