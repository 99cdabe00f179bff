import { crc32 } from 'node:zlib';

/** A run of whole rows. */
export interface Piece {
  readonly bytes: Buffer;
  readonly rows: number;
}

/** What is known of all rows of a table, in whatever order they come. */
export interface Tally {
  rows: number;
  bytes: number;
  /** Sum of a checksum of each row, modulo 2^32. That pieces are what was stored is proven by their seals; this proves that each came, once. */
  digest: number;
}

export const newTally = (): Tally => ({ rows: 0, bytes: 0, digest: 0 });

/** Together about 4 MiB on average: a change rewrites one piece, and a gigabyte is 250 objects. */
const bytesMin = 1024 * 1024;
const bytesBeyondMin = 3 * 1024 * 1024;
const bytesMax = 16 * 1024 * 1024;
const newline = 10;

/**
 * Cuts lines, one a row, into pieces. Where, depends on the rows themselves and on the key, not on where they stand: rows that come, go or
 * change in the middle of a table leave the pieces before and after as they were. A longer row is more likely to be an end, so that pieces
 * are of one size whatever the rows' size is.
 *
 * The key keeps the sizes of pieces from telling whoever sees them which known rows they hold; nothing else rests on this hash.
 */
export async function* cutRows(lines: AsyncIterable<Buffer>, key: number, tally: Tally): AsyncGenerator<Piece> {
  let parts: Buffer[] = [];
  let [pieceBytes, pieceRows, rowBytes, checksum] = [0, 0, 0, 0];
  const take = (): Piece => {
    const piece = { bytes: Buffer.concat(parts), rows: pieceRows };
    parts = [];
    pieceBytes = 0;
    pieceRows = 0;
    return piece;
  };
  for await (const data of lines) {
    let kept = 0;
    for (let at = 0; at < data.length; ) {
      const found = data.indexOf(newline, at);
      const end = found < 0 ? data.length : found + 1;
      checksum = crc32(data.subarray(at, end), checksum);
      rowBytes += end - at;
      at = end;
      if (found < 0) break;
      pieceRows += 1;
      const size = pieceBytes + (end - kept);
      tally.rows += 1;
      tally.bytes += rowBytes;
      tally.digest = (tally.digest + mix(checksum ^ rowBytes, 0)) >>> 0;
      const isEnd = size >= bytesMin && (size >= bytesMax || mix(checksum, key) < (rowBytes / bytesBeyondMin) * 2 ** 32);
      rowBytes = 0;
      checksum = 0;
      if (!isEnd) continue;
      parts.push(data.subarray(kept, end));
      kept = end;
      yield take();
    }
    if (kept < data.length) {
      parts.push(data.subarray(kept));
      pieceBytes += data.length - kept;
    }
  }
  if (pieceRows > 0) yield take();
}

/** Spreads a checksum over all 32 bits (the finaliser of MurmurHash3, public domain). */
function mix(value: number, key: number): number {
  let h = (value ^ key) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Adds whole rows to a tally. */
export function countRows(bytes: Buffer, tally: Tally): void {
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(newline, at) + 1;
    if (end === 0) throw new RangeError('a piece ends inside a row');
    tally.rows += 1;
    tally.bytes += end - at;
    tally.digest = (tally.digest + mix(crc32(bytes.subarray(at, end)) ^ (end - at), 0)) >>> 0;
    at = end;
  }
}
