import { foldHashes, hashLeaf, tileWidth } from '@factotum/tlog';
import { FactotumError } from '#kernel';
import { type Connection, type FullTile, readBodies, readTileRoots } from './statements.ts';

/** Reads hashes `start` to `end - 1` of a level of the tree: of entries at level 0, above it of full tiles below. */
export type HashReader = (level: number, range: { start: number; end: number }) => Promise<Buffer[]>;

/**
 * The tiles that a batch fills, lowest level first. Usually none; each 256 entries one, for which the up to 255 entries before the batch
 * are read and hashed again: less than keeping them for every tenant.
 *
 * @param leaves - the leaf hashes of the batch, the last of which made the tree `size` entries large.
 * @throws FactotumError `audit.broken` when hashes are missing.
 */
export async function fullTiles(
  { tenantId, size, leaves }: { tenantId: string; size: number; leaves: readonly Buffer[] },
  readHashes: HashReader,
): Promise<FullTile[]> {
  const tiles: FullTile[] = [];
  let [before, after] = [size - leaves.length, size];
  let fresh = leaves;
  for (let level = 0; ; level += 1) {
    const [first, end] = [Math.floor(before / tileWidth), Math.floor(after / tileWidth)];
    if (first === end) return tiles;
    const start = first * tileWidth;
    const known = start === before ? [] : await readHashes(level, { start, end: before });
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

/** Reads from the tables, in the transaction that appends. */
export const storedHashes =
  (on: Connection, tenantId: string): HashReader =>
  async (level, { start, end }) => {
    if (level > 0) return readTileRoots(on, tenantId, level - 1, { start, end });
    const bodies = await readBodies(on, tenantId, start, end);
    return bodies.map((body) => hashLeaf(Buffer.from(body)));
  };
