/** Who is asking: tenants' owners and members with their sessions, tenants' API keys, and what each may do. */
export type { ApiKey, KeyRotation, MadeKey, NewApiKey } from './api-key.ts';
export { authorise, type Circumstance, freshMs, isAddressAllowed, type Need, staleness } from './authorise.ts';
export type { Caller } from './http.ts';
export { createIdentity, type Identity, type IdentityDeps } from './identity.ts';
export type { ServiceAccount, ServiceAccountInput } from './machine/service-account.ts';
export type { Invitation, InvitationLook, MadeInvitation, Member, Role, Room, SecurityRules, Team } from './member/membership.ts';
export type { RequestHead } from './origin.ts';
export { countPeople, ownersOf } from './people.ts';
export {
  allPermissions,
  type Permission,
  permissionTable,
  type RoleInTenant,
} from './permissions.ts';
export { type OperatorPerson, operatorPrincipal, type PersonSession, type Principal } from './principal.ts';
export type { Proven, SessionChange } from './sign-in/begin.ts';
export type { TenantName, TenantOwner } from './tenant-owner.ts';
