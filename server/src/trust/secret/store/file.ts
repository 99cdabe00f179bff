import { constants } from 'node:fs';
import { lstat, open, readdir, readlink, realpath } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { FactotumError } from '#kernel';
import { type SecretStore, valueBytesMax } from '../port.ts';

/** What Kubernetes puts behind a mounted file: `key -> ..data/key`, `..data -> ..2026_01_02_03_04_05.123456`. The second is replaced at once for all. */
const dataLink = '..data';
const dataFolder = /^\.\.\d{4}_[\w.]+$/;
const listMax = 1_000;

/**
 * Files that somebody else has put there: systemd's credentials, secrets that Kubernetes or Docker mounts. One final line break is not
 * part of the value. Values are not put here: they are mounted.
 *
 * @param folders - absolute; nothing outside them is read, whatever links say
 */
export function createFileStore({ folders }: { readonly folders: readonly string[] }): SecretStore {
  const readOnly = () =>
    Promise.reject(new FactotumError('secret.unavailable', 'A mounted file is not written from here. Change it where it is mounted from.'));
  return {
    kind: 'file',
    isWritable: false,
    async get(name) {
      const path = resolve(name);
      const folder = folders.map((one) => resolve(one)).find((one) => path.startsWith(one + sep));
      if (folder === undefined)
        throw new FactotumError(
          'secret.unavailable',
          `${name} is in none of the folders that secrets are read from: ${folders.join(', ')} (FACTOTUM_SECRET_FOLDERS).`,
        );
      const target = await plainFile(folder, path);
      return target === null ? null : readWhole(name, target);
    },
    put: readOnly,
    async list(prefix) {
      const names: string[] = [];
      for (const folder of folders) {
        const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
        for (const entry of entries) if (!entry.isDirectory() && entry.name !== dataLink) names.push(join(entry.parentPath, entry.name));
      }
      return names
        .filter((name) => name.startsWith(prefix) && !name.split(sep).some((step) => step.startsWith('..')))
        .sort()
        .slice(0, listMax);
    },
    destroy: readOnly,
    close: async () => undefined,
  };
}

/** Where the file truly is, by no link but those of Kubernetes; null when there is none. @throws FactotumError `secret.unavailable`. */
async function plainFile(folder: string, path: string): Promise<string | null> {
  const steps = relative(folder, path).split(sep);
  // The folder itself is the operator's word; links are judged below it.
  let at = await realpath(folder).catch(absent);
  for (const [index, step] of steps.entries()) {
    if (at === null) return null;
    const next = join(at, step);
    const found = await lstat(next).catch(absent);
    if (found === null) return null;
    if (!found.isSymbolicLink()) {
      at = next;
      continue;
    }
    const isLast = index === steps.length - 1;
    const data = join(at, dataLink);
    const dated = await readlink(data).catch(absent);
    if (!isLast || (await readlink(next)) !== `${dataLink}/${step}` || dated === null || !dataFolder.test(dated))
      throw new FactotumError('secret.unavailable', `${path} is a link to somewhere else. Secrets are read from files, not through links.`);
    at = join(at, dated, step);
  }
  return at;
}

async function readWhole(name: string, path: string) {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)).catch((cause: unknown) => {
    throw new FactotumError('secret.unavailable', `${name} cannot be read by the user that runs Factotum.`, { cause });
  });
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new FactotumError('secret.unavailable', `${name} is not a file.`);
    // Two more for the line break.
    if (found.size > valueBytesMax + 2)
      throw new FactotumError('secret.unavailable', `${name} is larger than ${valueBytesMax} bytes, which no secret is.`);
    const value = (await file.readFile('utf8')).replace(/\r?\n$/, '');
    if (Buffer.byteLength(value) > valueBytesMax)
      throw new FactotumError('secret.unavailable', `${name} is larger than ${valueBytesMax} bytes, which no secret is.`);
    if (value === '') throw new FactotumError('secret.unavailable', `${name} is empty.`);
    // A mount that is replaced brings another file with another time.
    return { value, version: `${found.ino}-${Math.trunc(found.mtimeMs)}` };
  } finally {
    await file.close();
  }
}

/** Nothing there is an answer; anything else is a failure of its own. */
function absent(cause: unknown): null {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EINVAL') return null;
  throw new FactotumError('secret.unavailable', 'A folder of secrets cannot be looked into by the user that runs Factotum.', { cause });
}
