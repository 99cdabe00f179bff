/** Signing: the log's own half of signed notes and checkpoints. Opening them is in `verify.ts`. */
import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { ed25519, noteKeyId, TlogError } from './verify.ts';

/** Something that signs notes. Other signature types (c2sp.org/signed-note) are other implementations of this. */
export interface Signer {
  readonly name: string;
  /** Four bytes, as in `VerifierKey`. */
  readonly id: Buffer;
  /** The text form that `parseVerifierKey` reads: what a log publishes. */
  readonly verifierKeyText: string;
  sign(text: Buffer): Buffer;
}

/**
 * A signer with a plain Ed25519 key (signature type 0x01).
 *
 * @param options.name - the key name: neither spaces nor `+`; for a log the same as its origin.
 * @throws TlogError `tlog.key_malformed` for another kind of key or an impossible name.
 */
export function createSigner({ name, privateKey }: { name: string; privateKey: KeyObject }): Signer {
  if (!/^[^\s+]+$/.test(name) || !isLine(name)) throw new TlogError('tlog.key_malformed', 'a key name has neither spaces nor plus signs');
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new TlogError('tlog.key_malformed', 'the private key is not an Ed25519 key');
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const typeAndKey = Buffer.concat([Buffer.from([ed25519.byte]), Buffer.from(x, 'base64url')]);
  const id = noteKeyId(name, typeAndKey);
  return {
    name,
    id,
    verifierKeyText: `${name}+${id.toString('hex')}+${typeAndKey.toString('base64')}`,
    sign: (text) => sign(null, text, privateKey),
  };
}

/** A signed note (c2sp.org/signed-note). @throws TlogError `tlog.note_malformed` when the text has no final newline or control characters. */
export function signNote(text: string, signers: readonly Signer[]): string {
  if (!text.endsWith('\n') || !text.split('\n').every(isLine)) {
    throw new TlogError('tlog.note_malformed', 'the text of a note ends in a newline and contains no other control character');
  }
  const bytes = Buffer.from(text);
  const lines = signers.map((signer) => `\u2014 ${signer.name} ${Buffer.concat([signer.id, signer.sign(bytes)]).toString('base64')}\n`);
  return `${text}\n${lines.join('')}`;
}

/** What a checkpoint says. Extension lines are allowed but not recommended: no monitor can audit them. */
export interface CheckpointClaim {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  readonly extensions?: readonly string[];
}

/**
 * A signed checkpoint (c2sp.org/tlog-checkpoint). The caller answers for never signing two that contradict each other.
 *
 * @throws TlogError `tlog.checkpoint_malformed`.
 */
export function signCheckpoint(signer: Signer, { origin, size, root, extensions = [] }: CheckpointClaim): string {
  const lines = [origin, String(size), root.toString('base64'), ...extensions];
  if (!Number.isSafeInteger(size) || size < 0 || root.length !== 32 || !lines.every((line) => line !== '' && isLine(line))) {
    throw new TlogError(
      'tlog.checkpoint_malformed',
      'a checkpoint has an origin, a size, a root of 32 bytes and lines without control characters',
    );
  }
  return signNote(`${lines.join('\n')}\n`, [signer]);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be in a line
const isLine = (text: string): boolean => text.isWellFormed() && !/[\x00-\x1f]/.test(text);
