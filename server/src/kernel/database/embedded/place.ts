import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, lchown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FactotumError } from '#kernel';
import { copyBinaries, exists, findBinaries } from './binaries.ts';
import { isCode } from './lock.ts';

/** Where a data folder's server lives and who runs it. */
export interface Place {
  /** The server's own folder, which belongs to the user that runs it. */
  readonly home: string;
  /** The cluster inside it (PGDATA). */
  readonly cluster: string;
  /** What the server says. In the data folder, where its user cannot put a link in its place. */
  readonly log: string;
  /** The folder with `bin`, `lib` and `share`. */
  readonly binaries: string;
  /** The user to run as; undefined when it is the user we are. PostgreSQL refuses to run as root. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

export interface PlaceOptions {
  /** Absolute and without links. */
  readonly dataFolder: string;
  readonly onProgress: (text: string) => void;
  /** Where clusters and binaries go that the database's user could not reach in place. */
  readonly relocateTo?: string;
  /** The binaries to use, if not those of the npm package. */
  readonly binaries?: string;
}

const run = promisify(execFile);

/** The note in the data folder that says where its cluster is, when it is not inside. */
const noteOf = (dataFolder: string): string => join(dataFolder, 'postgres.location');
/** The note beside a relocated cluster that says whose it is. */
const ownerNoteOf = (home: string): string => `${home}.data-folder`;

/**
 * Decides where the server lives, once, and makes the folders. Call it while holding the lock of the data folder.
 *
 * Normally that is `postgres` inside the data folder. As root the server runs as an unprivileged user; what that
 * user cannot reach (a clone below a home of mode 0700) goes below `relocateTo`: the binaries as a copy, the cluster for good, with a note in the data folder.
 *
 * @throws FactotumError `config.invalid` when there are no binaries, no user to run as, or the note names another data folder's cluster.
 */
export async function settle(options: PlaceOptions): Promise<Place> {
  const native = options.binaries ?? (await findBinaries());
  const log = join(options.dataFolder, 'run', 'postgres.log');
  const inside = join(options.dataFolder, 'postgres');
  const known = (await findHome(options.dataFolder)) ?? inside;
  if (process.getuid?.() !== 0) {
    await mkdir(known, { recursive: true, mode: 0o700 });
    return { home: known, cluster: join(known, 'cluster'), log, binaries: native, user: undefined };
  }
  const user = await findUser(join(known, 'cluster'));
  const relocateTo = options.relocateTo ?? '/var/lib/factotum';
  const home = known !== inside || (await reaches(user, options.dataFolder)) ? known : await relocate(options, relocateTo);
  await mkdir(home, { recursive: true, mode: 0o700 });
  await lchown(home, user.uid, user.gid);
  const place = { home, cluster: join(home, 'cluster'), log, user };
  if (await reaches(user, join(native, 'bin', 'postgres'))) return { ...place, binaries: native };
  await makeOpen(relocateTo);
  const onCopy = () => options.onProgress(`The database's user cannot reach ${native}: using a copy below ${relocateTo}.`);
  return { ...place, binaries: await copyBinaries(native, relocateTo, onCopy) };
}

/** The server's folder of this data folder, if it has been decided already. Reads only. */
export async function findHome(dataFolder: string): Promise<string | undefined> {
  try {
    const home = (await readFile(noteOf(dataFolder), 'utf8')).trim();
    await refuseForeign(home, dataFolder);
    return home;
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
  const inside = join(dataFolder, 'postgres');
  return (await exists(inside)) ? inside : undefined;
}

/** Removes a data folder's cluster, wherever it lies. Only when no server runs on it. */
export async function removeCluster(dataFolder: string): Promise<void> {
  const home = await findHome(dataFolder);
  if (home === undefined) return;
  await rm(home, { recursive: true, force: true });
  await rm(ownerNoteOf(home), { force: true });
  await rm(noteOf(dataFolder), { force: true });
}

async function relocate({ dataFolder, onProgress }: PlaceOptions, relocateTo: string): Promise<string> {
  // Not derived from the path: a new clone at the place of a deleted one must not find the old one's data.
  const home = join(relocateTo, randomBytes(6).toString('hex'));
  await makeOpen(relocateTo);
  await writeFile(ownerNoteOf(home), `${dataFolder}\n`);
  await writeFile(noteOf(dataFolder), `${home}\n`);
  onProgress(`The database's user cannot reach ${dataFolder}: its data is kept in ${home} (noted in ${noteOf(dataFolder)}).`);
  return home;
}

async function makeOpen(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
}

/** A copied data folder brings the note along, and two installations on one cluster would be one. A moved folder is fine. */
async function refuseForeign(home: string, dataFolder: string): Promise<void> {
  const owner = (await readFile(ownerNoteOf(home), 'utf8')).trim();
  if (owner === dataFolder) return;
  if (await exists(noteOf(owner)))
    throw new FactotumError(
      'config.invalid',
      `The database of ${dataFolder} is that of ${owner}. Remove ${noteOf(dataFolder)} to start with an empty one, or remove ${noteOf(owner)}.`,
    );
  await writeFile(ownerNoteOf(home), `${dataFolder}\n`);
}

/** Who owned the cluster before owns it still; else the system's own `postgres`, else a user made for the purpose. */
async function findUser(cluster: string): Promise<{ uid: number; gid: number }> {
  if (await exists(cluster)) {
    const { uid, gid } = await stat(cluster);
    return { uid, gid };
  }
  const found = (await lookUp('postgres')) ?? (await lookUp('factotum'));
  if (found !== undefined) return found;
  // initdb looks its user up by number and stops if there is no such entry, so any free number will not do.
  const made = await run('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--home-dir',
    '/nonexistent',
    '--shell',
    '/usr/sbin/nologin',
    'factotum',
  ]).then(
    () => undefined,
    (error: unknown) => error,
  );
  const user = await lookUp('factotum');
  if (user !== undefined) return user;
  throw new FactotumError(
    'config.invalid',
    'PostgreSQL does not run as root and no user could be made for it. Start as an ordinary user, make a user `factotum`, or set FACTOTUM_DATABASE_URL.',
    {
      cause: made,
    },
  );
}

async function lookUp(name: string): Promise<{ uid: number; gid: number } | undefined> {
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, name])).stdout)));
    return uid === undefined || gid === undefined || uid === 0 ? undefined : { uid, gid };
  } catch (error) {
    // `id` ends with 1 for a name that nobody has.
    if (isCode(error, 'ENOENT') || (error instanceof Error && 'code' in error && error.code === 1)) return undefined;
    throw error;
  }
}

/** Asked as the user itself: only the kernel knows all of modes, lists and mounts on the way. */
async function reaches(user: { uid: number; gid: number }, path: string): Promise<boolean> {
  try {
    await run('/bin/sh', ['-c', 'test -x "$1"', 'sh', path], { ...user, cwd: '/' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 1) return false;
    throw error;
  }
}
