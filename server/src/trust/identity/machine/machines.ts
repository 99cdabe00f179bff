import type { Clock, Id, Logger } from '#kernel';
import { type KeyRotation, rotateApiKey } from '../api-key.ts';
import { findMemberSession } from '../current-session.ts';
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
import { signingKeysChanged } from './signing-key-store.ts';
import { createSigningKeys } from './signing-keys.ts';
import { createTokens } from './token.ts';

export type Machines = ReturnType<typeof createMachines>;

interface MachineDeps {
  readonly db: AuthDb;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ours first. */
  readonly publicOrigins: () => readonly string[];
  /** What the keys of tokens are sealed with. */
  readonly secret: string;
  readonly keys: KeyCheck;
}

/**
 * Programs of tenants: their accounts, the rotation of their keys, and short-lived tokens. What changes counts at once here, and within
 * five seconds at most elsewhere.
 */
export function createMachines({ keys, secret, publicOrigins, ...context }: MachineDeps) {
  const { db, clock } = context;
  const signingKeys = createSigningKeys(context, secret);
  const tokens = createTokens({
    clock,
    signingKeys,
    issuer: () => publicOrigins()[0] ?? '',
    keyOf: keys.checkId,
    keyPrincipal,
    personOf: async (id) => (await findMemberSession({ db, clock }, { id }))?.principal ?? null,
  });
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
    /** A token for somebody who has just been let in. @throws FactotumError `auth.forbidden`, `request.invalid`. */
    issueToken: tokens.issue,
    /** Who sends a token, if it and what it was made with are good now. */
    principalOfToken: tokens.principalOf,
    /** What others check our tokens with (RFC 7517). */
    publicKeys: signingKeys.publicKeys,
    /** Another key signs tokens from now on. `endOld`: all earlier tokens are refused, which is for a key that somebody may have. */
    rotateSigningKey: signingKeys.rotate,
    /** Hears what other processes tell. */
    changed: (id: string) => (id === signingKeysChanged ? signingKeys.forget() : keys.forget(id)),
    /** Something may have been told that was not heard. */
    changedUnheard: () => {
      signingKeys.forget();
      keys.forgetAll();
    },
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
