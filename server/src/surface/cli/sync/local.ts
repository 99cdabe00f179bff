import { randomBytes } from 'node:crypto';
import { chmod, link, lstat, mkdir, open, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Stale } from './remote.ts';
import { isSame, touchOf } from './scan.ts';
import { ownFolder } from './state.ts';
import { keyOf, type LocalFile, type Touch } from './tree.ts';

/** Changes of the folder, each of which is there whole or not at all, and none over what somebody has touched since it was looked at. */
export interface LocalSide {
  /** Writes beside, to be placed. @returns the temporary file. */
  write(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, isReadOnly: boolean): Promise<string>;
  /** Puts a written file at a name: over `local` if that is as it was seen, or where there is nothing. @throws Stale. */
  place(written: string, name: string, local: LocalFile | null): Promise<Touch>;
  /** @throws Stale when it was touched, or when there is something at the new name. */
  move(local: LocalFile, name: string): Promise<Touch>;
  remove(local: LocalFile): Promise<void>;
  touch(name: string): Promise<Touch>;
  /** Throws away what a run before this one has not finished. */
  clean(): Promise<void>;
}

export function localSide(folder: string): LocalSide {
  const temporary = join(folder, ownFolder, 'tmp');
  const at = (name: string) => join(folder, name);
  const touch = async (name: string) => touchOf(await lstat(at(name), { bigint: true }));

  async function expect({ name, touch: seen }: LocalFile): Promise<void> {
    if (!isSame(await touch(name), seen)) throw new Stale(`${name} was changed meanwhile.`);
  }
  /** Folders that a file leaves empty go with it, up to the top. */
  async function sweep(name: string): Promise<void> {
    for (let above = dirname(name); above !== '.'; above = dirname(above)) {
      const isGone = await rmdir(at(above)).then(
        () => true,
        () => false,
      );
      if (!isGone) return;
    }
  }

  return {
    touch,
    async write(pieces, isReadOnly) {
      await mkdir(temporary, { recursive: true, mode: 0o700 });
      const written = join(temporary, randomBytes(12).toString('hex'));
      const file = await open(written, 'wx', 0o644);
      try {
        for await (const piece of pieces) await file.writeFile(piece);
        if (isReadOnly) await file.chmod(0o444);
        // A file that comes back empty after a power cut would be taken for a person's change.
        await file.sync();
      } catch (error) {
        await rm(written, { force: true });
        throw error;
      } finally {
        await file.close();
      }
      return written;
    },
    async place(written, name, local) {
      try {
        await mkdir(dirname(at(name)), { recursive: true });
        if (local === null) await moveTo(written, at(name));
        else {
          await expect(local);
          await rename(written, at(name));
        }
      } catch (error) {
        await rm(written, { force: true });
        throw error;
      }
      return touch(name);
    },
    async move(local, name) {
      await expect(local);
      await mkdir(dirname(at(name)), { recursive: true });
      await moveTo(at(local.name), at(name));
      await sweep(local.name);
      return touch(name);
    },
    async remove(local) {
      await expect(local);
      await unlink(at(local.name));
      await sweep(local.name);
    },
    clean: () => rm(temporary, { recursive: true, force: true }),
  };
}

/** Makes what somebody keeps of a read-only note their own. */
export const allowWriting = (folder: string, name: string): Promise<void> => chmod(join(folder, name), 0o644);

/** Never over another file: a new name first, and then the old one goes. Where there are no links, after a look. */
async function moveTo(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') throw error;
    const there = await lstat(to, { bigint: true }).catch(() => undefined);
    // Its own name in another case, where the file system does not keep the two apart.
    const isItself = there !== undefined && there.ino === (await lstat(from, { bigint: true })).ino;
    if (there !== undefined && !isItself) throw new Stale(`There is something at ${to} already.`);
    if (code !== 'EEXIST' && !withoutLinks.has(String(code))) throw error;
    // Of two links to one file, which a crash between the two steps leaves, the old one goes; renaming would change nothing.
    if (!isItself || keyOf(from) === keyOf(to)) return rename(from, to);
  }
  await unlink(from);
}

const withoutLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);
