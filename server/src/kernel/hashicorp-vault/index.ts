/** The door to HashiCorp Vault and OpenBao: signing in, secrets of the engine KV version 2, and keys of the engine transit. */
export { kubernetesTokenFile, type VaultAuth } from './auth.ts';
export { createVaultClient, type VaultClient, type VaultClientOptions } from './client.ts';
export { createKv2, type Kv2, type Kv2Metadata, type Kv2Secret } from './kv2.ts';
export { createTransit, type Transit, type TransitKey } from './transit.ts';
export { VaultFault, type VaultFaultReason } from './vault-fault.ts';
