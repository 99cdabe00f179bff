import { createSchedule, type ScheduleInput } from '#flow/schedule';
import { type Clock, type Id, isFactotumError, type JsonObject, newId } from '#kernel';
import type { Database, Tx } from '#kernel/database';
import { installDemo } from '#ops/demo';
import type { Identity } from '#trust/identity';
import type { AuditorKey, Keyring, TenantKeys } from '#trust/key';
import { provisionTenant, readFromDirectory, type Tenant } from '#trust/tenant';

/** A customer to be. */
export interface NewCustomer {
  readonly name: string;
  /** What people see instead of the name. */
  readonly title?: string | undefined;
  readonly actor: string;
  /** Whether the vault is filled with the demo. */
  readonly demo?: boolean;
  /** What differs from the default settings. */
  readonly settings?: JsonObject;
  /** Where the owner is reached. */
  readonly ownerEmail?: string | undefined;
  readonly ownerName?: string | undefined;
}

/** Fetched by the playbook of the same name, which every vault starts with. */
const mondayBriefing: ScheduleInput = { name: 'Monday briefing', kind: 'briefing', cron: '0 7 * * 1', zone: null, payload: {} };

/** What making a tenant takes. */
export interface CustomerParts {
  readonly database: Database;
  readonly identity: Identity;
  readonly keyring: Keyring;
  readonly auditor: AuditorKey;
  readonly clock: Clock;
}

/**
 * A new tenant with its owner. Identity and data live behind different logins, so they are two transactions: the owner first, since
 * making it is idempotent by the tenant's id, and taken back if the rest fails.
 *
 * @throws FactotumError `tenant.name_taken`, `request.invalid`.
 */
export async function createTenant(parts: CustomerParts, customer: NewCustomer): Promise<Tenant> {
  const { database, identity, keyring, auditor, clock } = parts;
  const tenantId = newId('tenant', clock.now().getTime());
  const owner = await createOwner(parts, tenantId, customer);
  try {
    // Settings are checked by the tenant's own schema; what is no setting is named there.
    const settings = {
      setup: 'about' as const,
      ...customer.settings,
      ...(customer.demo === true ? { writesFiles: true, maySpendOperatorModelKey: true } : {}),
    };
    const { name, title, actor } = customer;
    const furnish = async (tx: Tx, keys: TenantKeys, at: Date) => void (await createSchedule(tx, keys, { ...mondayBriefing, actor, at }));
    const tenant = await provisionTenant(
      { db: database.app.db, keyring, auditor, clock },
      { tenantId, name, title, settings, actor, furnish },
    );
    if (customer.demo === true) await installDemo({ database, keyring, clock }, { tenantId, ownerActor: `user:${owner}` });
    return tenant;
  } catch (error) {
    await identity.removeTenantOwner(tenantId);
    throw error;
  }
}

/** A minute is longer than any making of a tenant takes. */
const abandonedAfterMs = 60_000;

/** What a process left behind that died between the two transactions does not hold its name for ever. */
async function createOwner(parts: CustomerParts, tenantId: Id<'tenant'>, customer: NewCustomer): Promise<Id<'user'>> {
  const { identity, clock } = parts;
  const email = customer.ownerEmail ?? `owner@${customer.name}.factotum.invalid`;
  const owner = { tenantId, tenantName: customer.name, email, name: customer.ownerName ?? 'Owner' };
  try {
    return await identity.createTenantOwner(owner);
  } catch (error) {
    if (!isFactotumError(error, 'tenant.name_taken')) throw error;
    const holder = await identity.findTenant(customer.name);
    const isOld = holder !== null && clock.now().getTime() - holder.createdAt.getTime() > abandonedAfterMs;
    if (!isOld || (await isProvisioned(parts, holder.id))) throw error;
    await identity.removeTenantOwner(holder.id);
    return identity.createTenantOwner(owner);
  }
}

const isProvisioned = ({ database }: CustomerParts, id: Id<'tenant'>): Promise<boolean> =>
  readFromDirectory(database.engine, id).then(
    () => true,
    (error: unknown) => {
      if (isFactotumError(error, 'tenant.not_found')) return false;
      throw error;
    },
  );
