import { z } from 'zod';
import { FactotumError, type Id, idSchema, isId } from '#kernel';
import type { Auth } from './auth.ts';
import { type AuthDb, findOwner, findTenantBy } from './store.ts';

export interface TenantOwner {
  readonly tenantId: Id<'tenant'>;
  readonly tenantName: string;
  readonly email: string;
  readonly name: string;
}

export interface TenantName {
  readonly id: Id<'tenant'>;
  readonly name: string;
  readonly createdAt: Date;
}

const ownerSchema = z.object({
  tenantName: z.string().trim().min(1).max(100),
  email: z.email().max(254).toLowerCase(),
  name: z.string().trim().min(1).max(100),
});

/**
 * Creates a tenant's organisation, its owner (or takes the user who has that address) and the membership: all of it or nothing.
 *
 * May be repeated with the same tenant id: what is there stays as it is. So a crash between this and the tenant's own rows, which
 * another database role writes, is healed by calling again.
 *
 * @returns the owner.
 * @throws FactotumError `tenant.name_taken` when another tenant's name differs by no more than case and punctuation, `request.invalid`.
 */
export async function createTenantOwner({ auth, db }: { auth: Auth; db: AuthDb }, input: TenantOwner): Promise<Id<'user'>> {
  const parsed = ownerSchema.safeParse(input);
  if (!parsed.success) throw new FactotumError('request.invalid', `The tenant cannot be created: ${z.prettifyError(parsed.error)}`);
  const owner = { tenantId: input.tenantId, ...parsed.data };
  try {
    return await createOnce(auth, db, owner);
  } catch (error) {
    // Somebody created the same tenant, name or user at the same moment. What they did is visible now.
    if (!isUniqueViolation(error)) throw error;
    return await createOnce(auth, db, owner);
  }
}

async function createOnce(auth: Auth, db: AuthDb, { tenantId, tenantName, email, name }: TenantOwner): Promise<Id<'user'>> {
  const present = await findOwner(db, tenantId);
  if (present) return present.userId;
  const slug = slugOf(tenantName);
  const { adapter } = await auth.$context;
  const created = await adapter.transaction(async (tx) => {
    const named = await tx.findOne<{ id: string }>({ model: 'organization', where: [{ field: 'slug', value: slug }] });
    // Somebody has created this very tenant since we looked.
    if (named?.id === tenantId) return null;
    if (named) throw new FactotumError('tenant.name_taken', `There is a tenant called ${tenantName} already. Choose another name.`);
    const now = new Date();
    const user =
      (await tx.findOne<{ id: string }>({ model: 'user', where: [{ field: 'email', value: email }] })) ??
      (await tx.create<Record<string, unknown>, { id: string }>({
        model: 'user',
        data: { email, name, emailVerified: false, createdAt: now, updatedAt: now },
      }));
    await tx.create({ model: 'organization', data: { id: tenantId, name: tenantName, slug, createdAt: now }, forceAllowId: true });
    await tx.create({ model: 'member', data: { organizationId: tenantId, userId: user.id, role: 'owner', createdAt: now } });
    return idSchema('user').parse(user.id);
  });
  const owner = created ?? (await findOwner(db, tenantId))?.userId;
  if (owner === undefined) throw new FactotumError('tenant.name_taken', `The tenant ${tenantName} exists and has no owner any more.`);
  return owner;
}

/** Finds a tenant by its id or, ignoring case and punctuation, by its name; null when there is none. */
export async function findTenant(db: AuthDb, nameOrId: string): Promise<TenantName | null> {
  const found = isId('tenant', nameOrId) ? await findTenantBy(db, 'id', nameOrId) : await findTenantBy(db, 'slug', slugOf(nameOrId));
  return found ?? null;
}

/** What makes two names the same: letters and digits of any script in lower case, all else one hyphen. */
export function slugOf(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, '-')
    .replace(/^-|-$/g, '');
}

const isUniqueViolation = (error: unknown) => error instanceof Error && 'code' in error && error.code === '23505';
