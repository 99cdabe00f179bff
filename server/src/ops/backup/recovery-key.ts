import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { invalid } from './fault.ts';
import { openWhole, sealWhole } from './seal.ts';

/**
 * What opens backups when everything else is gone. Its text is shown once and kept by people; the installation has the public half alone.
 * It also says whose backups to believe: everybody who can write to a repository could seal something for its public half.
 */
export interface RecoveryKey {
  /** The public half, 32 bytes. */
  readonly publicKey: Buffer;
  /** The first 16 bytes of the SHA-256 of the installation's public key, as text. */
  readonly signerHash: Buffer;
  /** Opens what `sealToRecovery` made for it. @throws FactotumError `backup.invalid`. */
  open(context: string, sealed: Uint8Array): Promise<Buffer>;
}

const secretBytes = 32;
const hashBytes = 16;
const checksumBytes = 4;
const publicKeyBytes = 32;
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const groupLetters = 6;

/** Makes a recovery key for an installation. @returns its text: the only copy there is. */
export function newRecoveryKey(verifierKeyText: string): string {
  const body = Buffer.concat([randomBytes(secretBytes), signerHashOf(verifierKeyText)]);
  const groups = toLetters(Buffer.concat([body, checksumOf(body)])).match(new RegExp(`.{1,${groupLetters}}`, 'g')) ?? [];
  return groups.join('-');
}

/**
 * Reads a recovery key as somebody typed it: upper or lower case, with or without dashes and spaces, O for 0 and I or L for 1.
 *
 * @throws FactotumError `backup.invalid` when a letter is wrong or missing.
 */
export function parseRecoveryKey(text: string): RecoveryKey {
  const bytes = fromLetters(text.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1'));
  const body = bytes?.subarray(0, -checksumBytes);
  if (
    bytes?.length !== secretBytes + hashBytes + checksumBytes ||
    body === undefined ||
    !checksumOf(body).equals(bytes.subarray(-checksumBytes))
  )
    throw invalid('this is not a recovery key: a letter is wrong or missing');
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Start, body.subarray(0, secretBytes)]), format: 'der', type: 'pkcs8' });
  const publicKey = rawPublicKey(createPublicKey(privateKey));
  return {
    publicKey,
    signerHash: Buffer.from(body.subarray(secretBytes)),
    async open(context, sealed) {
      const sent = sealed.subarray(0, publicKeyBytes);
      if (sent.length < publicKeyBytes) throw invalid('it is cut off');
      const key = agree(privateKey, publicKeyOf(sent), sent, publicKey);
      return openWhole(
        key,
        context,
        (async function* () {
          yield sealed.subarray(publicKeyBytes);
        })(),
      );
    },
  };
}

/** Seals for whoever has the recovery key (ECIES over X25519). Every message has an ephemeral key of its own, which stands before it. */
export async function sealToRecovery(publicKey: Uint8Array, context: string, plain: Uint8Array): Promise<Buffer> {
  const ephemeral = generateKeyPairSync('x25519');
  const sent = rawPublicKey(ephemeral.publicKey);
  return Buffer.concat([sent, await sealWhole(agree(ephemeral.privateKey, publicKeyOf(publicKey), sent, publicKey), context, plain)]);
}

/** What a recovery key remembers of an installation. */
export const signerHashOf = (verifierKeyText: string): Buffer =>
  createHash('sha256').update('factotum/recovery-key/v1/signer\0').update(verifierKeyText).digest().subarray(0, hashBytes);

function agree(secret: KeyObject, other: KeyObject, sent: Uint8Array, recipient: Uint8Array): Buffer {
  const shared = diffieHellman({ privateKey: secret, publicKey: other });
  const info = Buffer.concat([Buffer.from('factotum/recovery-key/v1/agree\0'), sent, recipient]);
  return Buffer.from(hkdfSync('sha512', shared, '', info, 32));
}

const checksumOf = (body: Uint8Array): Buffer =>
  createHash('sha256').update('factotum/recovery-key/v1\0').update(body).digest().subarray(0, checksumBytes);

/** The fixed starts of X25519 keys in DER (RFC 8410); 32 bytes follow. */
const pkcs8Start = Buffer.from('302e020100300506032b656e04220420', 'hex');
const spkiStart = Buffer.from('302a300506032b656e032100', 'hex');
const rawPublicKey = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' }).subarray(spkiStart.length);
const publicKeyOf = (raw: Uint8Array): KeyObject => createPublicKey({ key: Buffer.concat([spkiStart, raw]), format: 'der', type: 'spki' });

/** Five bits a letter (Crockford's alphabet), the last one filled with zeros. */
function toLetters(bytes: Uint8Array): string {
  let [text, bits, held] = ['', 0, 0];
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += letters[(held >>> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + letters[(held << (5 - bits)) & 31];
}

function fromLetters(text: string): Buffer | undefined {
  const bytes: number[] = [];
  let [bits, held] = [0, 0];
  for (const letter of text) {
    const value = letters.indexOf(letter);
    if (value < 0) return undefined;
    held = (held << 5) | value;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push(held >>> bits);
    held &= (1 << bits) - 1;
  }
  return held === 0 ? Buffer.from(bytes) : undefined;
}
