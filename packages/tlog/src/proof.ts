/** Building proofs from tiles, and their text form. Checking them is in `verify.ts`. */
import { rangeReader, splitPoint, type TileReader } from './tile-tree.ts';
import { type LogProof, proofHeading, TlogError } from './verify.ts';

/**
 * The proof that entry `index` is in the tree of `size` entries: PATH(index, D[size]) of RFC 6962 section 2.1.1, leaf's sibling first.
 *
 * @throws TlogError `tlog.out_of_range` unless 0 <= index < size, `tlog.hashes_missing` when a tile is too short.
 */
export async function inclusionProof(readTile: TileReader, { index, size }: { index: number; size: number }): Promise<Buffer[]> {
  if (!(Number.isSafeInteger(size) && Number.isSafeInteger(index) && index >= 0 && index < size)) {
    throw new TlogError('tlog.out_of_range', `entry ${index} is not in a log of ${size} entries`);
  }
  const siblings: Range[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      siblings.push([middle, end]);
      end = middle;
    } else {
      siblings.push([start, middle]);
      start = middle;
    }
  }
  return hashRanges(readTile, size, siblings.reverse());
}

/**
 * The proof that the tree of `from` entries is a prefix of that of `to` entries: PROOF(from, D[to]) of RFC 6962 section 2.1.2. Empty when
 * `from` is 0 or equals `to`.
 *
 * @throws TlogError `tlog.out_of_range` unless 0 <= from <= to, `tlog.hashes_missing` when a tile is too short.
 */
export async function consistencyProof(readTile: TileReader, { from, to }: { from: number; to: number }): Promise<Buffer[]> {
  if (!(Number.isSafeInteger(to) && Number.isSafeInteger(from) && from >= 0 && from <= to)) {
    throw new TlogError('tlog.out_of_range', `a log of ${to} entries never had ${from}`);
  }
  if (from === 0) return [];
  const ranges: Range[] = [];
  let [start, end] = [0, to];
  while (end !== from) {
    const middle = start + splitPoint(end - start);
    if (from <= middle) {
      ranges.push([middle, end]);
      end = middle;
    } else {
      ranges.push([start, middle]);
      start = middle;
    }
  }
  // From the left edge on, the rest is the old tree itself, whose root the verifier has.
  if (start > 0) ranges.push([start, end]);
  return hashRanges(readTile, to, ranges.reverse());
}

/** A proof as the text of a `.tlog-proof` file (c2sp.org/tlog-proof@v1). `parseProof` and `verifyProof` read it. */
export function encodeProof({ index, hashes, checkpoint, extra }: LogProof): string {
  const lines = [proofHeading, ...(extra ? [`extra ${extra.toString('base64')}`] : []), `index ${index}`];
  return `${[...lines, ...hashes.map((node) => node.toString('base64'))].join('\n')}\n\n${checkpoint}`;
}

type Range = readonly [start: number, end: number];

async function hashRanges(readTile: TileReader, size: number, ranges: readonly Range[]): Promise<Buffer[]> {
  const rangeHash = rangeReader(readTile, size);
  const hashes: Buffer[] = [];
  for (const [start, end] of ranges) hashes.push(await rangeHash(start, end));
  return hashes;
}
