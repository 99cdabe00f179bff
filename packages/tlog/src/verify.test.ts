import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { leafReader, numberedLeaves } from '../test/sample-log.ts';
import { consistencyProof, decodeFrontier, encodeFrontier, inclusionProof, tilesFromLeaves, treeRoot } from './index.ts';
import {
  appendLeaf,
  chainGenesis,
  createFrontier,
  emptyRoot,
  frontierRoot,
  hashChildren,
  hashLeaf,
  macEntry,
  nextChain,
  nextMacKey,
  TlogError,
  verifyConsistency,
  verifyInclusion,
} from './verify.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

// The reference vectors of Certificate Transparency (certificate-transparency-go, merkle tree tests): leaves, and roots for sizes 0 to 8.
const referenceLeaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const referenceRoots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const referenceHashes = referenceLeaves.map((leaf) => hashLeaf(hex(leaf)));
const referenceTiles = tilesFromLeaves(leafReader(referenceHashes));

// Sizes small enough to be quick, among them those around a full tile.
const treeSize = fc.oneof(fc.integer({ min: 1, max: 600 }), fc.constantFrom(255, 256, 257, 511, 512, 513));
const leaves = numberedLeaves(1000);
const tiles = tilesFromLeaves(leafReader(leaves));

/** RFC 6962 section 2.1, word for word. */
function naiveRoot(hashes: readonly Buffer[]): Buffer {
  const [only, second] = hashes;
  if (only === undefined) return emptyRoot();
  if (second === undefined) return only;
  const split = 2 ** Math.floor(Math.log2(hashes.length - 1));
  return hashChildren(naiveRoot(hashes.slice(0, split)), naiveRoot(hashes.slice(split)));
}

const flip = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ 1;
  return copy;
};

test('verify.ts imports nothing but node:crypto', () => {
  const source = readFileSync(fileURLToPath(new URL('./verify.ts', import.meta.url)), 'utf8');
  const imports = [...source.matchAll(/\bfrom\s+'([^']+)'|\bimport\s*\(?\s*'([^']+)'|\brequire\s*\(/g)].map(
    ([all, from, other]) => from ?? other ?? all,
  );
  assert.deepEqual(imports, ['node:crypto']);
});

test('roots of the reference tree are those published for Certificate Transparency, sizes 0 to 8', () => {
  const frontier = createFrontier();
  assert.equal(frontierRoot(frontier).toString('hex'), referenceRoots[0]);
  for (const [i, leaf] of referenceHashes.entries()) {
    appendLeaf(frontier, leaf);
    assert.equal(frontierRoot(frontier).toString('hex'), referenceRoots[i + 1]);
  }
});

test('proofs of the reference tree are those published for Certificate Transparency', async () => {
  const inclusion = async (index: number, size: number) =>
    (await inclusionProof(referenceTiles, { index, size })).map((node) => node.toString('hex'));
  const consistency = async (from: number, to: number) =>
    (await consistencyProof(referenceTiles, { from, to })).map((node) => node.toString('hex'));
  assert.deepEqual(await inclusion(0, 1), []);
  assert.deepEqual(await inclusion(0, 8), [
    '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
    '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
  ]);
  assert.deepEqual(await inclusion(5, 8), [
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ]);
  assert.deepEqual(await consistency(1, 1), []);
  assert.deepEqual(await consistency(6, 8), [
    '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ]);
  assert.deepEqual(await consistency(2, 5), [
    '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
  ]);
});

test('a frontier gives the same root as the whole tree, also after a stay in a database column', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 1000 }), (size, stop) => {
      let frontier = createFrontier();
      for (const [i, leaf] of leaves.slice(0, size).entries()) {
        if (i === stop) frontier = decodeFrontier(encodeFrontier(frontier));
        appendLeaf(frontier, leaf);
      }
      assert.equal(frontier.size, size);
      assert.deepEqual(frontierRoot(frontier), naiveRoot(leaves.slice(0, size)));
    }),
    { numRuns: 50 },
  );
});

test('bytes that are no frontier are refused', () => {
  const encoded = encodeFrontier(createFrontier());
  for (const bytes of [Buffer.alloc(0), encoded.subarray(1), Buffer.concat([encoded, Buffer.alloc(32)]), Buffer.alloc(8, 0xff)]) {
    assert.throws(() => decodeFrontier(bytes), { code: 'tlog.frontier_malformed' });
  }
});

