import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { Clock } from '#kernel';
import { folderFault, isFactotumError } from '#kernel';
import {
  type ByteRange,
  checkName,
  checkPrefix,
  checkRange,
  full,
  type ListedObject,
  notFound,
  type ObjectStorage,
  unavailable,
} from './storage.ts';

/** Objects on their way in. No object's name begins with a dot, so nothing here is ever mistaken for one. */
const incoming = '.incoming';
/** What a process that died has left in `incoming` is removed after this time without a write, in milliseconds. */
const leftoverMs = 24 * 3_600_000;
/** How much is gathered before it is written: a call of the system for each 16 KiB would cost more than the bytes. */
const writeBytes = 1024 * 1024;
/** How often a folder may vanish between being made and being used, as somebody removes the last object in it. */
const attemptsMax = 10;

/** Objects as files in a folder, made if it is not there. */
export async function openFolderStorage(path: string, { clock }: { clock: Clock }): Promise<ObjectStorage> {
  const root = resolve(path);
  const place = (name: string) => join(root, name);
  const fault = (cause: unknown): unknown => faultOf(root, cause);

  await mkdir(place(incoming), { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw fault(cause);
  });
  await removeLeftovers(place(incoming), clock.now().getTime() - leftoverMs);

  /** Never makes the root itself: where a disk was mounted, a new folder in its place would take what belongs on the disk. */
  async function makeFolders(name: string): Promise<void> {
    const segments = name.split('/').slice(0, -1);
    for (let depth = 1; depth <= segments.length; depth += 1) {
      const folder = place(segments.slice(0, depth).join('/'));
      const isNew = await mkdir(folder, { mode: 0o700 }).then(
        () => true,
        (cause: unknown) => {
          if (codeOf(cause) === 'EEXIST') return false;
          throw cause;
        },
      );
      if (isNew) await syncFolder(dirname(folder));
    }
  }

  async function settle(temporary: string, name: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await makeFolders(name);
        await rename(temporary, place(name));
        await syncFolder(dirname(place(name)));
        return;
      } catch (cause) {
        if (codeOf(cause) !== 'ENOENT' || attempt === attemptsMax) throw cause;
      }
    }
  }

  async function put(name: string, body: Readable): Promise<{ bytes: number }> {
    checkName(name);
    const temporary = join(place(incoming), randomUUID());
    try {
      const bytes = await writeWhole(temporary, body, fault);
      await settle(temporary, name).catch((cause: unknown) => {
        throw fault(cause);
      });
      return { bytes };
    } catch (cause) {
      body.destroy();
      await rm(temporary, { force: true });
      throw cause;
    }
  }

  async function get(name: string, range: ByteRange = {}): Promise<Readable> {
    checkName(name);
    checkRange(range);
    const { start = 0, end } = range;
    const handle = await open(place(name), 'r').catch((cause: unknown) => {
      throw codeOf(cause) === 'ENOENT' ? notFound(name, cause) : fault(cause);
    });
    if (end !== undefined && end === start) {
      await handle.close();
      return Readable.from([], { objectMode: false });
    }
    // Behind `end` lies nothing that is asked for; the stream closes the handle whatever becomes of it.
    return handle.createReadStream({ start, highWaterMark: 256 * 1024, ...(end === undefined ? {} : { end: end - 1 }) });
  }

  async function* list(prefix: string): AsyncGenerator<ListedObject> {
    checkPrefix(prefix);
    yield* walk(root, prefix.includes('/') ? prefix.slice(0, prefix.lastIndexOf('/')) : '', prefix, fault);
  }

  return {
    address: root,
    put,
    get,
    async stat(name) {
      checkName(name);
      return statOf(place(name), fault);
    },
    async remove(name) {
      checkName(name);
      await rm(place(name), { force: true }).catch((cause: unknown) => {
        if (codeOf(cause) !== 'ENOTDIR') throw fault(cause);
      });
      await removeEmpty(root, name);
    },
    list,
    async health() {
      const startedMs = clock.monotonicMs();
      const probe = join(place(incoming), randomUUID());
      try {
        await writeWhole(probe, Readable.from([Buffer.from('factotum')]), fault);
      } finally {
        await rm(probe, { force: true });
      }
      return { latencyMs: clock.monotonicMs() - startedMs };
    },
    close: () => Promise.resolve(),
  };
}

