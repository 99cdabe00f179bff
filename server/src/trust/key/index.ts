/** The door to keys: what seals, opens and finds a tenant's content, and who guards the keys themselves. */
export { type AuditorKey, createAuditorKey } from './auditor-key.ts';
export { createKeyGenerations, type KeyGeneration, type KeyGenerations } from './generations.ts';
export { createGuardedKek, type GuardOptions } from './guarded-kek.ts';
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
export { createKekDirectory, type KekDirectoryOptions, type OwnKek, type TenantKeks } from './kek-directory.ts';
export { type KekAddress, parseKekUri } from './kek-uri.ts';
export { createKeyFiles, type KeyFiles, plainKeyFiles } from './key-file.ts';
export { createKeyring, type KeyCacheStats, type Keyring, type KeyringOptions } from './keyring.ts';
export { createLocalKek, type KeyFolder } from './local-kek.ts';
export { type InstallationLogins, openInstallationKek } from './open-kek.ts';
export {
  derivePassphraseKey,
  newPassphraseParameters,
  openStreamUnder,
  type PassphraseParameters,
  passphraseParametersSchema,
  sealStreamUnder,
} from './passphrase.ts';
export { keysUnavailable } from './provider/fault.ts';
export { createRemoveRemains, type RemoveRemains } from './remains.ts';
export { createKeyWatch, type KeyWatch } from './revocation.ts';
export type { PlainSeed } from './seed.ts';
export { holdGeneration, type KeyState } from './store.ts';
export { type KeysOf, type ObjectRef, type Purpose, sealedHeadBytes, type TenantKeys } from './tenant-keys.ts';
