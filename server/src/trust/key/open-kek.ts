import { z } from 'zod';
import { type Clock, FactotumError } from '#kernel';
import { type AzureCredential, awsAccessKeySchema, azureClientSecretSchema, googleServiceAccountSchema } from '#kernel/cloud';
import { createVaultClient, type VaultAuth } from '#kernel/hashicorp-vault';
import { guardedAgent, outboundFetch, unguardedAgent } from '#kernel/outbound';
import type { KekProvider } from './kek.ts';
import { hostOf, type KekAddress, type RemoteKekAddress } from './kek-uri.ts';
import { createLocalKek, type KeyFolder } from './local-kek.ts';
import { createAwsKms } from './provider/aws-kms.ts';
import { createAzureKeyVault } from './provider/azure-key-vault.ts';
import { invalidAddress } from './provider/cloud.ts';
import { createGcpKms } from './provider/gcp-kms.ts';
import { createPassphraseKek } from './provider/passphrase-kek.ts';
import { createPkcs11Kek } from './provider/pkcs11.ts';
import { createVaultTransit, type VaultTransitKey } from './provider/vault-transit.ts';

/** What the installation is, at each kind of provider. */
export interface InstallationLogins {
  readonly keyFolder: KeyFolder;
  /** Asked when the address is `passphrase:`. */
  readonly passphrase: () => Promise<string>;
  readonly vault: VaultAuth | undefined;
  readonly azure: AzureCredential;
  readonly clock: Clock;
}

/** Answers of key services are a few hundred bytes. */
const limits = { connectTimeoutMs: 3_000, headersTimeoutMs: 5_000, bodyTimeoutMs: 5_000, responseBytesMax: 1_000_000 };

/**
 * The installation's provider at an address: with credentials from settings, files and the machine, and wherever the operator says.
 *
 * @throws FactotumError `key.provider_invalid`, `key.provider_missing`, `key.unavailable`.
 */
export async function openInstallationKek(address: KekAddress, logins: InstallationLogins): Promise<KekProvider> {
  const { clock, keyFolder } = logins;
  if (address.kind === 'local') return createLocalKek(keyFolder);
  if (address.kind === 'passphrase') return createPassphraseKek(keyFolder, await logins.passphrase());
  if (address.kind === 'pkcs11') return createPkcs11Kek({ ...address.key, clock });
  return overNetwork(unguardedAgent(limits), (fetch) => {
    if (address.kind === 'aws-kms') return createAwsKms({ ...address.key, fetch, clock });
    if (address.kind === 'azure-key-vault') return createAzureKeyVault({ ...address.key, credential: logins.azure, fetch, clock });
    if (address.kind === 'gcp-kms') return createGcpKms({ ...address.key, fetch, clock });
    if (logins.vault === undefined)
      throw invalidAddress('To guard keys with Vault, set how to sign in there: FACTOTUM_VAULT_TOKEN_FILE or another way.');
    return openVault(address.key, logins.vault, { fetch, clock });
  });
}

/** What a tenant hands in to be somebody at its key service, by the service's kind. */
const credentialSchemas = {
  'aws-kms': awsAccessKeySchema,
  'azure-key-vault': azureClientSecretSchema,
  'gcp-kms': googleServiceAccountSchema,
  'vault-transit': z.union([
    z.strictObject({ token: z.string().min(1).max(4_096) }),
    z.strictObject({
      roleId: z.string().min(1).max(200),
      secretId: z.string().min(1).max(200),
      mount: z.string().min(1).max(200).optional(),
    }),
  ]),
} as const;

/**
 * A tenant's own provider, with the credential that the tenant handed in and nothing of the installation's: never the machine's identity. It is
 * reached only on the public internet, and where the operator allows it.
 *
 * @param credential - JSON, as the schema of the address's kind says
 * @throws FactotumError `key.provider_invalid`, `key.provider_missing`.
 */
export async function openTenantKek(
  address: RemoteKekAddress,
  credential: unknown,
  { allowHosts, clock }: { readonly allowHosts: readonly string[]; readonly clock: Clock },
): Promise<KekProvider> {
  const agent = allowHosts.includes(hostOf(address)) ? unguardedAgent(limits) : guardedAgent(limits);
  return overNetwork(agent, (fetch) => {
    switch (address.kind) {
      case 'aws-kms':
        return createAwsKms({ ...address.key, accessKey: read(credentialSchemas[address.kind], credential), fetch, clock });
      case 'azure-key-vault': {
        const secret = read(credentialSchemas[address.kind], credential);
        return createAzureKeyVault({ ...address.key, credential: { kind: 'client-secret', ...secret }, fetch, clock });
      }
      case 'gcp-kms':
        return createGcpKms({ ...address.key, serviceAccount: read(credentialSchemas[address.kind], credential), fetch, clock });
      case 'vault-transit': {
        const login = read(credentialSchemas[address.kind], credential);
        const auth: VaultAuth =
          'token' in login
            ? { method: 'token', token: async () => login.token }
            : {
                ...{ method: 'approle', roleId: async () => login.roleId, secretId: async () => login.secretId },
                ...(login.mount === undefined ? {} : { mount: login.mount }),
              };
        return openVault(address.key, auth, { fetch, clock });
      }
    }
  });
}

function openVault(key: VaultTransitKey, auth: VaultAuth, { fetch, clock }: { fetch: typeof globalThis.fetch; clock: Clock }): KekProvider {
  const client = createVaultClient({ address: key.address, namespace: key.namespace, auth, fetch, clock });
  return createVaultTransit({ ...key, client, clock });
}

/** A provider whose connections are closed with it. */
async function overNetwork(
  agent: ReturnType<typeof guardedAgent>,
  open: (fetch: typeof globalThis.fetch) => KekProvider | Promise<KekProvider>,
): Promise<KekProvider> {
  try {
    const kek = await open(outboundFetch(agent, limits));
    return {
      ...kek,
      async close() {
        await kek.close();
        await agent.destroy();
      },
    };
  } catch (error) {
    await agent.destroy();
    throw error;
  }
}

/** The parser's own words could hold a part of the credential. */
function read<T>(schema: z.ZodType<T>, credential: unknown): T {
  const parsed = schema.safeParse(credential);
  if (parsed.success) return parsed.data;
  const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join('.')).filter((path) => path !== ''))];
  throw new FactotumError(
    'key.provider_invalid',
    `The credential for this key provider is not complete${fields.length === 0 ? '' : ` (${fields.join(', ')})`}. See docs/encryption/providers.md.`,
  );
}
