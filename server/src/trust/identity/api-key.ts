import { z } from 'zod';
import { type Clock, FactotumError, type Id, isId, newId } from '#kernel';
import { keyPrefix } from './auth.ts';
import { insertKey, listKeys, lockAccount, lockKey, replaceKey, tellChanged } from './machine/key-store.ts';
import { hashOfKey, newKeyText, startOfKey } from './machine/key-text.ts';
import { permissionText, readPermissionText, refuseBeyond } from './machine/permission-text.ts';
import { type Permission, parsePermissions } from './permissions.ts';
import { type AuthDb, findOwner } from './store.ts';

export interface NewApiKey {
  readonly tenantId: Id<'tenant'>;
  readonly name: string;
  /** Names as they came from outside; unknown ones are refused. */
  readonly permissions: readonly string[];
  /** Never, if left out. At most ten years ahead. */
  readonly expiresAt?: Date | undefined;
  /** Requests a minute, 1 to 1,000,000; as many as its tenant has, if left out. */
  readonly perMinute?: number | undefined;
  /** The service account that acts with it; the key may then do what both may. As it came from outside. */
  readonly serviceAccountId?: string | undefined;
  /** What the key may have at most: the permissions of who makes it. Without it, anything (the operator). */
  readonly within?: ReadonlySet<Permission> | undefined;
}

/** A key as it may be shown at any time: of its text only the first letters are known. */
export interface ApiKey {
  readonly id: Id<'apiKey'>;
  readonly name: string;
  readonly start: string;
  readonly permissions: readonly Permission[];
  readonly state: 'active' | 'expired' | 'revoked';
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly perMinute: number | null;
  readonly serviceAccountId: Id<'serviceAccount'> | null;
  /** The key that a rotation made of it; both are good until this one expires. */
  readonly replacedBy: Id<'apiKey'> | null;
}

/** A key's text, returned this once. */
export interface MadeKey {
  readonly id: Id<'apiKey'>;
  readonly key: string;
}

export interface KeyRotation {
  readonly tenantId: Id<'tenant'>;
  /** As it came from outside. */
  readonly id: string;
  /** How long the old key goes on, in milliseconds; at most 30 days. 0: it ends now. */
  readonly overlapMs: number;
  /** As for a new key: who rotates a key holds its successor. */
  readonly within?: ReadonlySet<Permission> | undefined;
}

const nameSchema = z.string().trim().min(1).max(100);
const perMinuteSchema = z.int().min(1).max(1_000_000).optional();

interface Context {
  readonly db: AuthDb;
  readonly clock: Clock;
}

/**
 * Makes a key that belongs to the tenant. Its text is returned this once; only its SHA-256 is kept.
 *
 * @throws FactotumError `request.invalid` (name, unknown permission, expiry in the past), `auth.forbidden` (more than `within` or than
 *   the account may), `tenant.not_found`, `service_account.not_found`.
 */
export async function createApiKey({ db, clock }: Context, input: NewApiKey): Promise<MadeKey> {
  const name = nameSchema.safeParse(input.name);
  if (!name.success) throw new FactotumError('request.invalid', 'Give the key a name of 1 to 100 characters.');
  const perMinute = perMinuteSchema.safeParse(input.perMinute);
  if (!perMinute.success) throw new FactotumError('request.invalid', 'A key makes 1 to 1,000,000 requests a minute.');
  const permissions = parsePermissions(input.permissions);
  refuseBeyond(permissions, input.within);
  const now = clock.now();
  const expiresInMs = input.expiresAt && input.expiresAt.getTime() - now.getTime();
  if (expiresInMs !== undefined && !(expiresInMs >= 1_000 && expiresInMs <= expiryMsMax))
    throw new FactotumError('request.invalid', 'A key expires in the future, at most ten years ahead.');
  return db.transaction().execute(async (tx) => {
    if (!(await findOwner(tx, input.tenantId))) throw new FactotumError('tenant.not_found', 'There is no such tenant, or it has no owner.');
    const account = input.serviceAccountId === undefined ? null : await requireAccount(tx, input.tenantId, input.serviceAccountId);
    if (account !== null) refuseBeyond(permissions, account.permissions);
    const { tenantId, expiresAt = null } = input;
    return insertNewKey(tx, {
      ...{ tenantId, name: name.data, permissions: permissionText(permissions), expiresAt, now },
      ...{ perMinute: perMinute.data ?? null, serviceAccountId: account?.id ?? null },
    });
  });
}