test('every entry of every tree is proven, and no other entry, index, size or root by the same proof', async () => {
  await fc.assert(
    fc.asyncProperty(treeSize, fc.nat(), fc.nat(), async (size, pick, at) => {
      const index = pick % size;
      const root = await treeRoot(tiles, size);
      const leafHash = leaves[index] ?? emptyRoot();
      const proof = await inclusionProof(tiles, { index, size });
      const claim = { index, size, leafHash, proof, root };
      assert.deepEqual(root, naiveRoot(leaves.slice(0, size)));
      assert.equal(verifyInclusion(claim), true);
      assert.equal(verifyInclusion({ ...claim, leafHash: flip(leafHash, at) }), false);
      assert.equal(verifyInclusion({ ...claim, root: flip(root, at) }), false);
      assert.equal(verifyInclusion({ ...claim, index: index + 1 }), false);
      assert.equal(verifyInclusion({ ...claim, index: index - 1 }), false);
      assert.equal(verifyInclusion({ ...claim, proof: [...proof, root] }), false);
      if (size === 1) return;
      assert.equal(verifyInclusion({ ...claim, proof: proof.slice(1) }), false);
      assert.equal(verifyInclusion({ ...claim, proof: proof.map((node, i) => (i === at % proof.length ? flip(node, at) : node)) }), false);
    }),
    { numRuns: 200 },
  );
});

test('every earlier tree is proven to be a prefix, and no other tree by the same proof', async () => {
  await fc.assert(
    fc.asyncProperty(treeSize, fc.nat(), fc.nat(), async (to, pick, at) => {
      const from = pick % (to + 1);
      const [fromRoot, toRoot] = [await treeRoot(tiles, from), await treeRoot(tiles, to)];
      const proof = await consistencyProof(tiles, { from, to });
      const claim = { from, to, fromRoot, toRoot, proof };
      assert.equal(verifyConsistency(claim), true);
      assert.equal(verifyConsistency({ ...claim, fromRoot: flip(fromRoot, at) }), false);
      assert.equal(verifyConsistency({ ...claim, proof: [...proof, toRoot] }), false);
      if (from > 0) assert.equal(verifyConsistency({ ...claim, toRoot: flip(toRoot, at) }), false);
      if (proof.length === 0) return;
      assert.equal(verifyConsistency({ ...claim, proof: proof.slice(0, -1) }), false);
      assert.equal(
        verifyConsistency({ ...claim, proof: proof.map((node, i) => (i === at % proof.length ? flip(node, at) : node)) }),
        false,
      );
    }),
    { numRuns: 200 },
  );
});

test('places beyond 2^32 entries are proven as well', () => {
  /** A root and, in `proof`, made-up siblings that lead to it, by the recursion of RFC 6962 section 2.1.1. */
  const rootOf = (index: number, size: number, leaf: Buffer, proof: Buffer[]): Buffer => {
    if (size === 1) return leaf;
    let split = 1;
    while (split * 2 < size) split *= 2;
    const below = index < split ? rootOf(index, split, leaf, proof) : rootOf(index - split, size - split, leaf, proof);
    const sibling = hashLeaf(Buffer.from(`sibling ${proof.length}`));
    proof.push(sibling);
    return index < split ? hashChildren(below, sibling) : hashChildren(sibling, below);
  };
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
      const [index, size] = [Math.min(a, b), Math.max(a, b) + 1];
      fc.pre(Number.isSafeInteger(size));
      const proof: Buffer[] = [];
      const leafHash = hashLeaf(Buffer.from('leaf'));
      const root = rootOf(index, size, leafHash, proof);
      assert.equal(verifyInclusion({ index, size, leafHash, proof, root }), true);
      assert.equal(verifyInclusion({ index, size, leafHash, proof, root: emptyRoot() }), false);
    }),
  );
});

test('a proof for a place outside the log cannot be asked for', async () => {
  for (const [index, size] of [
    [0, 0],
    [5, 5],
    [-1, 5],
    [0.5, 5],
  ] as const) {
    await assert.rejects(inclusionProof(tiles, { index, size }), { code: 'tlog.out_of_range' });
  }
  await assert.rejects(consistencyProof(tiles, { from: 6, to: 5 }), { code: 'tlog.out_of_range' });
  await assert.rejects(
    treeRoot(async () => Buffer.alloc(31), 5),
    (error) => error instanceof TlogError && error.code === 'tlog.hashes_missing',
  );
});

test('the chain begins differently in each log, and chain, MAC and key step are frozen', () => {
  const chain = nextChain(chainGenesis('a'), hashLeaf(Buffer.from('b')));
  assert.notDeepEqual(chainGenesis('a'), chainGenesis('b'));
  // Computed once with Python's hashlib and hmac.
  assert.equal(chain.toString('hex'), 'ea823f874568d26ff04718162d70a62e6589fc72ccbeef8a69f4804602338bd0');
  assert.equal(macEntry(Buffer.alloc(32, 7), chain).toString('hex'), '0796ac5419cfa8a320211aa39ac6b3fe4a04e0ef5184040e5590631ec87fe51d');
  assert.equal(nextMacKey(Buffer.alloc(32, 7)).toString('hex'), 'e13f7ed3c64f5fc67539d4fc990c81f6b45b09103c4f997b5a771dacaebdc2eb');
});
