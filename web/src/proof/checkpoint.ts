import { type Bytes, concat, fromBase64, isEqual, sha256, toHex, utf8 } from './bytes.ts';

export interface Checkpoint {
  origin: string;
  size: number;
  root: Bytes;
}

/** Why a checkpoint cannot be trusted. `unsupported` says nothing about the log: this browser cannot check the signature. */
export type CheckpointFault = 'key' | 'note' | 'signature' | 'unsupported';

/** Opens a signed checkpoint (c2sp.org/signed-note, /tlog-checkpoint) with the key in its text form `name+id+base64`. */
export async function openCheckpoint(note: string, verifierKey: string): Promise<Checkpoint | CheckpointFault> {
  const key = await parseKey(verifierKey);
  if (key === null) return 'key';
  const end = note.lastIndexOf('\n\n') + 1;
  if (end === 0 || !note.endsWith('\n')) return 'note';
  const signature = signatureBy(key, note.slice(end + 1, -1).split('\n'));
  const checkpoint = parseText(note.slice(0, end));
  if (signature === null || checkpoint === null) return 'note';
  const publicKey = await importEd25519(key.publicKey);
  if (publicKey === null) return 'unsupported';
  const holds = await crypto.subtle.verify('Ed25519', publicKey, signature, utf8(note.slice(0, end)));
  return holds ? checkpoint : 'signature';
}

interface Key {
  name: string;
  id: Bytes;
  publicKey: Bytes;
}

async function parseKey(text: string): Promise<Key | null> {
  const [, name, idHex, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  const typeAndKey = encoded === undefined ? null : fromBase64(encoded);
  // Type 0x01 is Ed25519, whose public key has 32 bytes.
  if (name === undefined || typeAndKey?.length !== 33 || typeAndKey[0] !== 1) return null;
  const id = (await sha256(concat(utf8(`${name}\n`), typeAndKey))).slice(0, 4);
  return toHex(id) === idHex ? { name, id, publicKey: typeAndKey.slice(1) } : null;
}

function signatureBy(key: Key, lines: string[]): Bytes | null {
  for (const line of lines) {
    const [, name, encoded] = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
    const bytes = encoded === undefined ? null : fromBase64(encoded);
    if (name === key.name && bytes?.length === 68 && isEqual(bytes.slice(0, 4), key.id)) return bytes.slice(4);
  }
  return null;
}

function parseText(text: string): Checkpoint | null {
  const [origin = '', sizeText = '', rootText = ''] = text.slice(0, -1).split('\n');
  const size = Number(sizeText);
  const root = fromBase64(rootText);
  if (origin === '' || !/^(0|[1-9]\d*)$/.test(sizeText) || !Number.isSafeInteger(size) || root?.length !== 32) return null;
  return { origin, size, root };
}

/** Null where the browser has no Ed25519, or no WebCrypto at all because the page came over plain HTTP from another machine. */
async function importEd25519(publicKey: Bytes): Promise<CryptoKey | null> {
  try {
    return await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
  } catch (error) {
    console.info('Ed25519 is not available here', error);
    return null;
  }
}
