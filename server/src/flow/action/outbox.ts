import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { FactotumError } from '#kernel';

export interface OutboxFile {
  readonly tenant: string;
  readonly folder: string;
  readonly name: string;
}

/** Plain files for programs that know nothing of us: a bank's upload, a mail client. One folder a tenant. */
export interface Outbox {
  /** Writes a file whole or not at all; one of this name that is there already stays. @returns its path. @throws `tool.unavailable` when the disk does not take it. */
  put(file: OutboxFile & { readonly content: string }): Promise<string>;
  /** The path of a file, or null. */
  find(file: OutboxFile): Promise<string | null>;
}

const segment = /^[A-Za-z0-9][A-Za-z0-9._-]{0,150}$/;

/** @param root - the folder set by FACTOTUM_OUTBOX; made when the first file is written. */
export function createOutbox(root: string): Outbox {
  const pathOf = ({ tenant, folder, name }: OutboxFile): { parent: string; path: string } => {
    for (const part of [tenant, folder, name])
      if (!segment.test(part)) throw new FactotumError('tool.failed', 'A file name for the outbox has characters it must not have.');
    const parent = join(root, tenant, folder);
    return { parent, path: join(parent, name) };
  };
  return {
    async put(file) {
      const { parent, path } = pathOf(file);
      if (await exists(path)) return path;
      try {
        await mkdir(parent, { recursive: true, mode: 0o700 });
        await writeWhole(parent, path, file.content);
        return path;
      } catch (cause) {
        throw new FactotumError(
          'tool.unavailable',
          'The outbox folder did not take the file. Check its space and permissions; it will be tried again.',
          { cause },
        );
      }
    },
    async find(file) {
      const { path } = pathOf(file);
      return (await exists(path)) ? path : null;
    },
  };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

/** Temporary name, fsync, rename, fsync of the folder: after a crash there is the whole file or none. */
async function writeWhole(parent: string, path: string, content: string): Promise<void> {
  const temporary = join(parent, `.${randomBytes(8).toString('hex')}.part`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    const folder = await open(parent, 'r');
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}
