import type { Clock, Id } from '#kernel';
import { type KeyRotation, rotateApiKey } from '../api-key.ts';
import type { KeyCheck, KnownKey } from '../key-check.ts';
import type { Principal } from '../principal.ts';
import type { AuthDb } from '../store.ts';
import {
  changeServiceAccount,
  createServiceAccount,
  deleteServiceAccount,
  listServiceAccounts,
  type ServiceAccountInput,
} from './service-account.ts';

export type Machines = ReturnType<typeof createMachines>;

/** Programs of tenants: their accounts, and the rotation of their keys. What changes counts at once here, and within five seconds at most elsewhere. */
export function createMachines(context: { readonly db: AuthDb; readonly clock: Clock }, keys: Pick<KeyCheck, 'forget'>) {
  const andForget = async <R extends { readonly id: string }>(work: Promise<R>): Promise<R> => {
    const changed = await work;
    keys.forget(changed.id);
    return changed;
  };
  return {
    /** @throws FactotumError `key.not_found`, `key.replaced`, `auth.forbidden`, `request.invalid`. */
    rotateApiKey: async (rotation: KeyRotation) => {
      const rotated = await rotateApiKey(context, rotation);
      keys.forget(rotated.oldId);
      return rotated;
    },
    listServiceAccounts: (tenantId: Id<'tenant'>) => listServiceAccounts(context, tenantId),
    /** @throws FactotumError `request.invalid`, `auth.forbidden`, `service_account.name_taken`. */
    createServiceAccount: (tenantId: Id<'tenant'>, input: ServiceAccountInput) => createServiceAccount(context, tenantId, input),
    /** @throws FactotumError as above, and `service_account.not_found`. */
    changeServiceAccount: (tenantId: Id<'tenant'>, id: string, input: ServiceAccountInput) =>
      andForget(changeServiceAccount(context, tenantId, id, input)),
    /** Revokes its keys as well, whose ids it gives. @throws FactotumError `service_account.not_found`. */
    deleteServiceAccount: (tenantId: Id<'tenant'>, id: string) => andForget(deleteServiceAccount(context, tenantId, id)),
  };
}

/** Who acts with a key: its service account, or the key itself. */
export function keyPrincipal({ id, tenantId, permissions, name, allowedAddresses, serviceAccountId, perMinute }: KnownKey): Principal {
  return {
    ...(serviceAccountId === null
      ? { kind: 'key' as const, actor: `key:${id}` }
      : { kind: 'service' as const, actor: `service:${serviceAccountId}` }),
    ...{ tenantId, permissions, name, allowedAddresses, keyId: id },
    ...(perMinute === null ? {} : { perMinute }),
  };
}
