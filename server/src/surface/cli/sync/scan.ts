import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isFactotumError } from '#kernel';
import { normalisePath } from '#trust/vault';
import { numbered, vaultNameOf } from './name.ts';
import { type BaseFile, keyOf, type LocalFile, type Touch, type Tree } from './tree.ts';

/** What was left out, and why. */
export interface Skipped {
  readonly path: string;
  readonly why: string;
  /** Whether it should not have been: what could not be read, say. A link is none. */
  readonly fault: boolean;
}

export interface Scan {
  readonly local: Tree<LocalFile>;
  readonly skipped: readonly Skipped[];
}

/** The most that the vault takes of one file: 2 GiB. */
const fileBytesMax = 2 * 2 ** 30;
const filesMax = 200_000;
/** How old a change must be before the file's time is trusted to show the next: file systems count as coarsely as two seconds. */
const settledAfterMs = 2_100;

/**
 * Looks at every file of the folder. One whose size, times and inode are as in `base` is not read again.
 *
 * @throws what reading the folder itself does, and beyond 200,000 files.
 */
export async function scan(folder: string, base: Tree<BaseFile>, isIgnored: (path: string) => boolean): Promise<Scan> {
  const known = new Map([...base.values()].map((file) => [file.name, file]));
  const skipped: Skipped[] = [];
  const found: { name: string; hash: string; touch: Touch }[] = [];
  const folders = [''];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    const leave = (path: string, why: string, fault: boolean) => void skipped.push({ path, why, fault });
    for (const entry of await entriesOf(folder, at, leave)) {
      const name = at === '' ? entry.name : `${at}/${entry.name}`;
      if (isIgnored(name)) continue;
      if (entry.isDirectory()) folders.push(name);
      else if (entry.isSymbolicLink()) leave(name, 'it is a link; links are not followed', false);
      else if (!entry.isFile()) leave(name, 'it is no ordinary file', false);
      else {
        const looked = await look(folder, name, known.get(name)).catch((error: NodeJS.ErrnoException) => error);
        if (!(looked instanceof Error)) found.push({ name, ...looked });
        // One that went while we looked is gone; one whose name is no UTF-8 cannot be asked for.
        else if (looked.code !== 'ENOENT' || name.includes('\ufffd')) leave(name, `it cannot be read: ${looked.message}`, true);
      }
    }
    if (found.length > filesMax) throw new Error(`There are more than ${filesMax} files in ${folder}.`);
  }
  return { local: place(found, known, skipped), skipped };
}

async function entriesOf(folder: string, at: string, leave: (path: string, why: string, fault: boolean) => void) {
  try {
    return await readdir(join(folder, at), { withFileTypes: true });
  } catch (error) {
    if (at === '') throw error;
    leave(`${at}/`, `the folder cannot be read: ${error instanceof Error ? error.message : String(error)}`, true);
    return [];
  }
}

async function look(folder: string, name: string, known: BaseFile | undefined): Promise<{ hash: string; touch: Touch }> {
  const file = join(folder, name);
  const before = touchOf(await lstat(file, { bigint: true }));
  if (before.size > fileBytesMax) throw new Error('the vault takes files up to 2 GiB');
  if (known?.touch != null && isSame(known.touch, before)) return { hash: known.hash, touch: before };
  const hash = await hashOf(file);
  // If it was written meanwhile, the touch is the older one, and the next look is a real one.
  return { hash, touch: before };
}

/** Gives every file its path in the vault: the one it had, or its own name made to fit, with a number where another file has that. */
function place(
  found: readonly { name: string; hash: string; touch: Touch }[],
  known: ReadonlyMap<string, BaseFile>,
  skipped: Skipped[],
): Tree<LocalFile> {
  const local: Tree<LocalFile> = new Map();
  const fresh: (typeof found)[number][] = [];
  for (const file of found) {
    const path = known.get(file.name)?.path;
    if (path === undefined || local.has(keyOf(path))) fresh.push(file);
    else local.set(keyOf(path), { ...file, path });
  }
  for (const file of fresh.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const own = vaultNameOf(file.name);
    let path = own;
    for (let number = 2; local.has(keyOf(path)); number += 1) path = numbered(own, number);
    try {
      normalisePath(path);
      local.set(keyOf(path), { ...file, path });
    } catch (error) {
      if (!isFactotumError(error)) throw error;
      skipped.push({ path: file.name, why: error.message, fault: true });
    }
  }
  return local;
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

export const touchOf = ({ size, mtimeNs, ctimeNs, ino, birthtimeNs }: BigIntStats): Touch => ({
  size: Number(size),
  mtime: String(mtimeNs),
  ctime: String(ctimeNs),
  inode: String(ino),
  birth: String(birthtimeNs),
});

export const isSame = (one: Touch, other: Touch): boolean =>
  one.size === other.size && one.mtime === other.mtime && one.ctime === other.ctime && one.inode === other.inode;

/** A touch to be trusted later: without its time while that is too young to tell the next change. */
export const keptTouch = (touch: Touch, nowMs: number): Touch =>
  nowMs - Number(BigInt(touch.ctime) / 1_000_000n) < settledAfterMs ? { ...touch, mtime: '' } : touch;
