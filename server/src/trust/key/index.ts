/** The door to keys: what seals, opens and finds a tenant's content, and who guards the keys themselves. */
export { type AuditorKey, createAuditorKey } from './auditor-key.ts';
export { createInstallationKey, type InstallationKey } from './installation-key.ts';
export {
  type KekCapabilities,
  type KekDirectory,
  type KekHealth,
  type KekProvider,
  onlyKek,
  type SeedBinding,
  type WrappedSeed,
} from './kek.ts';
export { createKeyring, type Keyring, type KeyringOptions, type PlainSeed } from './keyring.ts';
export { createLocalKek, type KeyFolder } from './local-kek.ts';
export {
  derivePassphraseKey,
  newPassphraseParameters,
  openStreamUnder,
  type PassphraseParameters,
  passphraseParametersSchema,
  sealStreamUnder,
} from './passphrase.ts';
export type { ObjectRef, Purpose, TenantKeys } from './tenant-keys.ts';
