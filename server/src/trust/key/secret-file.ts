import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FactotumError } from '#kernel';

/** More than any key file of ours; a file above it is something else. */
const fileBytesMax = 4_096;

/**
 * Reads a key file that only its owner may read. `null` when there is none.
 *
 * @throws FactotumError `key.unavailable` with the fix, when the file is no plain file or when others may read or change it.
 */
export async function readSecretFile(path: string): Promise<string | null> {
  const file = await openExisting(path);
  if (file === null) return null;
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size > fileBytesMax)
      throw new FactotumError('key.unavailable', `${path} is not a key file. Put the key file back in its place.`);
    // Windows has no such bits: there the folder's access list is what protects the file.
    if (process.platform !== 'win32' && (found.mode & 0o077) !== 0)
      throw new FactotumError(
        'key.unavailable',
        `${path} can be read or changed by others than its owner (mode ${(found.mode & 0o777).toString(8)}). Run: chmod 600 '${path}'`,
      );
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/**
 * Creates a file that appears whole or not at all and survives a power cut.
 *
 * @param mode - 0o600 for a secret
 * @returns false when there is one already, for example because another process was faster; then nothing is changed.
 */
export async function createFileOnce(path: string, text: string, mode: number): Promise<boolean> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(temporary, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    // Unlike a rename, a link never replaces what is there.
    await link(temporary, path);
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw cause;
  } finally {
    await unlink(temporary);
  }
  await syncFolder(folder);
  return true;
}

async function openExisting(path: string) {
  try {
    return await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null;
    throw new FactotumError('key.unavailable', `${path} cannot be opened. It must be a file (no link) that this process may read.`, {
      cause,
    });
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? cause.code : undefined;
}
