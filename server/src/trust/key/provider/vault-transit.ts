import type { Clock } from '#kernel';
import { createTransit, type Transit, type VaultClient, VaultFault } from '#kernel/hashicorp-vault';
import { bind } from '../binding.ts';
import type { KekProvider, WrappedSeed } from '../kek.ts';
import { type Bound, invalidAddress, openUntilClosed, parseEndpoint, requireSame, tryKey } from './cloud.ts';
import { kekFault, openedSeed, requireOwnKey, requireSeed } from './fault.ts';
import { rewrapOutside } from './rewrap.ts';

/** Where a key of the secrets engine transit is. */
export interface VaultTransitKey {
  /** `https://host:port`. */
  readonly address: string;
  readonly namespace?: string;
  readonly mount: string;
  readonly key: string;
}

export interface VaultTransitOptions extends VaultTransitKey {
  /** Signed in at this address and namespace; belongs to the provider from now on. */
  readonly client: VaultClient;
  readonly clock: Clock;
}

const provider = 'vault-transit';
const segment = /^[A-Za-z0-9_.-]{1,128}$/;
/** Types of keys that authenticate associated data. */
const bindingTypes = ['aes256-gcm96', 'aes128-gcm96', 'chacha20-poly1305', 'xchacha20-poly1305'];

/** Reads `https://host[/namespace ...]/mount/key`. @throws FactotumError `key.provider_invalid`. */
export function parseVaultTransitKey(text: string): VaultTransitKey {
  const { origin, pathname } = new URL(parseEndpoint(text));
  const segments = pathname.split('/').slice(1);
  const [key, mount, ...namespace] = segments.toReversed();
  if (key === undefined || mount === undefined || !segments.every((part) => segment.test(part) && !/^\.+$/.test(part)))
    throw invalidAddress('After vault-transit: comes https://HOST/MOUNT/KEY, or https://HOST/NAMESPACE/MOUNT/KEY.');
  return { address: origin, mount, key, ...(namespace.length === 0 ? {} : { namespace: namespace.toReversed().join('/') }) };
}

/**
 * A key in HashiCorp Vault or OpenBao. Each wrap is bound to tenant and generation by Vault itself (associated data) and is opened once before
 * it is handed out. Vault's own `rewrap` knows no associated data, so a seed passes through this process when it is re-wrapped.
 */
export function createVaultTransit({ address, namespace, mount, key, client, clock }: VaultTransitOptions): KekProvider {
  const kekId = [address, ...(namespace === undefined ? [] : [namespace]), mount, key].join('/');
  const transit = createTransit(client, { mount, key });
  const life = openUntilClosed(provider);
  let isChecked = false;

  const asking = async <T>(work: (transit: Transit) => Promise<T>): Promise<T> => {
    life.require();
    try {
      return await work(transit);
    } catch (fault) {
      throw named(fault, kekId);
    }
  };
  /** Before anything is encrypted: with the right to create, Vault would make a missing key on the way, and of another type. */
  const check = async (): Promise<void> => {
    const found = await asking(() => transit.readKey());
    if (!bindingTypes.includes(found.type) || found.derived || !found.supportsEncryption || !found.supportsDecryption)
      throw invalidAddress(`The key ${kekId} is of the type ${found.type}. Make one of the type aes256-gcm96, not derived.`);
    isChecked = true;
  };
  const decrypt = async ({ kekVersion, wrapped }: Pick<WrappedSeed, 'kekVersion' | 'wrapped'>, bound: Bound): Promise<Buffer> => {
    if (!/^\d{1,9}$/.test(kekVersion)) throw broken();
    const ciphertext = `vault:v${kekVersion}:${wrapped.toString('base64')}`;
    const seed = await asking(() =>
      transit.decrypt(ciphertext, boundTo(bound)).catch(async (fault: unknown) => {
        if (!(fault instanceof VaultFault) || fault.reason !== 'invalid') throw fault;
        // Vault says 400 for a changed wrap, a key that is gone and a version that was forbidden.
        const { minDecryptionVersion } = await transit.readKey();
        throw Number(kekVersion) < minDecryptionVersion
          ? kekFault('refused', `Vault does not open version ${kekVersion} of ${kekId} any more (min_decryption_version).`, fault)
          : broken(fault);
      }),
    );
    return openedSeed(seed, provider);
  };
  const wrap = async (seed: Buffer, bound: Bound): Promise<WrappedSeed> => {
    requireSeed(seed);
    if (!isChecked) await check();
    const ciphertext = await asking(() => transit.encrypt(seed, boundTo(bound)));
    const [, kekVersion = '', base64 = ''] = /^vault:v(\d+):(.+)$/.exec(ciphertext) ?? [];
    const wrapped = Buffer.from(base64, 'base64');
    requireSame(await decrypt({ kekVersion, wrapped }, bound), seed, provider);
    return { kekId, kekVersion, wrapped };
  };
  const kek: KekProvider = {
    provider,
    kekId,
    capabilities: { binds: true, rewrapsInside: false },
    wrap,
    async unwrap(row, binding) {
      requireOwnKey(row, kek);
      return decrypt(row, binding);
    },
    rewrap: (row, binding) => rewrapOutside(kek, row, binding),
    async health() {
      await check();
      return tryKey(clock, wrap);
    },
    async close() {
      life.close();
      await client.close();
    },
  };
  return kek;
}

const boundTo = ({ tenantId, generation }: Bound) => bind('factotum/kek/v1', tenantId, String(generation));

const broken = (cause?: unknown) =>
  kekFault('broken', 'The wrapped key of this tenant was changed or belongs to another. Restore it from your key backup.', cause);

function named(fault: unknown, kekId: string): unknown {
  if (!(fault instanceof VaultFault)) return fault;
  if (fault.reason === 'unreachable') return kekFault('unreachable', `${fault.message} It is asked again by itself.`, fault);
  if (fault.reason === 'not_found') return kekFault('refused', `The key ${kekId} is not there. ${fault.message}`, fault);
  return kekFault('refused', `${fault.message} See docs/encryption/providers.md for the policy that it needs.`, fault);
}
