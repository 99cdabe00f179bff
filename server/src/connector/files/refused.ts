import { lstat, mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** What cannot be taken in is put here, with a note beside it that says why. It is never deleted by us. */
export const refusedFolder = 'refused';

/** Leaves room for a number before and an ending behind it within the 255 bytes of the usual file systems. */
const nameBytesMax = 200;

/** Puts a file where a person finds it, with the reason beside it. The reason comes first, so that there is none without one. */
export async function putAside(path: string, reason: string): Promise<void> {
  const aside = join(dirname(path), refusedFolder);
  await mkdir(aside, { recursive: true, mode: 0o700 });
  // A link in its place would have us write wherever it leads.
  if (!(await lstat(aside)).isDirectory()) throw Object.assign(new Error('the folder for refused files is a link'), { code: 'ENOTDIR' });
  const name = await reserve(aside, shortened(basename(path)), reason);
  await rename(path, join(aside, name));
}

/** Takes the first name that is free, by writing the reason that belongs to it. */
async function reserve(aside: string, wanted: string, reason: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? wanted : `${number} ${wanted}`;
    if (await exists(join(aside, name))) continue;
    try {
      await writeFile(join(aside, `${name}.why.txt`), `${reason}\n`, { mode: 0o600, flag: 'wx' });
      return name;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** Its end says what kind of file it is, so it is the start that goes. */
function shortened(name: string): string {
  const bytes = Buffer.from(name);
  return bytes.length <= nameBytesMax
    ? name
    : bytes
        .subarray(bytes.length - nameBytesMax)
        .toString('utf8')
        .replace(/^\uFFFD+/, '');
}
