import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomFillSync, timingSafeEqual } from 'node:crypto';
import type { HmacKey } from './hmac.ts';

/**
 * Cobblestone-256: C2SP chunked-encryption v1 with SHA-512 and AES-256-GCM (https://c2sp.org/chunked-encryption).
 * Each message has its own AES key, derived from the input key, a fresh salt and the context. The context is bound by the
 * derivation, and the commitment is checked before any AES: a wrong key, tenant or object never gets as far as decrypting.
 *
 *     salt 24 | commitment 32 | chunks of 16 KiB, each with a 16-byte tag; the last one is always shorter, possibly empty
 */
export const saltBytes = 24;
export const commitmentBytes = 32;
export const chunkBytes = 16 * 1024;
export const tagBytes = 16;
const prefixBytes = saltBytes + commitmentBytes;

/** The keys of one message. */
export interface MessageKeys {
  readonly aesKey: KeyObject;
  readonly baseNonce: Buffer;
  readonly commitment: Buffer;
}

/** What goes wrong inside a sealed message. It is the cause of a public error, never shown itself. */
export class BrokenMessage extends Error {
  override name = 'BrokenMessage';
}

/** Seals `plain` in one go and puts `header` before it. Above a megabyte prefer `createSealing`: this one holds the event loop. */
export function sealMessage(inputKey: HmacKey, context: Uint8Array, plain: Uint8Array, header: Uint8Array): Buffer {
  const salt = freshSalt();
  const keys = deriveMessageKeys(inputKey, salt, context);
  const chunks = Math.floor(plain.length / chunkBytes) + 1;
  const sealed = Buffer.allocUnsafe(header.length + prefixBytes + plain.length + chunks * tagBytes);
  sealed.set(header, 0);
  sealed.set(salt, header.length);
  sealed.set(keys.commitment, header.length + saltBytes);
  let offset = header.length + prefixBytes;
  for (let index = 0; index < chunks; index += 1) {
    const [text, tag] = sealChunk(keys, index, plain.subarray(index * chunkBytes, (index + 1) * chunkBytes));
    sealed.set(text, offset);
    sealed.set(tag, offset + text.length);
    offset += text.length + tagBytes;
  }
  return sealed;
}

/** Opens what `sealMessage` made, without its header. @throws BrokenMessage for anything that is not exactly that. */
export function openMessage(inputKey: HmacKey, context: Uint8Array, sealed: Uint8Array): Buffer {
  if (sealed.length < prefixBytes + tagBytes) throw new BrokenMessage('shorter than the shortest message');
  const keys = deriveMessageKeys(inputKey, sealed.subarray(0, saltBytes), context);
  checkCommitment(keys, sealed.subarray(saltBytes, prefixBytes));
  const body = sealed.subarray(prefixBytes);
  const plain: Buffer[] = [];
  for (let index = 0, offset = 0; ; index += 1, offset += chunkBytes + tagBytes) {
    const chunk = body.subarray(offset, offset + chunkBytes + tagBytes);
    plain.push(openChunk(keys, index, chunk));
    if (chunk.length < chunkBytes + tagBytes) break;
  }
  const [first] = plain;
  return plain.length === 1 && first !== undefined ? first : Buffer.concat(plain);
}

/** HKDF-Expand (RFC 5869) with SHA-512: 76 bytes are two blocks. The input key is uniformly random, so there is nothing to extract. */
export function deriveMessageKeys(inputKey: HmacKey, salt: Uint8Array, context: Uint8Array): MessageKeys {
  const info = Buffer.concat([label, salt, context]);
  const first = inputKey.digest(info, blockOne);
  const second = inputKey.digest(first, info, blockTwo);
  // A KeyObject: handing createCipheriv the bare bytes costs three times as much under Node 24.
  const aesKey = createSecretKey(first.subarray(0, 32));
  const commitment = Buffer.concat([first.subarray(44, 64), second.subarray(0, 12)]);
  first.fill(0, 0, 32);
  return { aesKey, baseNonce: first.subarray(32, 44), commitment };
}

/** @throws BrokenMessage when the message was made with another key or for another context. */
export function checkCommitment(keys: MessageKeys, commitment: Uint8Array): void {
  if (!timingSafeEqual(keys.commitment, commitment)) throw new BrokenMessage('made with another key or for another object');
}

/** One chunk's ciphertext and its tag. */
export function sealChunk(keys: MessageKeys, index: number, plain: Uint8Array): [Buffer, Buffer] {
  const cipher = createCipheriv('aes-256-gcm', keys.aesKey, chunkNonce(keys.baseNonce, index));
  const text = cipher.update(plain);
  cipher.final();
  return [text, cipher.getAuthTag()];
}

/** One chunk's plaintext. @throws BrokenMessage when it is cut or changed, or stands at another place. */
export function openChunk(keys: MessageKeys, index: number, chunk: Uint8Array): Buffer {
  if (chunk.length < tagBytes) throw new BrokenMessage('cut off: the short last chunk is missing');
  const decipher = createDecipheriv('aes-256-gcm', keys.aesKey, chunkNonce(keys.baseNonce, index), { authTagLength: tagBytes });
  decipher.setAuthTag(chunk.subarray(chunk.length - tagBytes));
  const plain = decipher.update(chunk.subarray(0, chunk.length - tagBytes));
  try {
    decipher.final();
  } catch (cause) {
    throw new BrokenMessage(`chunk ${index} does not authenticate`, { cause });
  }
  return plain;
}

/** The base nonce with the chunk's number XORed into its last eight bytes. */
function chunkNonce(baseNonce: Buffer, index: number): Buffer {
  if (index === 0) return baseNonce;
  const nonce = Buffer.from(baseNonce);
  nonce.writeBigUInt64BE(nonce.readBigUInt64BE(4) ^ BigInt(index), 4);
  return nonce;
}

/** A salt that nobody has had before. Salts stand in clear in the message, so drawing 512 at once gives nothing away. */
export function freshSalt(): Uint8Array {
  if (saltsUsed === saltPool.length) {
    randomFillSync(saltPool);
    saltsUsed = 0;
  }
  saltsUsed += saltBytes;
  return saltPool.slice(saltsUsed - saltBytes, saltsUsed);
}

const saltPool = new Uint8Array(512 * saltBytes);
let saltsUsed = saltPool.length;

const label = Buffer.from('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0');
const blockOne = Buffer.of(1);
const blockTwo = Buffer.of(2);