/** What the body says is the body's, what the file system says is ours: the loop keeps the two apart. */
async function writeWhole(path: string, body: Readable, fault: (cause: unknown) => unknown): Promise<number> {
  const ours = <T>(work: Promise<T>): Promise<T> =>
    work.catch((cause: unknown) => {
      throw fault(cause);
    });
  const file = await ours(open(path, 'wx', 0o600));
  try {
    let bytes = 0;
    let gathered: Buffer[] = [];
    let gatheredBytes = 0;
    const write = async () => {
      await ours(writeAll(file, Buffer.concat(gathered)));
      gathered = [];
      gatheredBytes = 0;
    };
    for await (const chunk of body as AsyncIterable<Buffer>) {
      gathered.push(chunk);
      gatheredBytes += chunk.length;
      bytes += chunk.length;
      if (gatheredBytes >= writeBytes) await write();
    }
    if (gatheredBytes > 0) await write();
    await ours(file.sync());
    return bytes;
  } finally {
    await file.close();
  }
}

/** The system may take less than it is given, most of all just before a disk is full. */
async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length; ) written += (await file.write(bytes, written)).bytesWritten;
}

async function* walk(root: string, folder: string, prefix: string, fault: (cause: unknown) => unknown): AsyncGenerator<ListedObject> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((cause: unknown) => {
    // An object's name as a folder, or a folder that has gone; that the root itself is gone is something else.
    if (folder !== '' && (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR')) return [];
    throw fault(cause);
  });
  const within = folder === '' ? '' : `${folder}/`;
  const names = entries
    .filter((entry) => !entry.name.startsWith('.'))
    .map((entry) => `${within}${entry.name}${entry.isDirectory() ? '/' : ''}`);
  for (const name of names) {
    if (name.endsWith('/')) {
      if (name.startsWith(prefix) || prefix.startsWith(name)) yield* walk(root, name.slice(0, -1), prefix, fault);
      continue;
    }
    const found = name.startsWith(prefix) ? await statOf(join(root, name), fault) : null;
    if (found !== null) yield { name, ...found };
  }
}

async function statOf(path: string, fault: (cause: unknown) => unknown): Promise<{ bytes: number; modifiedAt: Date } | null> {
  try {
    const found = await stat(path);
    return found.isFile() ? { bytes: found.size, modifiedAt: found.mtime } : null;
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') return null;
    throw fault(cause);
  }
}

/** Folders that held nothing else go with the object: a tenant's folder would else outlive the tenant. */
async function removeEmpty(root: string, name: string): Promise<void> {
  try {
    for (let folder = dirname(name); folder !== '.'; folder = dirname(folder)) await rmdir(join(root, folder));
  } catch {
    // Not empty, or somebody else has removed it: then there is nothing to do.
  }
}

async function removeLeftovers(folder: string, beforeMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < beforeMs) await rm(path, { force: true });
  }
}

/** A new name in a folder outlives a power cut only once the folder itself is on the disk. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const codeOf = (cause: unknown): unknown => (cause instanceof Error && 'code' in cause ? cause.code : undefined);

/** EFBIG is the limit of a process (`ulimit -f`), EDQUOT that of a user: for whoever stores, all three are one. */
const fullCodes: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

function faultOf(root: string, cause: unknown): unknown {
  if (isFactotumError(cause)) return cause;
  if (fullCodes.includes(codeOf(cause))) return full(root, cause);
  const reason = folderFault(cause) ?? (codeOf(cause) === 'ENOENT' ? 'it is not there' : 'the file system reports a fault');
  return unavailable(`The storage folder ${root} cannot be used: ${reason}.`, cause);
}
