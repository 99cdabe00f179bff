import type { BigIntStats } from 'node:fs';
import { lstat, opendir, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { ConnectorFault } from '@factotum/connector-sdk';
import { isUnfinished } from './unfinished.ts';

/** A file below a folder, as it was when the folder was looked through. */
export interface ListedFile {
  readonly path: string;
  /** Below the folder, with forward slashes. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Changes with every write, and with another file under the name. */
  readonly fingerprint: string;
  readonly changedMs: number;
}

const depthMax = 8;
/** Each costs some twenty bytes of the connection's cursor. */
const filesMax = 20_000;

/**
 * Where a connection's folder really is, if the operator has allowed it: below one of these roots, also after all links are followed.
 *
 * @throws ConnectorFault `permanent`, without telling what there is outside.
 */
export async function allowedFolder(path: string, roots: readonly string[]): Promise<string> {
  const refusal = () =>
    new ConnectorFault('permanent', 'This folder is not one that the operator has allowed for you, or it is not there.');
  const real = await realpath(path).catch(() => null);
  if (real === null) throw refusal();
  for (const root of roots) {
    const realRoot = await realpath(root).catch(() => null);
    if (realRoot !== null && (real === realRoot || real.startsWith(realRoot.endsWith(sep) ? realRoot : `${realRoot}${sep}`))) return real;
  }
  throw refusal();
}

/**
 * Every whole file in a folder and below, in the order of their names. Links, other file systems, hidden and unfinished files are left
 * alone.
 *
 * @throws ConnectorFault `permanent` when there are too many.
 */
export async function listFolder(folder: string): Promise<ListedFile[]> {
  const { dev } = await lstat(folder, { bigint: true });
  const files: ListedFile[] = [];
  const look = async (path: string, depth: number): Promise<void> => {
    for await (const entry of await opendir(path)) {
      if (isUnfinished(entry.name) || entry.name.includes('\uFFFD')) continue;
      const place = join(path, entry.name);
      const status = await lstat(place, { bigint: true }).catch(() => null);
      if (status === null || status.dev !== dev) continue;
      if (status.isDirectory() && depth < depthMax) await look(place, depth + 1);
      if (!status.isFile() || status.size === 0n) continue;
      files.push({ path: place, name: relative(folder, place).split(sep).join('/'), ...seenOf(status) });
      if (files.length > filesMax)
        throw new ConnectorFault(
          'permanent',
          `There are more than ${filesMax} files in this folder. Move those that are done with elsewhere.`,
        );
    }
  };
  await look(folder, 0);
  return files.sort((one, other) => (one.name < other.name ? -1 : 1));
}

const seenOf = ({ dev, ino, size, mtimeNs, ctimeMs }: BigIntStats) => ({
  sizeBytes: Number(size),
  // As in dropped-file.ts, whose openSeen compares it.
  fingerprint: `${dev}:${ino}:${size}:${mtimeNs}`,
  changedMs: Number(ctimeMs),
});
