import { LRUCache } from 'lru-cache';
import { FactotumError, type Id } from '#kernel';
import { withTenant } from '#kernel/database';
import type { Permission, Principal } from '#trust/identity';
import { readActiveTenant, type Tenant } from '#trust/tenant';
import type { HttpDeps } from './deps.ts';

export interface Gate {
  /**
   * Lets a request in, or not: the one place where that is decided.
   *
   * @param need.known - who asks, where that has been found out already
   * @throws FactotumError `request.foreign_origin`, `auth.required`, `auth.forbidden` (audited), `tenant.suspended`, `tenant.not_found`.
   */
  enter(request: Request, need: { access: Permission | 'signed-in'; requestId: string; known?: Principal | undefined }): Promise<Principal>;
  /** The tenant, as it was within the last seconds. @throws FactotumError `tenant.suspended`, `tenant.not_found`. */
  tenant(tenantId: Id<'tenant'>): Promise<Tenant>;
}

/** How long a tenant's state is believed, in milliseconds: as long as an API key is. */
const tenantTtlMs = 5_000;

/** Nothing is allowed that a permission does not allow by name. */
export const mayDo = (principal: Principal, access: Permission | 'signed-in'): boolean =>
  access === 'signed-in' || principal.permissions.has(access);

export function createGate({
  identity,
  database,
  accessLog,
  clock,
}: Pick<HttpDeps, 'identity' | 'database' | 'accessLog' | 'clock'>): Gate {
  const tenants = new LRUCache<Id<'tenant'>, Tenant>({ max: 2_000, ttl: tenantTtlMs, perf: { now: () => clock.monotonicMs() } });

  async function tenant(tenantId: Id<'tenant'>): Promise<Tenant> {
    const known = tenants.get(tenantId);
    if (known !== undefined) return known;
    const found = await withTenant(database.app.db, tenantId, (tx) => readActiveTenant(tx, tenantId));
    tenants.set(tenantId, found);
    return found;
  }

  async function identify(request: Request): Promise<Principal> {
    // A page of somebody else that makes a browser send its cookie: asked first, so that it does not even learn whether there is a session.
    if (!identity.sameOrigin(request))
      throw new FactotumError('request.foreign_origin', 'This request was made by a page that is not ours.');
    const principal = await identity.principalOf(request.headers);
    if (principal === null) throw new FactotumError('auth.required', 'Sign in, or send an API key as a bearer token.');
    return principal;
  }

  return {
    tenant,
    enter: async (request, { access, requestId, known }) => {
      const principal = known ?? (await identify(request));
      await tenant(principal.tenantId);
      if (mayDo(principal, access)) return principal;
      await accessLog.append(principal.tenantId, {
        kind: 'access.refused',
        actor: principal.actor,
        at: clock.now(),
        detail: { permission: access, method: request.method, request: requestId },
      });
      throw new FactotumError('auth.forbidden', `This needs the permission ${access}.`, { details: { permission: access } });
    },
  };
}
