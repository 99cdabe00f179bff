import type { Id } from '#kernel';
import { allPermissions, type Permission } from './permissions.ts';

/** Who is asking, for which tenant, and what they may do there. Found anew for each request. */
export interface Principal {
  readonly kind: 'user' | 'key' | 'operator';
  /** How audit entries name them: `user:usr_..`, `key:key_..`, `operator:<os user>`. */
  readonly actor: string;
  readonly tenantId: Id<'tenant'>;
  readonly permissions: ReadonlySet<Permission>;
  readonly name: string;
  readonly email?: string;
}

/** The operator at the machine, who may do everything for the tenant that a command names. What makes them one is the socket's file mode, not a secret. */
export function operatorPrincipal(osUser: string, tenantId: Id<'tenant'>): Principal {
  return { kind: 'operator', actor: `operator:${osUser}`, tenantId, permissions: new Set(allPermissions), name: osUser };
}
