import { foldHashes, hashLeaf, tileWidth } from '@factotum/tlog';
import { FactotumError } from '#kernel';
import type { Appended } from './append.ts';
import { type Connection, type FullTile, readBodies, readTileRoots } from './statements.ts';

/**
 * The tiles that these entries fill, lowest level first. Usually none; each 256 entries one, for which the up to 255 entries before
 * the batch are read and hashed again: less than keeping them for every tenant.
 */
export async function fullTilesOf(on: Connection, { entries, leaves, head: { tenantId, size } }: Appended): Promise<FullTile[]> {
  const tiles: FullTile[] = [];
  let [before, after] = [size - entries.length, size];
  let fresh = leaves;
  for (let level = 0; ; level += 1) {
    const [first, end] = [Math.floor(before / tileWidth), Math.floor(after / tileWidth)];
    if (first === end) return tiles;
    const start = first * tileWidth;
    const known = start === before ? [] : await hashesOf(on, tenantId, level, { start, end: before });
    if (known.length !== before - start)
      throw new FactotumError('audit.broken', 'Entries or tiles of this tenant’s audit log are missing. Verify the log.');
    const hashes = [...known, ...fresh];
    const grown = Array.from({ length: end - first }, (_, i): FullTile => {
      const joined = Buffer.concat(hashes.slice(i * tileWidth, (i + 1) * tileWidth));
      return { tenantId, level, index: first + i, hashes: joined, root: foldHashes(joined) };
    });
    tiles.push(...grown);
    fresh = grown.map(({ root }) => root);
    [before, after] = [first, end];
  }
}

/** Stored hashes of one level: of entries at level 0, above it the roots of the tiles below. */
async function hashesOf(on: Connection, tenantId: string, level: number, range: { start: number; end: number }): Promise<Buffer[]> {
  if (level > 0) return readTileRoots(on, tenantId, level - 1, range);
  const bodies = await readBodies(on, tenantId, range.start, range.end);
  return bodies.map((body) => hashLeaf(Buffer.from(body)));
}
