import { createCipheriv, createDecipheriv, createHash, createSecretKey, randomBytes } from 'node:crypto';
import { bind } from '../binding.ts';
import type { KekProvider, SeedBinding } from '../kek.ts';
import { kekFault, openedSeed, requireSeed } from './fault.ts';
import { rewrapOutside } from './rewrap.ts';

/** A key in this process's memory has one version; another key is another provider. */
const kekVersion = '1';
const nonceBytes = 12;
const tagBytes = 16;

/**
 * A provider around 32 secret bytes that this process knows, whether from a file or a passphrase: AES-256-GCM, bound to tenant and generation.
 *
 * @param key - copied; fill it with zeros afterwards
 * @param wrongKey - what a person is to do about a row that another key has wrapped, as a sentence
 */
export function createSecretKek({ provider, key, wrongKey }: { provider: string; key: Buffer; wrongKey: string }): KekProvider {
  const kekId = createHash('sha256').update('factotum/kek-id/v1\0').update(key).digest('hex').slice(0, 16);
  let held: ReturnType<typeof createSecretKey> | undefined = createSecretKey(key);
  const use = () => {
    if (held === undefined) throw kekFault('unreachable', `The key provider ${provider} was closed.`);
    return held;
  };
  const kek: KekProvider = {
    provider,
    kekId,
    capabilities: { binds: true, rewrapsInside: false },
    async wrap(seed, binding) {
      requireSeed(seed);
      // nonce 12, ciphertext 32, tag 16. A KEK wraps a few seeds a tenant, so random nonces are far from their limit of 2^32.
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', use(), nonce);
      cipher.setAAD(boundTo(binding));
      return { kekId, kekVersion, wrapped: Buffer.concat([nonce, cipher.update(seed), cipher.final(), cipher.getAuthTag()]) };
    },
    async unwrap({ kekId: wrappedBy, wrapped }, binding) {
      const secret = use();
      if (wrappedBy !== kekId)
        throw kekFault('broken', `The tenant's key was wrapped by key ${wrappedBy}, but this one is ${kekId}. ${wrongKey}`);
      try {
        const decipher = createDecipheriv('aes-256-gcm', secret, wrapped.subarray(0, nonceBytes), { authTagLength: tagBytes });
        decipher.setAAD(boundTo(binding));
        decipher.setAuthTag(wrapped.subarray(-tagBytes));
        return openedSeed(Buffer.concat([decipher.update(wrapped.subarray(nonceBytes, -tagBytes)), decipher.final()]), provider);
      } catch (cause) {
        throw kekFault(
          'broken',
          'The wrapped key of this tenant was changed or belongs to another. Restore it from your key backup.',
          cause,
        );
      }
    },
    rewrap: (row, binding) => rewrapOutside(kek, row, binding),
    async health() {
      use();
      return { kekVersion, latencyMs: 0 };
    },
    async close() {
      held = undefined;
    },
  };
  return kek;
}

const boundTo = ({ tenantId, generation }: SeedBinding) => bind('factotum/kek/v1', tenantId, String(generation));
