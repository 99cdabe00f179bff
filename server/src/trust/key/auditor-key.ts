import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactotumError, type Id } from '#kernel';
import { bind } from './binding.ts';
import { openMessage, sealMessage } from './cobblestone.ts';
import { createHmacKey, type HmacKey } from './hmac.ts';
import { type KeyFiles, plainKeyFiles } from './key-file.ts';
import type { KeyFolder } from './local-kek.ts';
import { createFileOnce } from './secret-file.ts';

/**
 * Seals to the auditor: what goes in here, this installation can read again only while `auditor.key` lies beside it. Move that file to
 * the auditor's own keeping and sealing goes on with `auditor.pub` alone.
 */
export interface AuditorKey {
  sealForAuditor(tenantId: Id<'tenant'>, plain: Uint8Array): Buffer;
  /**
   * @throws FactotumError `key.unavailable` when `auditor.key` is not here, `seal.broken` when the bytes are not what was sealed
   * for this tenant and this auditor.
   */
  openAsAuditor(tenantId: Id<'tenant'>, sealed: Uint8Array): Buffer;
}

const publicKeyBytes = 32;

/**
 * Reads the auditor's X25519 key pair from `auditor.key` (PKCS #8, mode 0600) and `auditor.pub`, and makes it at the very first start.
 *
 * @throws FactotumError `key.unavailable`, with the fix, when the private key may be read by others, or when both are missing although
 * there are tenants.
 */
export async function createAuditorKey({
  folder,
  tenantsExist,
  files = plainKeyFiles,
}: KeyFolder & { readonly files?: KeyFiles }): Promise<AuditorKey> {
  const paths = { secret: join(folder, 'auditor.key'), open: join(folder, 'auditor.pub') };
  let secretPem = await files.read(paths.secret);
  let openPem = await readIfThere(paths.open);
  if (secretPem === null && openPem === null) {
    if (await tenantsExist())
      throw new FactotumError('key.unavailable', `${paths.open} is missing although there are tenants. Put it, or auditor.key, back.`);
    const pair = generateKeyPairSync('x25519', {
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    await files.create(paths.secret, pair.privateKey);
    // Read back, whoever was faster: two processes that start together must end up with one key.
    secretPem = await files.read(paths.secret);
  }
  const secretKey = secretPem === null ? undefined : parse(paths.secret, () => createPrivateKey(secretPem));
  if (openPem === null && secretKey !== undefined) {
    await createFileOnce(paths.open, createPublicKey(secretKey).export({ type: 'spki', format: 'pem' }).toString(), 0o644);
    openPem = await readIfThere(paths.open);
  }
  const publicKey = parse(paths.open, () => createPublicKey(openPem ?? ''));
  if (secretKey !== undefined && !createPublicKey(secretKey).equals(publicKey))
    throw new FactotumError('key.unavailable', `${paths.secret} and ${paths.open} do not belong together. Put the right pair back.`);

  return {
    sealForAuditor(tenantId, plain) {
      const { publicKey: ephemeral, privateKey } = generateKeyPairSync('x25519');
      const sent = rawPublicKey(ephemeral);
      return sealMessage(agree(privateKey, publicKey, sent, publicKey), contextOf(tenantId), plain, sent);
    },
    openAsAuditor(tenantId, sealed) {
      if (secretKey === undefined)
        throw new FactotumError('key.unavailable', `${paths.secret} is not on this machine. Whoever keeps it can open this.`);
      try {
        const sent = sealed.subarray(0, publicKeyBytes);
        const ephemeral = createPublicKey({ key: Buffer.concat([spkiStart, sent]), format: 'der', type: 'spki' });
        return openMessage(agree(secretKey, ephemeral, sent, publicKey), contextOf(tenantId), sealed.subarray(publicKeyBytes));
      } catch (cause) {
        throw new FactotumError('seal.broken', 'This was not sealed for this tenant and this auditor.', { cause });
      }
    },
  };
}

/** ECIES: the input key of a Cobblestone message from an X25519 agreement, bound to both public keys. A message has its own ephemeral key. */
function agree(secret: KeyObject, other: KeyObject, sent: Uint8Array, recipient: KeyObject): HmacKey {
  const shared = diffieHellman({ privateKey: secret, publicKey: other });
  const inputKey = new Uint8Array(hkdfSync('sha512', shared, '', bind('factotum/auditor/v1', sent, rawPublicKey(recipient)), 32));
  const ready = createHmacKey('sha512', inputKey);
  shared.fill(0);
  inputKey.fill(0);
  return ready;
}

const contextOf = (tenantId: Id<'tenant'>) => bind('factotum/auditor/v1', tenantId);

/** The fixed start of an X25519 SubjectPublicKeyInfo (RFC 8410); the 32 bytes of the key follow. */
const spkiStart = Buffer.from('302a300506032b656e032100', 'hex');
const rawPublicKey = (key: KeyObject) => key.export({ type: 'spki', format: 'der' }).subarray(spkiStart.length);

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new FactotumError('key.unavailable', `${path} cannot be read.`, { cause });
  }
}

function parse(path: string, read: () => KeyObject): KeyObject {
  try {
    const key = read();
    if (key.asymmetricKeyType === 'x25519') return key;
  } catch (cause) {
    throw new FactotumError('key.unavailable', `${path} is damaged. Put it back from your key backup.`, { cause });
  }
  throw new FactotumError('key.unavailable', `${path} holds another kind of key. Put the auditor's key back.`);
}
