import { randomBytes } from 'node:crypto';
import { FactotumError } from '#kernel';
import { type KeyFiles, plainKeyFiles } from '#trust/key';

/**
 * The secret that signs session cookies: 256 random bits in a file that only its owner may read, made at the first start.
 * There is no default, and concurrent first starts agree on one. What people keep here is sealed under keys derived from it: losing the file
 * signs everybody out, and authenticator apps and recovery codes have to be set up anew.
 *
 * @throws FactotumError `key.unavailable` when others may read the file or it does not hold a secret of ours.
 */
export async function readOrMakeSecret(file: string, files: KeyFiles = plainKeyFiles): Promise<string> {
  const present = await readSecret(file, files);
  if (present !== undefined) return present;
  // It never replaces one: of those who start together the first wins, and nobody reads half a secret.
  await files.create(file, `${randomBytes(32).toString('base64url')}\n`);
  const made = await readSecret(file, files);
  if (made === undefined) throw new FactotumError('key.unavailable', `The secret for sessions could not be kept in ${file}.`);
  return made;
}

async function readSecret(file: string, files: KeyFiles): Promise<string | undefined> {
  const secret = (await files.read(file))?.trim();
  if (secret === undefined || /^[A-Za-z0-9_-]{43}$/.test(secret)) return secret;
  throw new FactotumError(
    'key.unavailable',
    `${file} does not hold a secret. Remove it to make a new one; everybody will have to sign in again.`,
    {
      details: { file },
    },
  );
}
