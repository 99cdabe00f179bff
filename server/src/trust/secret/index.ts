/** The door to secrets: credentials by name, in our own sealed tables or in stores outside, and what finds their values. */
export type {
  Reference,
  Referrer,
  SecretResolver,
  SecretScope,
  SecretStore,
  StoredSecret,
} from './port.ts';
export { requireMayRefer } from './refer.ts';
export { isReference, parseReference, type SecretReference, type StoreKind } from './reference.ts';
export { createSecretResolver, type OpenStore } from './resolver.ts';
export { type SecretKind, secretKinds, type VersionState } from './rows.ts';
export {
  createSecret,
  deleteSecret,
  findSecret,
  listSecrets,
  listVersions,
  type NewSecret,
  openSecret,
  promoteVersion,
  readSecret,
  replaceValue,
  revokeVersion,
  type Secret,
  type SecretVersion,
  setRotation,
  stageValue,
} from './secret.ts';
export { outsideStores } from './stores.ts';
export { createSecretUnits, type InSecretUnit, type SecretUnit, tenantUnit } from './unit.ts';
export { usersByName } from './used-by.ts';
