import { argon2, randomBytes } from 'node:crypto';
import type { Transform } from 'node:stream';
import { z } from 'zod';
import { FactotumError } from '#kernel';
import { createHmacKey } from './hmac.ts';
import { createOpening, createSealing } from './stream.ts';

const saltBytes = 16;
const keyBytes = 32;
/** Twelve characters are what a passphrase of four short words has at least. */
const charactersMin = 12;
const charactersMax = 1_024;

/**
 * How a key is made from a passphrase, in clear beside what it seals. The bounds are what opening a stranger's file may cost: a quarter of
 * a gigabyte for about two seconds. The lower ones are those of OWASP's password storage cheat sheet.
 */
export const passphraseParametersSchema = z.strictObject({
  algorithm: z.literal('argon2id'),
  memoryKiB: z.int().min(19_456).max(262_144),
  passes: z.int().min(2).max(10),
  parallelism: z.int().min(1).max(16),
  salt: z.base64().refine((text) => Buffer.from(text, 'base64').length === saltBytes, `must be ${saltBytes} bytes`),
});
export type PassphraseParameters = z.infer<typeof passphraseParametersSchema>;

/** The second recommended option of RFC 9106 (64 MiB, three passes, four lanes; 0.3 s measured), with a salt of its own. */
export const newPassphraseParameters = (): PassphraseParameters => ({
  algorithm: 'argon2id',
  memoryKiB: 65_536,
  passes: 3,
  parallelism: 4,
  salt: randomBytes(saltBytes).toString('base64'),
});

/**
 * The 32-byte key of a passphrase. Composed and decomposed spellings of a letter are the same passphrase.
 *
 * @throws FactotumError `request.invalid` when it is too short to protect anything.
 */
export function derivePassphraseKey(passphrase: string, parameters: PassphraseParameters): Promise<Buffer> {
  const message = passphrase.normalize('NFKC');
  if (message.length < charactersMin || message.length > charactersMax)
    throw new FactotumError('request.invalid', `A passphrase has ${charactersMin} to ${charactersMax} characters.`);
  const { memoryKiB: memory, passes, parallelism, salt } = parameters;
  return new Promise((resolve, reject) => {
    const nonce = Buffer.from(salt, 'base64');
    argon2('argon2id', { message, nonce, memory, passes, parallelism, tagLength: keyBytes }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

/** Seals what flows through under a key of one's own, `header` in clear before it. @param context - bound in: opens for nothing else. */
export function sealStreamUnder(key: Uint8Array, context: Uint8Array, header: Uint8Array): Transform {
  return createSealing(createHmacKey('sha512', key), context, header);
}

/** Opens what `sealStreamUnder` made, without its header. That the end is missing shows as an error only at the end. */
export function openStreamUnder(key: Uint8Array, context: Uint8Array, failure: (cause: unknown) => Error): Transform {
  const inputKey = createHmacKey('sha512', key);
  return createOpening(0, () => ({ inputKey, context }), failure);
}
