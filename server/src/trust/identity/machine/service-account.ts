import { z } from 'zod';
import { type Clock, FactotumError, type Id, isId, newId } from '#kernel';
import { type Permission, parsePermissions } from '../permissions.ts';
import type { AuthDb } from '../store.ts';
import { insertAccount, listAccounts, lockAccount, revokeKeysOf, tellChanged, updateAccount } from './key-store.ts';
import { permissionText, readPermissionText, refuseBeyond } from './permission-text.ts';

/** A program with a name of its own: its keys come and go, what it did stays under `service:svc_..`. */
export interface ServiceAccount {
  readonly id: Id<'serviceAccount'>;
  readonly name: string;
  readonly description: string;
  /** What its keys may do at most. */
  readonly permissions: readonly Permission[];
  /** Keys that can be used. */
  readonly keys: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What is said of an account when it is made or changed, as it came from outside. */
export interface ServiceAccountInput {
  readonly name: string;
  readonly description?: string | undefined;
  readonly permissions: readonly string[];
  /** What may be given at most: the permissions of who asks. Without it, anything (the operator). */
  readonly within?: ReadonlySet<Permission> | undefined;
}

interface Context {
  readonly db: AuthDb;
  readonly clock: Clock;
}

const namesSchema = z.object({ name: z.string().trim().min(1).max(100), description: z.string().trim().max(1_000).default('') });

/** By name, without deleted ones. */
export async function listServiceAccounts({ db, clock }: Context, tenantId: Id<'tenant'>): Promise<readonly ServiceAccount[]> {
  const rows = await listAccounts(db, tenantId, clock.now());
  return rows.map(({ permissions, keys, ...row }) => ({
    ...row,
    permissions: [...readPermissionText(permissions)],
    keys: Number(keys ?? 0),
  }));
}

/** @throws FactotumError `request.invalid`, `auth.forbidden` (more than `within`), `service_account.name_taken`, `tenant.not_found`. */
export async function createServiceAccount(
  { db, clock }: Context,
  tenantId: Id<'tenant'>,
  input: ServiceAccountInput,
): Promise<Id<'serviceAccount'>> {
  const { name, description, permissions } = parse(input);
  refuseBeyond(permissions, input.within);
  const id = newId('serviceAccount', clock.now().getTime());
  await named(insertAccount(db, { id, tenantId, name, description, permissions: permissionText(permissions), now: clock.now() }));
  return id;
}

/**
 * Says anew what an account is called and may do. Its keys follow at once here, and within five seconds at most elsewhere.
 *
 * @throws FactotumError as above, and `service_account.not_found`. Permissions that it had already may stay, whoever asks.
 */
export async function changeServiceAccount({ db, clock }: Context, tenantId: Id<'tenant'>, id: string, input: ServiceAccountInput) {
  const { name, description, permissions } = parse(input);
  return db.transaction().execute(async (tx) => {
    const account = await requireAccount(tx, tenantId, id);
    refuseBeyond(permissions.difference(readPermissionText(account.permissions)), input.within);
    await named(updateAccount(tx, account.id, { name, description, permissions: permissionText(permissions), updatedAt: clock.now() }));
    await tellChanged(tx, account.id);
    return { id: account.id };
  });
}

/** Deletes an account and revokes its keys, of which it gives the ids. @throws FactotumError `service_account.not_found`. */
export async function deleteServiceAccount({ db, clock }: Context, tenantId: Id<'tenant'>, id: string) {
  const now = clock.now();
  return db.transaction().execute(async (tx) => {
    const account = await requireAccount(tx, tenantId, id);
    await updateAccount(tx, account.id, { deletedAt: now, updatedAt: now });
    const revoked = await revokeKeysOf(tx, account.id, now);
    await tellChanged(tx, account.id);
    return { id: account.id, revokedKeys: revoked.map((key) => key.id) };
  });
}

function parse(input: ServiceAccountInput) {
  const names = namesSchema.safeParse(input);
  if (!names.success)
    throw new FactotumError('request.invalid', 'Give the account a name of 1 to 100 characters, and a description of 1,000 at most.');
  return { ...names.data, permissions: parsePermissions(input.permissions) };
}

async function requireAccount(tx: AuthDb, tenantId: Id<'tenant'>, id: string) {
  const found = isId('serviceAccount', id) ? await lockAccount(tx, tenantId, id, 'update') : undefined;
  if (found === undefined) throw new FactotumError('service_account.not_found', 'The tenant has no such service account.');
  return found;
}

/** Two accounts of one name at once: the index lets one of them be. */
async function named<R>(work: Promise<R>): Promise<R> {
  return work.catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === '23505') throw new FactotumError('service_account.name_taken', 'There is a service account of this name already.');
    if (code === '23503') throw new FactotumError('tenant.not_found', 'There is no such tenant.');
    throw error;
  });
}
