import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashLeaf, tilesFromLeaves, treeRoot } from '@factotum/tlog';
import { isFactotumError } from '#kernel';
import { fullTiles, type HashReader } from './full-tiles.ts';
import type { FullTile } from './statements.ts';

const count = 65_536 + 300;
const leaves = Array.from({ length: count }, (_, index) => hashLeaf(Buffer.from(String(index))));
const fromLeaves = tilesFromLeaves(async (start, end) => Buffer.concat(leaves.slice(start, end)));

/** Grows a tree in steps and keeps the tiles, as the sequencer does. */
async function grow(step: number): Promise<Map<string, FullTile>> {
  const stored = new Map<string, FullTile>();
  const readHashes: HashReader = async (level, { start, end }) =>
    level === 0 ? leaves.slice(start, end) : Array.from({ length: end - start }, (_, i) => stored.get(`${level - 1}/${start + i}`)!.root);
  for (let from = 0; from < count; from += step) {
    const size = Math.min(count, from + step);
    for (const tile of await fullTiles({ tenantId: 'one', size, leaves: leaves.slice(from, size) }, readHashes)) {
      assert.ok(!stored.has(`${tile.level}/${tile.index}`));
      stored.set(`${tile.level}/${tile.index}`, tile);
    }
  }
  return stored;
}

test('however the entries come, each tile of each level is made once, with the hashes of the tree', async () => {
  for (const step of [97, 256, 1_999, count]) {
    const stored = await grow(step);
    assert.equal(stored.size, 257 + 1);
    for (const [level, index] of [
      [0, 0],
      [0, 128],
      [0, 256],
      [1, 0],
    ] as const) {
      // 65,836 entries are 257 full tiles of which 256 fill one of the next level.
      const tile = stored.get(`${level}/${index}`);
      assert.deepEqual(tile?.hashes, await fromLeaves({ level, index, width: 256 }), `${level}/${index} in steps of ${step}`);
    }
    assert.deepEqual(stored.get('1/0')?.root, await treeRoot(fromLeaves, 65_536));
  }
});

test('a tile whose first hashes are missing is not made', async () => {
  await assert.rejects(
    fullTiles({ tenantId: 'one', size: 300, leaves: leaves.slice(100, 300) }, async () => leaves.slice(0, 99)),
    (error) => isFactotumError(error, 'audit.broken'),
  );
});
