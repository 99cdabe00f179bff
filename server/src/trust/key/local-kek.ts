import { createCipheriv, createDecipheriv, createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { FactotumError } from '#kernel';
import { bind } from './binding.ts';
import type { KekProvider, SeedBinding } from './kek.ts';
import { createFileOnce, readSecretFile } from './secret-file.ts';

/** Where the keys lie, and whether this installation has any data under them yet. */
export interface KeyFolder {
  readonly folder: string;
  /** Asked only when a key file is missing: a new key beside existing tenants would hide that theirs is lost. */
  readonly tenantsExist: () => Promise<boolean>;
}

/** The marker says what the file is, to people and to us. */
const fileForm = /^factotum-kek-v1:([0-9a-f]{64})\n?$/;
/** A key in a file has one version; another key is another file. */
const kekVersion = '1';
const nonceBytes = 12;
const tagBytes = 16;

/**
 * The default provider: a random key in `kek.key` (mode 0600), made at the very first start.
 *
 * @throws FactotumError `key.unavailable`, with the fix, when the file may be read by others, is damaged, or is missing although
 * there are tenants.
 */
export async function createLocalKek({ folder, tenantsExist }: KeyFolder): Promise<KekProvider> {
  const path = join(folder, 'kek.key');
  const bytes = parse(path, (await readSecretFile(path)) ?? (await createFile(path, tenantsExist)));
  const key = createSecretKey(bytes);
  const kekId = createHash('sha256').update('factotum/kek-id/v1\0').update(bytes).digest('hex').slice(0, 16);
  bytes.fill(0);
  const kek: KekProvider = {
    provider: 'local',
    kekId,
    capabilities: { binds: true, rewrapsInside: false },
    async wrap(seed, binding) {
      return { kekId, kekVersion, wrapped: wrap(key, seed, binding) };
    },
    async unwrap(wrapped, binding) {
      if (wrapped.kekId !== kekId)
        throw new FactotumError(
          'key.unavailable',
          `The tenant's key was wrapped by key ${wrapped.kekId}, but ${path} holds ${kekId}. Put the right key file back.`,
          { details: { reason: 'broken' } },
        );
      return unwrap(key, wrapped.wrapped, binding);
    },
    async rewrap(wrapped, binding) {
      const seed = await kek.unwrap(wrapped, binding);
      const fresh = await kek.wrap(seed, binding);
      seed.fill(0);
      return fresh;
    },
    health: async () => ({ kekVersion, latencyMs: 0 }),
    close: async () => undefined,
  };
  return kek;
}

async function createFile(path: string, tenantsExist: () => Promise<boolean>): Promise<string> {
  if (await tenantsExist())
    throw new FactotumError(
      'key.unavailable',
      `${path} is missing, and without it nothing of the existing tenants can be opened. Put it back from your key backup. No new one is made.`,
    );
  await createFileOnce(path, `factotum-kek-v1:${randomBytes(32).toString('hex')}\n`, 0o600);
  // Read back, whoever was faster: two processes that start together must end up with one key.
  const text = await readSecretFile(path);
  if (text === null) throw new FactotumError('key.unavailable', `${path} vanished while it was being made. Start again.`);
  return text;
}

function parse(path: string, text: string): Buffer {
  const hex = fileForm.exec(text)?.[1];
  if (hex === undefined) throw new FactotumError('key.unavailable', `${path} is damaged. Put it back from your key backup.`);
  return Buffer.from(hex, 'hex');
}

/** nonce 12, ciphertext 32, tag 16. A KEK wraps a few seeds a tenant, so random nonces are far from their limit of 2^32. */
function wrap(key: KeyObject, seed: Buffer, binding: SeedBinding): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(boundTo(binding));
  return Buffer.concat([nonce, cipher.update(seed), cipher.final(), cipher.getAuthTag()]);
}

function unwrap(key: KeyObject, wrapped: Buffer, binding: SeedBinding): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, nonceBytes), { authTagLength: tagBytes });
    decipher.setAAD(boundTo(binding));
    decipher.setAuthTag(wrapped.subarray(-tagBytes));
    return Buffer.concat([decipher.update(wrapped.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  } catch (cause) {
    throw new FactotumError(
      'key.unavailable',
      'The wrapped key of this tenant was changed or belongs to another. Restore it from your key backup.',
      { cause, details: { reason: 'broken' } },
    );
  }
}

const boundTo = ({ tenantId, generation }: SeedBinding) => bind('factotum/kek/v1', tenantId, String(generation));
