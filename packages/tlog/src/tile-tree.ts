/** The tree kept as hash tiles: cutting tiles from leaf hashes, and reading tree hashes back from tiles. */
import { type Tile, tileWidth } from './tile.ts';
import { emptyRoot, hashChildren, TlogError } from './verify.ts';

/** Reads the leaf hashes of entries `start` to `end - 1`, 32 bytes each, joined. */
export type LeafReader = (start: number, end: number) => Promise<Uint8Array>;

/** Reads a hash tile, `width * 32` bytes or more (a full tile where a partial one was asked for). */
export type TileReader = (tile: Tile) => Promise<Uint8Array>;

/** A tile with its bytes, ready to be stored at `tilePath(tile)`. */
export interface TileFile extends Tile {
  readonly bytes: Buffer;
}

/**
 * The tiles that are new in the tree of size `to` and not yet in that of size `from`, lowest level first: what to store after a batch.
 * Reads each new leaf once and, where the last tile of a level was partial, that tile from `readTile`; with `from` 0 it reads none.
 * Keeps 32 bytes for each 256 new leaves in memory.
 *
 * @throws TlogError `tlog.hashes_missing` when a reader returns less than asked for.
 */
export async function* growTiles(grow: {
  readLeaves: LeafReader;
  readTile: TileReader;
  from: number;
  to: number;
}): AsyncGenerator<TileFile> {
  let fresh: Buffer[] = [];
  for (let level = 0; ; level += 1) {
    const before = Math.floor(grow.from / tileWidth ** level);
    const after = Math.floor(grow.to / tileWidth ** level);
    if (after === before) return;
    const roots: Buffer[] = [];
    for (let index = Math.floor(before / tileWidth); index * tileWidth < after; index += 1) {
      const start = index * tileWidth;
      const width = Math.min(tileWidth, after - start);
      const known = Math.max(0, before - start);
      const old = known === 0 ? Buffer.alloc(0) : takeHashes(await grow.readTile({ level, index, width: known }), known);
      const added =
        level === 0
          ? takeHashes(await grow.readLeaves(start + known, start + width), width - known)
          : Buffer.concat(fresh.slice(start + known - before, start + width - before));
      const bytes = Buffer.concat([old, added]);
      if (width === tileWidth) roots.push(foldHashes(bytes));
      yield { level, index, width, bytes };
    }
    fresh = roots;
  }
}

/** A tile reader that needs no stored tiles: it computes each tile from the leaf hashes below it (256^level of them for each hash). */
export function tilesFromLeaves(readLeaves: LeafReader): TileReader {
  const readTile: TileReader = async ({ level, index, width }) => {
    const start = index * tileWidth;
    if (level === 0) return readLeaves(start, start + width);
    const hashes: Buffer[] = [];
    for (let i = start; i < start + width; i += 1) {
      hashes.push(foldHashes(takeHashes(await readTile({ level: level - 1, index: i, width: tileWidth }), tileWidth)));
    }
    return Buffer.concat(hashes);
  };
  return readTile;
}

/** The root of the tree of `size` entries. @throws TlogError `tlog.hashes_missing` when a tile is too short. */
export const treeRoot = async (readTile: TileReader, size: number): Promise<Buffer> =>
  size === 0 ? emptyRoot() : rangeReader(readTile, size)(0, size);

/**
 * Hashes of ranges of a tree of `size` entries: MTH(D[start:end]) of RFC 6962 for the ranges that its recursion visits (a range of 2^k
 * entries begins at a multiple of 2^k). Reads each tile once, as wide as the tree of that size has it; make one for each proof.
 */
export function rangeReader(readTile: TileReader, size: number): (start: number, end: number) => Promise<Buffer> {
  const read = new Map<string, Promise<Uint8Array>>();
  const tileOf = (level: number, index: number): Promise<Uint8Array> => {
    const key = `${level}/${index}`;
    const width = Math.min(tileWidth, Math.floor(size / tileWidth ** level) - index * tileWidth);
    const tile = read.get(key) ?? readTile({ level, index, width });
    read.set(key, tile);
    return tile;
  };
  const rangeHash = async (start: number, end: number): Promise<Buffer> => {
    const middle = start + splitPoint(end - start);
    if (end - start > 1 && middle - start !== end - middle)
      return hashChildren(await rangeHash(start, middle), await rangeHash(middle, end));
    const height = Math.round(Math.log2(end - start));
    const level = Math.floor(height / 8);
    const count = 2 ** (height % 8);
    const first = start / tileWidth ** level;
    const hashes = takeHashes(await tileOf(level, Math.floor(first / tileWidth)), (first % tileWidth) + count);
    return foldHashes(hashes.subarray((first % tileWidth) * 32));
  };
  return rangeHash;
}

/** The largest power of two below `width`: where RFC 6962 splits a tree of two or more entries. 1 for a width of 1. */
export const splitPoint = (width: number): number => {
  let split = 1;
  while (split * 2 < width) split *= 2;
  return split;
};

/** The first `count` hashes. */
function takeHashes(bytes: Uint8Array, count: number): Buffer {
  if (bytes.length < count * 32)
    throw new TlogError('tlog.hashes_missing', `a reader gave ${bytes.length} bytes where ${count} hashes are needed`);
  return Buffer.from(bytes.buffer, bytes.byteOffset, count * 32);
}

/** The root above 2^k joined hashes: of a full tile, the hash that stands for it one level up. */
export function foldHashes(hashes: Buffer): Buffer {
  let row = hashes;
  while (row.length > 32) {
    const parents = Buffer.alloc(row.length / 2);
    for (let at = 0; at < row.length; at += 64)
      parents.set(hashChildren(row.subarray(at, at + 32), row.subarray(at + 32, at + 64)), at / 2);
    row = parents;
  }
  return row;
}
