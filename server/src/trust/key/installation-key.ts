import { createPrivateKey, hkdfSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createSigner, type Signer } from '@factotum/tlog';
import { FactotumError } from '#kernel';
import { bind } from './binding.ts';
import { openMessage, sealMessage } from './cobblestone.ts';
import { createHmacKey } from './hmac.ts';
import { type KeyFiles, plainKeyFiles } from './key-file.ts';

/** What the installation itself signs and seals, where no tenant's key will do: the tenant is gone, or not here yet. */
export interface InstallationKey {
  /** Ed25519, for notes that outsiders check with `signer.verifierKeyText`. */
  readonly signer: Signer;
  /** @param context - what the bytes are; they open as nothing else. */
  seal(context: string, plain: Uint8Array): Buffer;
  /** @throws FactotumError `seal.broken`. */
  open(context: string, sealed: Uint8Array): Buffer;
}

/** The name that the installation signs with. */
const installationSigner = 'factotum/installation';

const fileForm = /^factotum-installation-v1:([0-9a-f]{64})\n?$/;

/**
 * Reads the seed in `installation.key` (mode 0600), and makes it at the first start that finds none. A lost one is replaced: it opens no
 * tenant's content, only work that waits; what it has signed is checked with the public key that was published then.
 *
 * @throws FactotumError `key.unavailable` when the file may be read by others or is damaged.
 */
export async function createInstallationKey({
  folder,
  files = plainKeyFiles,
}: {
  readonly folder: string;
  readonly files?: KeyFiles;
}): Promise<InstallationKey> {
  const path = join(folder, 'installation.key');
  const hex = fileForm.exec((await files.read(path)) ?? (await createFile(path, files)))?.[1];
  if (hex === undefined) throw new FactotumError('key.unavailable', `${path} is damaged. Put it back from your key backup.`);
  const seed = Buffer.from(hex, 'hex');
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha512', seed, '', bind('factotum/installation/v1', purpose), 32));
  const sealing = createHmacKey('sha512', derive('seal'));
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Start, derive('sign')]), format: 'der', type: 'pkcs8' });
  const signer = createSigner({ name: installationSigner, privateKey });
  seed.fill(0);
  const contextOf = (context: string) => bind('factotum/installation/v1', context);
  return {
    signer,
    seal: (context, plain) => sealMessage(sealing, contextOf(context), plain, new Uint8Array()),
    open(context, sealed) {
      try {
        return openMessage(sealing, contextOf(context), sealed);
      } catch (cause) {
        throw new FactotumError('seal.broken', 'This was not sealed by this installation.', { cause });
      }
    },
  };
}

/** The fixed start of an Ed25519 PKCS #8 key (RFC 8410); the 32 bytes of the seed follow. */
const pkcs8Start = Buffer.from('302e020100300506032b657004220420', 'hex');

async function createFile(path: string, files: KeyFiles): Promise<string> {
  await files.create(path, `factotum-installation-v1:${randomBytes(32).toString('hex')}\n`);
  // Read back, whoever was faster: two processes that start together must end up with one key.
  const text = await files.read(path);
  if (text === null) throw new FactotumError('key.unavailable', `${path} vanished while it was being made. Start again.`);
  return text;
}
