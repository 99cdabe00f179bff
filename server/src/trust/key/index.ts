/** The door to keys: what seals, opens and finds a tenant's content, and who guards the keys themselves. */
export { type AuditorKey, createAuditorKey } from './auditor-key.ts';
export { createKeyGenerations, type KeyGeneration, type KeyGenerations } from './generations.ts';
export { createInstallationKey, type InstallationKey } from './installation-key.ts';
export {
  type KekCapabilities,
  type KekDirectory,
  type KekHealth,
  type KekOutcome,
  type KekProvider,
  type KeyObserver,
  onlyKek,
  type SeedBinding,
  type WrappedSeed,
} from './kek.ts';
export { createKeyring, type KeyCacheStats, type Keyring, type KeyringOptions } from './keyring.ts';
export { createLocalKek, type KeyFolder } from './local-kek.ts';
export {
  derivePassphraseKey,
  newPassphraseParameters,
  openStreamUnder,
  type PassphraseParameters,
  passphraseParametersSchema,
  sealStreamUnder,
} from './passphrase.ts';
export { createKeyWatch, type KeyWatch, keyWatchBlindMs } from './revocation.ts';
export type { PlainSeed } from './seed.ts';
export type { KeyState } from './store.ts';
export { type KeysOf, type ObjectRef, type Purpose, sealedHeadBytes, type TenantKeys } from './tenant-keys.ts';
