import type { Id } from '#kernel';
import { allPermissions, type Permission } from './permissions.ts';

/** Who is asking, for which tenant, and what they may do there. Found anew for each request. */
export interface Principal {
  readonly kind: 'user' | 'key' | 'service' | 'operator';
  /** How audit entries name them: `user:usr_..`, `key:key_..`, `service:svc_..`, `operator:<os user>`, `operator:usr_..`. */
  readonly actor: string;
  readonly tenantId: Id<'tenant'>;
  readonly permissions: ReadonlySet<Permission>;
  readonly name: string;
  readonly email?: string;
  /** Networks in CIDR notation that the tenant lets requests come from; none: from anywhere. */
  readonly allowedAddresses: readonly string[];
  /** What the tenant still asks of the person. Until then they have no permission, and reach what is about themselves. */
  readonly pending?: 'second_factor';
  /** Of a person: the session that they act in. */
  readonly session?: PersonSession;
  /** Of a machine: the key that it sent. */
  readonly keyId?: Id<'apiKey'>;
  /** Of a machine whose key has a limit of its own: requests a minute. */
  readonly perMinute?: number;
  /** Of a person: the device whose token came, in place of a session. */
  readonly deviceId?: Id<'deviceToken'>;
  /** Came with a short-lived token, which stands in for what it was made with, but not where presence has to be proved. */
  readonly viaToken?: boolean;
}

/** Somebody who runs the installation, in the browser: outside all tenants, and without a view of what is in them. */
export interface OperatorPerson {
  readonly kind: 'operator';
  /** `operator:usr_..` */
  readonly actor: string;
  readonly name: string;
  readonly email: string;
  readonly session: PersonSession;
}

export interface PersonSession {
  readonly id: Id<'session'>;
  readonly userId: Id<'user'>;
  /** How the person signed in: `link`, `password`, `passkey`, `invitation`, `sso:<provider id>`. */
  readonly method: string;
  readonly startedAt: Date;
  /** When the person last proved to be present: at sign-in, or at a later step-up. */
  readonly provenAt: Date;
}

/** The operator at the machine, who may do everything for the tenant that a command names. What makes them one is the socket's file mode, not a secret. */
export function operatorPrincipal(osUser: string, tenantId: Id<'tenant'>): Principal {
  const permissions = new Set(allPermissions);
  return { kind: 'operator', actor: `operator:${osUser}`, tenantId, permissions, name: osUser, allowedAddresses: [] };
}
