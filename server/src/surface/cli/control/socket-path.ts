import { chmod, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** What fits into a socket's address everywhere: `sun_path` has 104 bytes on macOS, 108 on Linux, with the zero at the end. */
const pathBytesMax = 103;

/** The folder of what belongs to one run: locks, passwords, the socket. Mode 0700. */
export const runFolderOf = (dataFolder: string): string => join(resolve(dataFolder), 'run');

const socketIn = (folder: string) => join(folder, 'factotum.sock');
const noteIn = (dataFolder: string) => join(runFolderOf(dataFolder), 'socket.path');

/**
 * Where the server listens for commands: in the data folder, or, when that path is too long for a socket, in a fresh folder of
 * mode 0700 below the temporary one, noted in `run/socket.path`. Call it while holding the data folder.
 */
export async function placeSocket(dataFolder: string): Promise<string> {
  await removeSocket(dataFolder);
  const near = socketIn(runFolderOf(dataFolder));
  if (Buffer.byteLength(near) <= pathBytesMax) return near;
  const far = socketIn(await mkdtemp(join(tmpdir(), 'factotum-')));
  await writeFile(noteIn(dataFolder), far, { mode: 0o600 });
  await chmod(noteIn(dataFolder), 0o600);
  return far;
}

/** Where commands find the server, if there is one. */
export async function findSocket(dataFolder: string): Promise<string> {
  return (await readNote(dataFolder)) ?? socketIn(runFolderOf(dataFolder));
}

/** Removes the socket, of this run or of one that was killed, and the folder that was made for it. */
export async function removeSocket(dataFolder: string): Promise<void> {
  await rm(socketIn(runFolderOf(dataFolder)), { force: true });
  const far = await readNote(dataFolder);
  if (far === undefined) return;
  await rm(far, { force: true });
  // Somebody may have cleaned the temporary folder, or put something of theirs there.
  await rmdir(dirname(far)).catch(() => undefined);
  await rm(noteIn(dataFolder), { force: true });
}

async function readNote(dataFolder: string): Promise<string | undefined> {
  try {
    return await readFile(noteIn(dataFolder), 'utf8');
  } catch (error) {
    // Nor is there a note where there can be no folder.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    throw error;
  }
}
