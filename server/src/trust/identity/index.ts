/** Who is asking: tenants' owners and members with their sessions, tenants' API keys, and what each may do. */
export type { EndedSession, Self } from './account/account.ts';
export { nobodyThere } from './activity.ts';
export type { ApiKey, KeyRotation, MadeKey, NewApiKey } from './api-key.ts';
export { type AdoptedIdentity, adoptIdentity } from './archive/adopt.ts';
export { hashIdentity, type IdentityTable, packIdentity } from './archive/pack.ts';
export { staying, travelling } from './archive/tables.ts';
export { authorise, type Circumstance, type Need, staleness } from './authorise.ts';
export { type ClientAddress, createClientAddress, plainAddress, trustedProxies } from './client-address.ts';
export { type DeviceToken, devicePermissions } from './device/device-token.ts';
export type { Caller } from './http.ts';
export { createIdentity, type Identity, type IdentityDeps } from './identity.ts';
export type { ServiceAccount, ServiceAccountInput } from './machine/service-account.ts';
export type {
  Assignable,
  Invitation,
  InvitationLook,
  MadeInvitation,
  Member,
  Role,
  Room,
  SecurityRules,
  Team,
} from './member/membership.ts';
export type { Operator } from './operator/operators.ts';
export { isFromForeignPage, type RequestHead } from './origin.ts';
export {
  countMembers,
  countPeople,
  mailedOperators,
  ownersOf,
  principalOfSession,
  proveAddress,
  type Reachable,
  reachableMembers,
} from './people.ts';
export {
  allPermissions,
  type Permission,
  permissionTable,
  type RoleInTenant,
} from './permissions.ts';
export { type OperatorPerson, operatorPrincipal, type PersonSession, type Principal } from './principal.ts';
export {
  type Directory,
  type GroupAttributes,
  groupAttributesSchema,
  type RoleMapping,
  type ScimAct,
  type ScimGroup,
  type ScimToken,
  type ScimUser,
  type UserAttributes,
  userAttributesSchema,
} from './scim/scim.ts';
export type { Proven, SessionChange } from './sign-in/begin.ts';
export { assertionSchema, attestationSchema } from './sign-in/passkey.ts';
export { passwordLength } from './sign-in/password-rules.ts';
export type { SignInOutcome } from './sign-in/sign-in.ts';
export type { TxtLookup } from './sso/domain.ts';
export type { Provider } from './sso/provider.ts';
export { providerInputSchema } from './sso/schema.ts';
export type { Outcome, SingleSignOn } from './sso/single-sign-on.ts';
export { createSingleSignOn, loginCookieSeconds } from './sso/sso.ts';
export type { TenantName, TenantOwner } from './tenant-owner.ts';
