import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { readTenant, refusalOf, type Tenant } from '#trust/tenant';

/** The tenant, if it may be listened to: it works, or is being closed and can still be read. @throws FactotumError why not, `tenant.*`. */
export async function readListenable(tx: Tx, tenantId: Id<'tenant'>): Promise<Tenant> {
  const tenant = await readTenant(tx, tenantId);
  const refusal = tenant.state === 'closing' ? null : refusalOf(tenant);
  if (refusal !== null) throw refusal;
  return tenant;
}
