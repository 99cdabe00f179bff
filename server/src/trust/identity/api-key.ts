import { z } from 'zod';
import { type Clock, FactotumError, type Id } from '#kernel';
import { type Auth, keyConfiguration } from './auth.ts';
import { fromStatements, type Permission, parsePermissions, toStatements } from './permissions.ts';
import { type AuthDb, findOwner, listKeys } from './store.ts';

export interface NewApiKey {
  readonly tenantId: Id<'tenant'>;
  readonly name: string;
  /** Names as they came from outside; unknown ones are refused. */
  readonly permissions: readonly string[];
  /** Never, if left out. At most ten years ahead. */
  readonly expiresAt?: Date;
  /** What the key may have at most: the permissions of who makes it. Without it, anything (the operator). */
  readonly within?: ReadonlySet<Permission>;
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
}

const nameSchema = z.string().trim().min(1).max(100);
const statementsSchema = z.record(z.string(), z.array(z.string()));

interface Context {
  readonly auth: Auth;
  readonly db: AuthDb;
  readonly clock: Clock;
}

/**
 * Makes a key that belongs to the tenant. Its text is returned this once; only its SHA-256 is kept.
 *
 * @throws FactotumError `request.invalid` (name, unknown permission, expiry in the past), `auth.forbidden` (more than `within`), `tenant.not_found`.
 */
export async function createApiKey({ auth, db, clock }: Context, input: NewApiKey): Promise<{ id: Id<'apiKey'>; key: string }> {
  const name = nameSchema.safeParse(input.name);
  if (!name.success) throw new FactotumError('request.invalid', 'Give the key a name of 1 to 100 characters.');
  const permissions = parsePermissions(input.permissions);
  const beyond = input.within ? [...permissions.difference(input.within)] : [];
  if (beyond.length > 0)
    throw new FactotumError('auth.forbidden', `You cannot give a key what you may not do yourself: ${beyond.join(', ')}.`, {
      details: { beyond },
    });
  const expiresInMs = input.expiresAt && input.expiresAt.getTime() - clock.now().getTime();
  if (expiresInMs !== undefined && !(expiresInMs >= 1_000 && expiresInMs <= expiryMsMax))
    throw new FactotumError('request.invalid', 'A key expires in the future, at most ten years ahead.');
  const owner = await findOwner(db, input.tenantId);
  if (!owner) throw new FactotumError('tenant.not_found', 'There is no such tenant, or it has no owner.');
  const made = await auth.api.createApiKey({
    body: {
      configId: keyConfiguration,
      name: name.data,
      organizationId: input.tenantId,
      userId: owner.userId,
      permissions: toStatements(permissions),
      ...(expiresInMs === undefined ? {} : { expiresIn: Math.floor(expiresInMs / 1_000) }),
    },
  });
  // better-auth takes its ids from our generator.
  return { id: made.id as Id<'apiKey'>, key: made.key };
}

const expiryMsMax = 3_650 * 24 * 3_600_000;

/** A tenant's keys, newest first. better-auth deletes expired ones in time. */
export async function listApiKeys({ db, clock }: Context, tenantId: Id<'tenant'>): Promise<readonly ApiKey[]> {
  const rows = await listKeys(db, tenantId, keyConfiguration);
  return rows.map((row) => ({
    id: row.id,
    name: row.name ?? '',
    start: row.start ?? '',
    permissions: [...fromStatements(statementsSchema.parse(JSON.parse(row.permissions ?? '{}')))],
    state: row.enabled !== true ? 'revoked' : row.expiresAt !== null && row.expiresAt <= clock.now() ? 'expired' : 'active',
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    lastUsedAt: row.lastRequest,
  }));
}
