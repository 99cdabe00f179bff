import { createCipheriv, createECDH, createHmac, randomBytes } from 'node:crypto';

/** For whom a push is encrypted: what a browser gives with its address (Push API, `PushSubscription.getKey`). */
export interface PushKeys {
  /** Uncompressed point of P-256, base64url. */
  readonly p256dh: string;
  /** 16 bytes, base64url. */
  readonly auth: string;
}

/** One record of 4,096 bytes: what every push service takes (RFC 8291, 4). */
const recordBytes = 4_096;
/** Header (86), tag (16) and delimiter (1) taken off. */
export const plainBytesMax = recordBytes - 86 - 16 - 1;

const info = (text: string, ...more: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from(`${text}\0`), ...more]);
/** HKDF with SHA-256 for at most one block of output (RFC 5869). */
const hkdf = (salt: Buffer, key: Buffer, about: Buffer, bytes: number): Buffer => {
  const extracted = createHmac('sha256', salt).update(key).digest();
  return createHmac('sha256', extracted)
    .update(about)
    .update(Buffer.from([1]))
    .digest()
    .subarray(0, bytes);
};

/**
 * Encrypts a push message for one browser (RFC 8291 over RFC 8188, `aes128gcm`): the service that carries it cannot read it.
 *
 * @param fixed - key and salt, where a test compares with the example of the standard; fresh ones otherwise
 * @throws RangeError for more than `plainBytesMax` bytes; Error where the browser's key is no point of the curve.
 */
export function encryptPush(
  plain: Buffer,
  { p256dh, auth }: PushKeys,
  fixed?: { readonly privateKey: Buffer; readonly salt: Buffer },
): Buffer {
  if (plain.byteLength > plainBytesMax) throw new RangeError(`a push carries at most ${plainBytesMax} bytes`);
  const theirs = Buffer.from(p256dh, 'base64url');
  const secret = Buffer.from(auth, 'base64url');
  const ours = createECDH('prime256v1');
  if (fixed === undefined) ours.generateKeys();
  else ours.setPrivateKey(fixed.privateKey);
  const ourPoint = ours.getPublicKey();
  const shared = ours.computeSecret(theirs);
  const keyMaterial = hkdf(secret, shared, info('WebPush: info', theirs, ourPoint), 32);
  const salt = fixed?.salt ?? randomBytes(16);
  const key = hkdf(salt, keyMaterial, info('Content-Encoding: aes128gcm'), 16);
  const nonce = hkdf(salt, keyMaterial, info('Content-Encoding: nonce'), 12);
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(recordBytes);
  // The delimiter 2: this is the last record.
  const sealed = [cipher.update(plain), cipher.update(Buffer.from([2])), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat([salt, size, Buffer.from([ourPoint.byteLength]), ourPoint, ...sealed]);
}

/** Whether a browser's keys are what they should be: a point of the curve, and 16 bytes. */
export function arePushKeys({ p256dh, auth }: PushKeys): boolean {
  try {
    const trial = createECDH('prime256v1');
    trial.generateKeys();
    trial.computeSecret(Buffer.from(p256dh, 'base64url'));
    return Buffer.from(p256dh, 'base64url').byteLength === 65 && Buffer.from(auth, 'base64url').byteLength === 16;
  } catch {
    return false;
  }
}
