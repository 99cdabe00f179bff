import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type BaseFile, type RemoteFile, type Tree, treeOf } from './tree.ts';

/** The program's own folder inside the one that is kept in step. */
export const ownFolder = '.factotum';

const remoteSchema = z.strictObject({
  path: z.string(),
  kind: z.enum(['note', 'file', 'generated']),
  id: z.string(),
  etag: z.string(),
  hash: z.string(),
  size: z.number(),
});
const touchSchema = z.strictObject({ size: z.number(), mtime: z.string(), ctime: z.string(), inode: z.string(), birth: z.string() });
const stateSchema = z.strictObject({
  version: z.literal(1),
  vault: z.string(),
  cursor: z.string().nullable(),
  base: z.array(remoteSchema.extend({ name: z.string(), touch: touchSchema.nullable() })),
  remote: z.array(remoteSchema),
});

/**
 * What is remembered between two runs. All of it can be found out again, at the price of finding conflicts where both sides differ: what is
 * in it is believed only about contents that still have the hash.
 */
export interface SyncState {
  /** Which vault of which server. */
  readonly vault: string;
  /** Up to where `remote` is what the vault's changes say. */
  cursor: string | null;
  readonly base: Tree<BaseFile>;
  readonly remote: Tree<RemoteFile>;
}

const fileOf = (folder: string): string => join(folder, ownFolder, 'sync.json');

/** @returns null where there is none, or none that can be read: then everything is compared anew. */
export async function readState(folder: string): Promise<SyncState | null> {
  try {
    const { vault, cursor, base, remote } = stateSchema.parse(JSON.parse(await readFile(fileOf(folder), 'utf8')));
    return { vault, cursor, base: treeOf(base), remote: treeOf(remote) };
  } catch (error) {
    if (
      error instanceof SyntaxError ||
      error instanceof z.ZodError ||
      (error instanceof Error && 'code' in error && error.code === 'ENOENT')
    )
      return null;
    throw error;
  }
}

export async function makeOwnFolder(folder: string): Promise<string> {
  const own = join(folder, ownFolder);
  await mkdir(own, { recursive: true, mode: 0o700 });
  return own;
}

/** Writes it whole or not at all. */
export async function writeState(folder: string, { vault, cursor, base, remote }: SyncState): Promise<void> {
  await makeOwnFolder(folder);
  const unfinished = `${fileOf(folder)}.part`;
  const file = await open(unfinished, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify({ version: 1, vault, cursor, base: [...base.values()], remote: [...remote.values()] }));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, fileOf(folder));
}
