import { createPrivateKey, createSecretKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { createSigner, type Signer } from '@factotum/tlog';
import type { TenantKeys } from '#trust/key';

/** The name of a tenant's log, which its chain, checkpoints and key begin with. */
export const originOf = (tenantId: string): string => `factotum/${tenantId}`;

const signingRef = (tenantId: string) => ({ kind: 'audit.signing_key', id: tenantId });
/** Bound to its epoch, so that the key of an earlier day, put back into the row, does not open. */
const macRef = (tenantId: string, epoch: number) => ({ kind: 'audit.mac_key', id: tenantId, version: epoch });

/** Makes the Ed25519 key that signs a new log's checkpoints. `sealed` is its only copy. */
export function createSigningKey(keys: TenantKeys): { sealed: Buffer; signer: Signer } {
  const { privateKey } = generateKeyPairSync('ed25519');
  const der = privateKey.export({ type: 'pkcs8', format: 'der' });
  const sealed = keys.seal('checkpoint', signingRef(keys.tenantId), der);
  der.fill(0);
  return { sealed, signer: createSigner({ name: originOf(keys.tenantId), privateKey }) };
}

/** @throws FactotumError `seal.broken`. */
export function openSigner(keys: TenantKeys, sealed: Uint8Array): Signer {
  const der = keys.open('checkpoint', signingRef(keys.tenantId), sealed);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  return createSigner({ name: originOf(keys.tenantId), privateKey });
}

/** 32 random bytes: derived from nothing, so that no other key ever gives it back. */
export const newMacKey = (): Buffer => randomBytes(32);

export const sealMacKey = (keys: TenantKeys, epoch: number, macKey: Uint8Array): Buffer =>
  keys.seal('checkpoint', macRef(keys.tenantId, epoch), macKey);

/** The MAC key of the epoch, ready for use. @throws FactotumError `seal.broken`, also when it is the key of another epoch. */
export function openMacKey(keys: TenantKeys, epoch: number, sealed: Uint8Array): KeyObject {
  const bytes = keys.open('checkpoint', macRef(keys.tenantId, epoch), sealed);
  const macKey = createSecretKey(bytes);
  bytes.fill(0);
  return macKey;
}
