import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FactotumError } from '#kernel';

/**
 * The secret that signs session cookies: 256 random bits in a file that only its owner may read, made at the first start.
 * There is no default, and concurrent first starts agree on one. What people keep here is sealed under keys derived from it: losing the file
 * signs everybody out, and authenticator apps and recovery codes have to be set up anew.
 *
 * @throws FactotumError `key.unavailable` when others may read the file or it does not hold a secret of ours.
 */
export async function readOrMakeSecret(file: string): Promise<string> {
  const present = await readSecret(file);
  if (present !== undefined) return present;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  // A link is made whole or not at all and never replaces: the first starter wins, nobody reads half a secret.
  await link(draft, file).catch(unlessCode('EEXIST'));
  await unlink(draft);
  const made = await readSecret(file);
  if (made === undefined) throw new FactotumError('key.unavailable', `The secret for sessions could not be kept in ${file}.`);
  return made;
}

async function readSecret(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(unlessCode('ENOENT'));
  if (found === undefined) return undefined;
  if ((found.mode & 0o077) !== 0)
    throw new FactotumError('key.unavailable', `Others may read ${file}. Run: chmod 600 '${file}'`, { details: { file } });
  const secret = (await readFile(file, 'utf8')).trim();
  if (!/^[A-Za-z0-9_-]{43}$/.test(secret))
    throw new FactotumError(
      'key.unavailable',
      `${file} does not hold a secret. Remove it to make a new one; everybody will have to sign in again.`,
      {
        details: { file },
      },
    );
  return secret;
}

/** Turns one expected failure into nothing; every other is thrown on. */
const unlessCode =
  (code: string) =>
  (error: unknown): undefined => {
    if (error instanceof Error && 'code' in error && error.code === code) return undefined;
    throw error;
  };
