import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import type { ObjectStorage } from '#kernel/storage';
import { invalid } from './fault.ts';

/**
 * Whoever holds a repository can put anything of any length into it. What is sealed proves itself piece by piece as it comes; what is read
 * before that, and how much there may be of it, is bounded here.
 */

/** Notes, the header of a repository and the like: they have less than 4 KiB. */
export const noteBytesMax = 64 * 1_024;
/** Plain bytes of a piece. One holds 16 MiB, or a single row: that of the largest mail taken has 50 MiB, sealed and as hex digits. */
export const pieceBytesMax = 256 * 1_024 * 1_024;
/** Plain bytes of a manifest: some terabytes of rows, or two million objects; and below what V8 can hold as one text. */
export const manifestBytesMax = 384 * 1_024 * 1_024;
/** Bytes of a backup of the keys: 300 of a tenant's key, and again as much for its form. */
export const keyBackupBytesMax = 256 * 1_024 * 1_024;
/** Backups in a repository, of data or of keys: one an hour for eleven years. */
const backupsMax = 100_000;

/** Reads an object whole. @throws FactotumError `backup.invalid` as soon as it has more bytes; what the storage throws. */
export async function readBounded(storage: Pick<ObjectStorage, 'get'>, name: string, bytesMax: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  // Storages give bytes.
  for await (const part of (await storage.get(name)) as AsyncIterable<Buffer>) {
    length += part.length;
    // Leaving the loop closes the stream.
    if (length > bytesMax) throw invalid(`its ${name} has more than the ${bytesMax} bytes that it can have`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Refuses to list on without end. @throws FactotumError `backup.invalid`. */
export function refuseMore(count: number): void {
  if (count > backupsMax) throw invalid(`its repository has more than ${backupsMax} backups`);
}

/** Lets through bytes of exactly this length and hash; others fail before the end comes, so that nobody takes them for an object. */
export function exactly(expected: { readonly name: string; readonly bytes: number; readonly sha256: string }): Transform {
  const hash = createHash('sha256');
  let length = 0;
  const changed = () => invalid(`its object ${expected.name} was changed`);
  return new Transform({
    transform(part: Buffer, _encoding, done) {
      length += part.length;
      if (length > expected.bytes) return done(changed());
      hash.update(part);
      return done(null, part);
    },
    flush(done) {
      done(length === expected.bytes && hash.digest('hex') === expected.sha256 ? null : changed());
    },
  });
}
