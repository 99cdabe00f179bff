import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { leafReader, numberedLeaves } from '../test/sample-log.ts';
import { availableWidth, decodeEntryBundle, encodeEntryBundle, parseTilePath, type Tile, tilePath } from './tile.ts';
import { growTiles, type TileReader, tilesFromLeaves, treeRoot } from './tile-tree.ts';
import { appendLeaf, createFrontier, frontierRoot } from './verify.ts';

test('tile paths are those of the specification', () => {
  assert.equal(tilePath({ level: 0, index: 1_234_067, width: 256 }), 'tile/0/x001/x234/067');
  assert.equal(tilePath({ level: 0, index: 273, width: 112 }), 'tile/0/273.p/112');
  assert.equal(tilePath({ level: 'entries', index: 1000, width: 256 }), 'tile/entries/x001/000');
});

test('a tile path reads back to its tile, and nothing else is a tile path', () => {
  const level = fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const));
  fc.assert(
    fc.property(level, fc.maxSafeNat(), fc.integer({ min: 1, max: 256 }), (level, index, width) => {
      const tile = level === 'entries' ? { level, index, width } : { level, index, width };
      assert.deepEqual(parseTilePath(tilePath(tile)), tile);
    }),
  );
  const others = [
    '',
    'tile/0/67',
    'tile/0/0067',
    'tile/00/067',
    'tile/64/067',
    'tile/0/x000/067',
    'tile/0/001/067',
    'tile/0/067.p/0',
    'tile/0/067.p/256',
  ];
  for (const path of [
    ...others,
    'tile/0/067.p/01',
    'tile/0/067/',
    '/tile/0/067',
    'tile/data/067',
    'tile/0/../067',
    `tile/0/${'x999/'.repeat(6)}999`,
  ]) {
    assert.equal(parseTilePath(path), null, path);
  }
});

test('a bundle gives back its entries, empty ones included', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 256 }), (bodies) => {
      assert.deepEqual(
        decodeEntryBundle(encodeEntryBundle(bodies)),
        bodies.map((body) => Buffer.from(body)),
      );
    }),
    { numRuns: 50 },
  );
});

test('an entry of 65,535 bytes fits a bundle, one more byte is refused by name', () => {
  const largest = Buffer.alloc(65_535, 1);
  assert.deepEqual(decodeEntryBundle(encodeEntryBundle([largest])), [largest]);
  assert.throws(() => encodeEntryBundle([largest, Buffer.alloc(65_536)]), {
    code: 'tlog.entry_too_long',
    message: /entry 1 .* 65536 bytes/,
  });
});

test('a bundle that was cut is refused', () => {
  const bundle = encodeEntryBundle([Buffer.from('one'), Buffer.from('two')]);
  for (const end of [1, 4, 6, 9]) assert.throws(() => decodeEntryBundle(bundle.subarray(0, end)), { code: 'tlog.bundle_malformed' });
});

test('a tree of 70,000 entries has the tiles that the specification counts, and they give its root', async () => {
  const leaves = numberedLeaves(70_000);
  const stored = new Map<string, Buffer>();
  const readTile: TileReader = async (tile) => stored.get(tilePath(tile)) ?? assert.fail(`${tilePath(tile)} is not stored`);
  const widths: Record<number, number[]> = {};
  for await (const { bytes, ...tile } of growTiles({ readLeaves: leafReader(leaves), readTile, from: 0, to: leaves.length })) {
    stored.set(tilePath(tile), bytes);
    widths[tile.level] ??= [];
    widths[tile.level]?.push(tile.width);
    assert.equal(bytes.length, tile.width * 32);
  }
  assert.deepEqual(widths, { 0: [...Array(273).fill(256), 112], 1: [256, 17], 2: [1] });
  const frontier = createFrontier();
  for (const leaf of leaves) appendLeaf(frontier, leaf);
  assert.deepEqual(await treeRoot(readTile, leaves.length), frontierRoot(frontier));
});

test('tiles grown batch by batch are the same as those cut at once, and each is read from no more than was stored', async () => {
  const leaves = numberedLeaves(66_500);
  const readLeaves = leafReader(leaves);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: leaves.length }), { maxLength: 4 }), async (stops) => {
      const stored = new Map<string, Buffer>();
      const readTile = async (tile: Tile) => stored.get(tilePath(tile)) ?? assert.fail(`${tilePath(tile)} is not stored`);
      let from = 0;
      for (const to of [...stops.sort((a, b) => a - b), leaves.length]) {
        for await (const { bytes, ...tile } of growTiles({ readLeaves, readTile, from, to })) {
          assert.equal(tile.width, availableWidth(tile, to));
          stored.set(tilePath(tile), bytes);
        }
        from = to;
      }
      const atOnce = tilesFromLeaves(readLeaves);
      for (const tile of [
        { level: 0, index: 259, width: 196 },
        { level: 1, index: 0, width: 256 },
        { level: 1, index: 1, width: 3 },
        { level: 2, index: 0, width: 1 },
      ]) {
        assert.deepEqual(stored.get(tilePath(tile)), Buffer.from(await atOnce(tile)), tilePath(tile));
      }
    }),
    { numRuns: 3 },
  );
});

test('only tiles that exist have a width', () => {
  const widthOf = (level: number | 'entries', index: number, size: number) =>
    availableWidth(level === 'entries' ? { level, index } : { level, index }, size);
  assert.deepEqual([widthOf(0, 0, 0), widthOf(0, 0, 255), widthOf(0, 0, 256), widthOf(1, 0, 255), widthOf(1, 0, 256)], [0, 255, 256, 0, 1]);
  assert.deepEqual([widthOf(0, 1, 256), widthOf('entries', 273, 70_000), widthOf(2, 0, 70_000), widthOf(63, 0, 70_000)], [0, 112, 1, 0]);
});
