import { type Clock, FactotumError } from '#kernel';
import { type AzureCredential, createAzureTokens } from '#kernel/cloud';
import { createVaultClient, type VaultAuth } from '#kernel/hashicorp-vault';
import { outboundFetch, unguardedAgent } from '#kernel/outbound';
import type { SecretStore } from './port.ts';
import type { OpenStore } from './resolver.ts';
import { createAwsStore } from './store/aws.ts';
import { createAzureStore } from './store/azure.ts';
import { createFileStore } from './store/file.ts';
import { createVaultStore } from './store/vault.ts';

export interface OutsideStores {
  /** Folders that mounted secrets are read from, absolute. */
  readonly folders: readonly string[];
  /** Undefined: no Vault is set up. */
  readonly vault: { readonly address: string; readonly namespace?: string | undefined; readonly auth: VaultAuth } | undefined;
  readonly azure: AzureCredential;
  readonly clock: Clock;
}

/** What one question to a store may cost. The operator chose the addresses, so any may be dialled. */
const limits = { connectTimeoutMs: 3_000, headersTimeoutMs: 5_000, bodyTimeoutMs: 5_000, responseBytesMax: 1_024 ** 2 };
const timeoutMs = 5_000;

/** The stores outside, each opened when it is first needed, with the installation's own credentials. */
export function outsideStores({ folders, vault, azure, clock }: OutsideStores): OpenStore {
  return async (kind) => {
    if (kind === 'file') return createFileStore({ folders });
    if (kind === 'vault' && vault === undefined)
      throw new FactotumError(
        'secret.unavailable',
        'No Vault is set up. Set FACTOTUM_VAULT_URL and how to sign in there (docs/secrets.md).',
      );
    const agent = unguardedAgent(limits);
    const fetch = outboundFetch(agent, limits);
    const store = await openNetwork();
    return {
      ...store,
      async close() {
        await store.close();
        await agent.close();
      },
    };

    async function openNetwork(): Promise<SecretStore> {
      if (vault !== undefined && kind === 'vault') return createVaultStore(createVaultClient({ ...vault, fetch, clock, timeoutMs }));
      if (kind === 'aws') return createAwsStore({ fetch, timeoutMs });
      return createAzureStore({ tokens: createAzureTokens({ credential: azure, fetch, clock, timeoutMs }), fetch, timeoutMs });
    }
  };
}
