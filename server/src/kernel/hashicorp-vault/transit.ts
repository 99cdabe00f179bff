import { z } from 'zod';
import { vaultPath } from './call.ts';
import type { VaultClient } from './client.ts';
import { understood } from './kv2.ts';

/** One key of the secrets engine transit: it encrypts for us and never comes out. */
export interface Transit {
  readKey(): Promise<TransitKey>;
  /** @param associatedData - authenticated beside it, and needed to decrypt. @returns `vault:v<version>:<base64>` */
  encrypt(plain: Uint8Array, associatedData: Uint8Array): Promise<string>;
  /** @throws VaultFault `invalid` when it does not open. */
  decrypt(ciphertext: string, associatedData: Uint8Array): Promise<Buffer>;
  /** The same under the newest version, without showing it to us. Vault has no associated data here: only for what was encrypted without. */
  rewrap(ciphertext: string): Promise<string>;
  /** Makes a new version; older ones still decrypt. */
  rotate(): Promise<void>;
}

export interface TransitKey {
  /** Like `aes256-gcm96`. */
  readonly type: string;
  readonly latestVersion: number;
  /** What lies below does not decrypt any more. */
  readonly minDecryptionVersion: number;
  readonly derived: boolean;
  readonly supportsEncryption: boolean;
  readonly supportsDecryption: boolean;
}

const keyAnswer = z.object({
  data: z.object({
    type: z.string(),
    latest_version: z.int(),
    min_decryption_version: z.int(),
    derived: z.boolean().default(false),
    supports_encryption: z.boolean(),
    supports_decryption: z.boolean(),
  }),
});
const encryptAnswer = z.object({ data: z.object({ ciphertext: z.string().regex(/^vault:v\d+:/) }) });
const decryptAnswer = z.object({ data: z.object({ plaintext: z.base64() }) });

/** @param mount - where the engine is mounted, `transit` for example */
export function createTransit({ call }: VaultClient, { mount, key }: { mount: string; key: string }): Transit {
  const at = (verb: string) => `${vaultPath(mount)}/${verb}/${vaultPath(key)}`;
  const post = (verb: string, body: Record<string, unknown>) => call({ method: 'POST', path: at(verb), body });
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
  return {
    async readKey() {
      const { data } = understood(keyAnswer, await call({ method: 'GET', path: at('keys') }));
      return {
        type: data.type,
        latestVersion: data.latest_version,
        minDecryptionVersion: data.min_decryption_version,
        derived: data.derived,
        supportsEncryption: data.supports_encryption,
        supportsDecryption: data.supports_decryption,
      };
    },
    async encrypt(plain, associatedData) {
      const answer = await post('encrypt', { plaintext: base64(plain), associated_data: base64(associatedData) });
      return understood(encryptAnswer, answer).data.ciphertext;
    },
    async decrypt(ciphertext, associatedData) {
      const answer = await post('decrypt', { ciphertext, associated_data: base64(associatedData) });
      return Buffer.from(understood(decryptAnswer, answer).data.plaintext, 'base64');
    },
    rewrap: async (ciphertext) => understood(encryptAnswer, await post('rewrap', { ciphertext })).data.ciphertext,
    async rotate() {
      await call({ method: 'POST', path: `${at('keys')}/rotate`, body: {} });
    },
  };
}
