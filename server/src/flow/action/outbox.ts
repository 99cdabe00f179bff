import { mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FactotumError } from '#kernel';

export interface OutboxFile {
  readonly tenant: string;
  readonly folder: string;
  readonly name: string;
}

/**
 * Plain files for programs that know nothing of us: a bank's upload, a mail client. One folder a tenant.
 *
 * A file appears in two steps, so that it can be told for ever whether it has: those programs move away what they have taken, so that a
 * file that is not there says nothing. It is prepared under a hidden name, and released by giving it its name.
 */
export interface Outbox {
  /** Writes a file whole to the disk, under its hidden name; what was prepared there before is replaced. @throws `tool.unavailable`. */
  prepare(file: OutboxFile & { readonly content: string }): Promise<void>;
  /** Shows a prepared file. Where there is none it has been shown before. @throws `tool.unavailable`. */
  release(file: OutboxFile): Promise<void>;
  /** Whether the file is prepared and not yet shown. */
  isPrepared(file: OutboxFile): Promise<boolean>;
  pathOf(file: OutboxFile): string;
}

const segment = /^[A-Za-z0-9][A-Za-z0-9._-]{0,150}$/;

/** @param root - the folder set by FACTOTUM_OUTBOX; made when the first file is written. */
export function createOutbox(root: string): Outbox {
  const placeOf = ({ tenant, folder, name }: OutboxFile) => {
    for (const part of [tenant, folder, name])
      if (!segment.test(part)) throw new FactotumError('tool.failed', 'A file name for the outbox has characters it must not have.');
    const parent = join(root, tenant, folder);
    return { parent, path: join(parent, name), hidden: join(parent, `.${name}.part`) };
  };
  return {
    async prepare({ content, ...file }) {
      const { parent, hidden } = placeOf(file);
      await orUnavailable(async () => {
        await mkdir(parent, { recursive: true, mode: 0o700 });
        await writeThrough(hidden, content);
        await syncFolder(parent);
      });
    },
    async release(file) {
      const { parent, path, hidden } = placeOf(file);
      await orUnavailable(async () => {
        if (await renamed(hidden, path)) await syncFolder(parent);
      });
    },
    isPrepared: (file) => orUnavailable(() => exists(placeOf(file).hidden)),
    pathOf: (file) => placeOf(file).path,
  };
}

/** Resolves when the bytes are on the disk. */
async function writeThrough(path: string, content: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A new or changed name is on the disk only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}

const renamed = (from: string, to: string): Promise<boolean> => unlessMissing(rename(from, to));
const exists = (path: string): Promise<boolean> => unlessMissing(stat(path));

const unlessMissing = (change: Promise<unknown>): Promise<boolean> =>
  change.then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );

async function orUnavailable<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (cause) {
    throw new FactotumError('tool.unavailable', 'The outbox folder does not take files. Check its space and permissions.', { cause });
  }
}
