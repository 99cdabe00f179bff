import type { Readable } from 'node:stream';
import { FactotumError } from '#kernel';

/**
 * Where large objects lie: a folder or an S3 bucket. Whoever stores here seals first; a storage sees sealed bytes and names that say
 * nothing. Every method throws `storage.unavailable` (retry) when the storage does not answer or does not let us in, and
 * `storage.full` (retry) when there is no room.
 */
export interface ObjectStorage {
  /** Where it is, for people: never with credentials. */
  readonly address: string;
  /**
   * Stores an object whole, or not at all: nobody ever sees part of it, and once this has answered it outlives a power cut. What was
   * there under the name is replaced, and whoever is reading it reads it to its end.
   *
   * @param body - read to its end; when it fails, its own error comes out and nothing is stored
   */
  put(name: string, body: Readable): Promise<{ readonly bytes: number }>;
  /** The object's bytes, or a part of them. @throws FactotumError `storage.not_found` before the first byte. */
  get(name: string, range?: ByteRange): Promise<Readable>;
  stat(name: string): Promise<StoredObject | null>;
  /** Removing what is not there is nothing. A reader that has begun may finish on a folder, and on S3 as far as the server lets it. */
  remove(name: string): Promise<void>;
  /** Objects whose names begin with this text, in any order. One that comes or goes meanwhile may be in it or not. */
  list(prefix: string): AsyncIterable<ListedObject>;
  /** Writes something small and removes it again: that it can be read is not enough. */
  health(): Promise<{ readonly latencyMs: number }>;
  close(): Promise<void>;
}

/** Bytes from `start` to before `end`, counted from 0. What lies behind the object's end is left out. */
export interface ByteRange {
  readonly start?: number;
  readonly end?: number;
}

export interface StoredObject {
  readonly bytes: number;
  readonly modifiedAt: Date;
}

export interface ListedObject extends StoredObject {
  readonly name: string;
}

/** Bytes of the longest name: with a prefix before it, still inside the 1,024 of S3. */
const nameBytesMax = 512;
const namePattern = /^(?:[a-z0-9_-][a-z0-9._-]{0,199}\/)*[a-z0-9_-][a-z0-9._-]{0,199}$/;

/** Lower case alone, since some file systems know no other difference; no segment begins with a dot: those are the storage's own. */
export function checkName(name: string): void {
  if (name.length > nameBytesMax || !namePattern.test(name)) throw new RangeError(`${JSON.stringify(name)} is not the name of an object`);
}

/** A prefix is any beginning of a name, also of none. */
export function checkPrefix(prefix: string): void {
  if (prefix !== '') checkName(prefix.endsWith('/') ? `${prefix}x` : prefix);
}

export function checkRange({ start = 0, end }: ByteRange): void {
  const isFine = Number.isSafeInteger(start) && start >= 0 && (end === undefined || (Number.isSafeInteger(end) && end >= start));
  if (!isFine) throw new RangeError(`from ${start} to ${end} is not a part of an object`);
}

export const notFound = (name: string, cause?: unknown): FactotumError =>
  new FactotumError('storage.not_found', `There is no object ${name} in the storage.`, { cause });

export const unavailable = (message: string, cause?: unknown): FactotumError =>
  new FactotumError('storage.unavailable', message, { cause });

export const full = (address: string, cause: unknown): FactotumError =>
  new FactotumError('storage.full', `There is no room left in ${address}. Make room there, or give it more.`, { cause });
