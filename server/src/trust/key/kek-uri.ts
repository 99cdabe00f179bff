import { type AwsKmsKey, parseAwsKmsKey } from './provider/aws-kms.ts';
import { type AzureKeyVaultKey, parseAzureKeyVaultKey } from './provider/azure-key-vault.ts';
import { invalidAddress } from './provider/cloud.ts';
import { type GcpKmsKey, parseGcpKmsKey } from './provider/gcp-kms.ts';
import { type Pkcs11Key, parsePkcs11Key } from './provider/pkcs11-uri.ts';
import { parseVaultTransitKey, type VaultTransitKey } from './provider/vault-transit.ts';

/** Who guards keys, with which key. Never a credential. */
export type KekAddress =
  | { readonly kind: 'local' }
  | { readonly kind: 'passphrase' }
  | { readonly kind: 'pkcs11'; readonly key: Pkcs11Key }
  | RemoteKekAddress;

/** A key service on the network: what a tenant may bring of its own. */
export type RemoteKekAddress =
  | { readonly kind: 'aws-kms'; readonly key: AwsKmsKey }
  | { readonly kind: 'azure-key-vault'; readonly key: AzureKeyVaultKey }
  | { readonly kind: 'gcp-kms'; readonly key: GcpKmsKey }
  | { readonly kind: 'vault-transit'; readonly key: VaultTransitKey };

/** Reads an address like `local:` or `vault-transit:https://...`. @throws FactotumError `key.provider_invalid`, with the right form. */
export function parseKekUri(uri: string): KekAddress {
  const [, kind = '', rest = ''] = /^([a-z0-9-]+):(.*)$/s.exec(uri.trim()) ?? [];
  switch (kind) {
    case 'local':
    case 'passphrase':
      if (rest !== '') throw invalidAddress(`${kind}: stands alone; nothing comes after the colon.`);
      return { kind };
    case 'pkcs11':
      return { kind, key: parsePkcs11Key(rest) };
    case 'aws-kms':
      return { kind, key: parseAwsKmsKey(rest) };
    case 'azure-key-vault':
      return { kind, key: parseAzureKeyVaultKey(rest) };
    case 'gcp-kms':
      return { kind, key: parseGcpKmsKey(rest) };
    case 'vault-transit':
      return { kind, key: parseVaultTransitKey(rest) };
    default:
      throw invalidAddress(
        'A key provider is named by local:, passphrase:, aws-kms:, azure-key-vault:, gcp-kms:, vault-transit: or pkcs11: and its key.',
      );
  }
}

/** The same, of a key service that a tenant brings. @throws FactotumError `key.provider_invalid` for what only the operator may use. */
export function parseTenantKekUri(uri: string): RemoteKekAddress {
  const address = parseKekUri(uri);
  if (address.kind === 'local' || address.kind === 'passphrase' || address.kind === 'pkcs11')
    throw invalidAddress(
      `${address.kind}: lies on the operator's machine. A tenant's own keys are in AWS KMS, Azure Key Vault, Google Cloud KMS or Vault.`,
    );
  return address;
}

/** `host:port` that the key is asked at, for lists of allowed hosts. */
export function hostOf(address: RemoteKekAddress): string {
  const url = new URL(addressOf(address));
  return `${url.hostname}:${url.port === '' ? (url.protocol === 'http:' ? '80' : '443') : url.port}`;
}

function addressOf({ kind, key }: RemoteKekAddress): string {
  switch (kind) {
    case 'aws-kms':
      return key.endpoint ?? `https://kms.${key.arn.split(':')[3] ?? ''}.amazonaws.com`;
    case 'azure-key-vault':
      return key.keyUrl;
    case 'gcp-kms':
      return key.endpoint ?? 'https://cloudkms.googleapis.com';
    case 'vault-transit':
      return key.address;
  }
}
