import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FactotumError } from '#kernel';
import { keyFrom, openArchive } from './codec.ts';
import { invalid } from './fault.ts';

/** What was written. */
export interface OpenedFolder {
  readonly tenantId: string;
  readonly kind: string;
  readonly madeAt: string;
  readonly files: number;
}

/** Parts that are for another installation, or hold keys: a folder for people has none of them. */
const isForPeople = (name: string): boolean => !/^(?:rows\/|blobs\/|keys\.json$|audit\/head\.json$)/.test(name);

/**
 * Writes an archive as a plain folder. Needs no server and no database.
 *
 * @param folder - must not exist, or be empty
 * @throws FactotumError `archive.invalid`; what was written by then stays, and is not to be trusted.
 */
export async function openIntoFolder(file: string, folder: string, passphrase: string): Promise<OpenedFolder> {
  const { header, parts } = await openArchive(createReadStream(file), keyFrom(passphrase));
  const root = resolve(folder);
  let files = 0;
  await mkdir(root, { recursive: true, mode: 0o700 });
  for await (const { name, body } of parts) {
    if (!isForPeople(name)) continue;
    const path = placeOf(root, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    try {
      // Over nothing that is there: not over a note of another spelling, and not over somebody's file.
      await pipeline(body, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')
        throw new FactotumError('archive.conflict', `${path} is there already. Choose a new folder.`, { cause });
      throw cause;
    }
    files += 1;
  }
  return { tenantId: header.tenantId, kind: header.kind, madeAt: header.madeAt, files };
}

/** Where a part goes: below the folder, whatever its name says. */
function placeOf(root: string, name: string): string {
  const segments = name.split('/');
  const isPlain = (segment: string) => segment !== '' && segment !== '.' && segment !== '..' && !/[\\:\p{Cc}]/u.test(segment);
  const path = join(root, ...segments);
  if (!segments.every(isPlain) || !path.startsWith(`${root}${sep}`)) throw invalid('a part has a name that is no path inside a folder');
  return path;
}
