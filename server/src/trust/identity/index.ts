/** Who is asking: tenants' owners and members with their sessions, tenants' API keys, and what each may do. */
export type { ApiKey, NewApiKey } from './api-key.ts';
export type { Caller } from './http.ts';
export { createIdentity, type Identity, type IdentityDeps, type SessionChange } from './identity.ts';
export type { RequestHead } from './origin.ts';
export {
  allPermissions,
  type Permission,
  permissionTable,
  type RoleInTenant,
} from './permissions.ts';
export { operatorPrincipal, type Principal } from './principal.ts';
export type { TenantName, TenantOwner } from './tenant-owner.ts';
