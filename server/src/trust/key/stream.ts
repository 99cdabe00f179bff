import { Transform, type TransformCallback } from 'node:stream';
import {
  checkCommitment,
  chunkBytes,
  commitmentBytes,
  deriveMessageKeys,
  freshSalt,
  type MessageKeys,
  openChunk,
  saltBytes,
  sealChunk,
  tagBytes,
} from './cobblestone.ts';
import type { HmacKey } from './hmac.ts';

/** Seals what flows through, `header` before it, in the same format as `sealMessage`. Holds about one chunk in memory. */
export function createSealing(inputKey: HmacKey, context: Uint8Array, header: Uint8Array): Transform {
  const salt = freshSalt();
  const keys = deriveMessageKeys(inputKey, salt, context);
  let pending: Uint8Array = Buffer.alloc(0);
  let index = 0;
  const stream = new Transform({
    transform(data: Buffer, _encoding, done) {
      pending = joined(pending, data);
      // A full chunk is never the last one, so it can go at once.
      for (; pending.length >= chunkBytes; pending = pending.subarray(chunkBytes)) {
        this.push(Buffer.concat(sealChunk(keys, index, pending.subarray(0, chunkBytes))));
        index += 1;
      }
      done();
    },
    flush(done) {
      done(null, Buffer.concat(sealChunk(keys, index, pending)));
    },
  });
  stream.push(Buffer.concat([header, salt, keys.commitment]));
  return stream;
}

/**
 * Opens what flows through. Every chunk is authenticated before it leaves, but that the end is missing shows only at the end:
 * act on the whole only after the stream has finished without an error.
 *
 * @param headerBytes - how much stands before the message
 * @param unlock - finds the input key and context from that header, or throws
 * @param failure - makes the stream's error from what went wrong
 */
export function createOpening(
  headerBytes: number,
  unlock: (header: Uint8Array) => { readonly inputKey: HmacKey; readonly context: Uint8Array },
  failure: (cause: unknown) => Error,
): Transform {
  const saltAt = headerBytes;
  const commitmentAt = saltAt + saltBytes;
  const bodyAt = commitmentAt + commitmentBytes;
  const sealedChunkBytes = chunkBytes + tagBytes;
  let keys: MessageKeys | undefined;
  let pending: Uint8Array = Buffer.alloc(0);
  let index = 0;
  return new Transform({
    transform(data: Buffer, _encoding, done) {
      attempt(done, failure, () => {
        pending = joined(pending, data);
        if (keys === undefined && pending.length >= bodyAt) {
          const { inputKey, context } = unlock(pending.subarray(0, headerBytes));
          keys = deriveMessageKeys(inputKey, pending.subarray(saltAt, commitmentAt), context);
          checkCommitment(keys, pending.subarray(commitmentAt, bodyAt));
          pending = pending.subarray(bodyAt);
        }
        for (; keys !== undefined && pending.length >= sealedChunkBytes; pending = pending.subarray(sealedChunkBytes)) {
          this.push(openChunk(keys, index, pending.subarray(0, sealedChunkBytes)));
          index += 1;
        }
      });
    },
    flush(done) {
      attempt(done, failure, () => {
        if (keys === undefined) throw new RangeError('cut off inside the header');
        this.push(openChunk(keys, index, pending));
      });
    },
  });
}

/** A part of a sealed stream, and which of its bytes are needed to open it. */
export interface RangeOpening {
  /** The sealed bytes from `from` to before `to` are to flow through `stream`; plain comes out exactly what was asked for. */
  readonly from: number;
  readonly to: number;
  readonly stream: Transform;
}

/** Bytes before the first chunk, the outer header among them. */
export const headBytes = (headerBytes: number): number => headerBytes + saltBytes + commitmentBytes;

/** How long a stream is once it is sealed. */
const sealedLength = (headerBytes: number, plainBytes: number): number =>
  headBytes(headerBytes) + plainBytes + (Math.floor(plainBytes / chunkBytes) + 1) * tagBytes;

/**
 * Opens a part of a sealed stream of which only that part is read. The whole length must be known from a place that nobody can change:
 * then a stream that was cut, or had its end put elsewhere, fails as well.
 *
 * @param keys - of the message, its commitment checked
 * @param range - plain bytes from `start` to before `end`, inside `plainBytes` and not empty
 */
export function createRangeOpening(
  keys: MessageKeys,
  headerBytes: number,
  { start, end, plainBytes }: { readonly start: number; readonly end: number; readonly plainBytes: number },
  failure: (cause: unknown) => Error,
): RangeOpening {
  if (!(start >= 0 && start < end && end <= plainBytes)) throw new RangeError(`from ${start} to ${end} is no part of ${plainBytes} bytes`);
  const first = Math.floor(start / chunkBytes);
  // Who reads to the end reads the last chunk as well, be it empty: it proves that this is the end.
  const last = Math.floor((end === plainBytes ? end : end - 1) / chunkBytes);
  const sealedChunkBytes = chunkBytes + tagBytes;
  const at = (index: number) => Math.min(headBytes(headerBytes) + index * sealedChunkBytes, sealedLength(headerBytes, plainBytes));
  let pending: Uint8Array = Buffer.alloc(0);
  let index = first;
  const stream = new Transform({
    transform(data: Buffer, _encoding, done) {
      attempt(done, failure, () => {
        pending = joined(pending, data);
        for (let length = at(index + 1) - at(index); index <= last && pending.length >= length; length = at(index + 1) - at(index)) {
          const plain = openChunk(keys, index, pending.subarray(0, length));
          this.push(plain.subarray(Math.max(start - index * chunkBytes, 0), end - index * chunkBytes));
          pending = pending.subarray(length);
          index += 1;
        }
        if (index > last && pending.length > 0) throw new RangeError('more than was asked for');
      });
    },
    flush(done) {
      attempt(done, failure, () => {
        if (index <= last) throw new RangeError('cut off before its end');
      });
    },
  });
  return { from: at(first), to: at(last + 1), stream };
}

/** What is pending never exceeds a chunk, so this copies little; a source that writes whole chunks costs no copy at all. */
function joined(pending: Uint8Array, data: Uint8Array): Uint8Array {
  return pending.length === 0 ? data : Buffer.concat([pending, data]);
}

function attempt(done: TransformCallback, failure: (cause: unknown) => Error, work: () => void): void {
  try {
    work();
  } catch (cause) {
    done(failure(cause));
    return;
  }
  done();
}