const expiryMsMax = 3_650 * 24 * 3_600_000;

/** The longest overlap of a rotation, in milliseconds. */
const overlapMsMax = 30 * 24 * 3_600_000;

/**
 * Makes a key that takes the place of another: same name, permissions, limit and account, and as long a life, from now. The old one ends
 * by itself after the overlap.
 *
 * @throws FactotumError `key.not_found` (unknown, revoked or expired), `key.replaced` (it has a successor), `auth.forbidden` (it may do more than `within`).
 */
export async function rotateApiKey(
  { db, clock }: Context,
  { tenantId, id, overlapMs, within }: KeyRotation,
): Promise<MadeKey & { readonly oldEndsAt: Date; readonly oldId: Id<'apiKey'> }> {
  if (!(Number.isSafeInteger(overlapMs) && overlapMs >= 0 && overlapMs <= overlapMsMax))
    throw new FactotumError('request.invalid', 'Both keys are good for 0 to 720 hours.');
  const now = clock.now();
  return db.transaction().execute(async (tx) => {
    const old = isId('apiKey', id) ? await lockKey(tx, tenantId, id) : undefined;
    if (old?.enabled !== true || isPast(old.expiresAt, now))
      throw new FactotumError('key.not_found', 'The tenant has no such key that can be used.');
    if (old.replacedBy !== null)
      throw new FactotumError('key.replaced', 'This key has a successor already. Rotate that one, or revoke this one.', {
        details: { replacedBy: old.replacedBy },
      });
    refuseBeyond(readPermissionText(old.permissions), within);
    const lifeMs = old.expiresAt === null ? null : old.expiresAt.getTime() - old.createdAt.getTime();
    const made = await insertNewKey(tx, {
      ...{ tenantId, name: old.name ?? '', permissions: old.permissions ?? '{}', now },
      ...{ perMinute: old.perMinute, serviceAccountId: old.serviceAccountId },
      expiresAt: lifeMs === null ? null : new Date(now.getTime() + lifeMs),
    });
    const oldEndsAt = new Date(Math.min(now.getTime() + overlapMs, old.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY));
    await replaceKey(tx, old.id, { replacedBy: made.id, expiresAt: oldEndsAt, updatedAt: now });
    await tellChanged(tx, old.id);
    return { ...made, oldEndsAt, oldId: old.id };
  });
}

async function insertNewKey(tx: AuthDb, row: Omit<Parameters<typeof insertKey>[1], 'id' | 'start' | 'prefix' | 'hash'>): Promise<MadeKey> {
  const key = newKeyText();
  const id = newId('apiKey', row.now.getTime());
  await insertKey(tx, { ...row, id, start: startOfKey(key), prefix: keyPrefix, hash: hashOfKey(key) });
  return { id, key };
}

/** The account, which stays as it is until the transaction ends. */
async function requireAccount(tx: AuthDb, tenantId: Id<'tenant'>, id: string) {
  const found = isId('serviceAccount', id) ? await lockAccount(tx, tenantId, id, 'share') : undefined;
  if (found === undefined) throw new FactotumError('service_account.not_found', 'The tenant has no such service account.');
  return { id: found.id, permissions: readPermissionText(found.permissions) };
}

/** A tenant's keys, newest first, ended ones included; with `before`, those made before that one. */
export async function listApiKeys(
  { db, clock }: Context,
  tenantId: Id<'tenant'>,
  { before, limit = 1_000 }: { readonly before?: string | undefined; readonly limit?: number } = {},
): Promise<readonly ApiKey[]> {
  const rows = await listKeys(db, tenantId, { before, limit });
  return rows.map(({ name, start, permissions, enabled, lastRequest, ...row }) => ({
    ...row,
    name: name ?? '',
    start: start ?? '',
    permissions: [...readPermissionText(permissions)],
    state: enabled !== true ? 'revoked' : isPast(row.expiresAt, clock.now()) ? 'expired' : 'active',
    lastUsedAt: lastRequest,
  }));
}

const isPast = (end: Date | null, now: Date): boolean => end !== null && end <= now;
