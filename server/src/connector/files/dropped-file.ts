import { type BigIntStats, constants } from 'node:fs';
import { lstat, open, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** What a file was when somebody looked: a write, or another file under its name, makes it another. */
export type Fingerprint = string;

export interface Seen {
  readonly fingerprint: Fingerprint;
  readonly sizeBytes: number;
}

/**
 * Waits until a file has not changed for a while, as only its writer knows when it is whole.
 * @returns null when it is gone, or is no file: links are not followed.
 */
export async function whenSettled(path: string, settledMs: number, signal: AbortSignal): Promise<Seen | null> {
  let status = await look(path);
  while (status !== null && !isQuiet(status, settledMs)) {
    const before = seen(status);
    await delay(settledMs, undefined, { signal });
    status = await look(path);
    if (status !== null && seen(status).fingerprint === before.fingerprint) break;
  }
  return status === null ? null : seen(status);
}

/** @returns null when it is no longer what was seen. */
export async function readSeen(path: string, { fingerprint }: Seen): Promise<Buffer | null> {
  // A link or a pipe may have taken its place: the one is refused, the other does not hold us up.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const status = await file.stat({ bigint: true });
    return status.isFile() && seen(status).fingerprint === fingerprint ? await file.readFile() : null;
  } finally {
    await file.close();
  }
}

/** The same piece by piece, and not beyond what was seen. Whoever reads no more destroys it. @returns null when it is no longer what was seen. */
export async function openSeen(path: string, { fingerprint, sizeBytes }: Seen): Promise<Readable | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const status = await file.stat({ bigint: true });
  const isSeen = status.isFile() && seen(status).fingerprint === fingerprint;
  if (isSeen && sizeBytes > 0) return file.createReadStream({ end: sizeBytes - 1 });
  await file.close();
  return isSeen ? Readable.from([]) : null;
}

/** Deletes a file if it still is what was seen. @returns false when it has changed since: then it stays. */
export async function removeSeen(path: string, { fingerprint }: Seen): Promise<boolean> {
  const status = await look(path);
  if (status === null) return true;
  if (seen(status).fingerprint !== fingerprint) return false;
  await rm(path, { force: true });
  return true;
}

async function look(path: string): Promise<BigIntStats | null> {
  try {
    const status = await lstat(path, { bigint: true });
    return status.isFile() ? status : null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
    throw error;
  }
}

const seen = ({ dev, ino, size, mtimeNs }: BigIntStats): Seen => ({
  fingerprint: `${dev}:${ino}:${size}:${mtimeNs}`,
  sizeBytes: Number(size),
});

/** The inode's own time: a copy keeps the times of its original. Of a clock that is ahead of ours nothing can be told. */
function isQuiet({ ctimeMs }: BigIntStats, settledMs: number): boolean {
  const quietMs = Date.now() - Number(ctimeMs);
  return quietMs >= settledMs;
}
