import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { leafReader, origin, signer } from '../test/sample-log.ts';
import {
  encodeProof,
  hashLeaf,
  inclusionProof,
  parseProof,
  parseVerifierKey,
  signCheckpoint,
  tilesFromLeaves,
  treeRoot,
  verifyProof,
} from './index.ts';

const bodies = Array.from({ length: 300 }, (_, i) => Buffer.from(`{"entry":${i}}`));
const tiles = tilesFromLeaves(leafReader(bodies.map(hashLeaf)));
const keys = [parseVerifierKey(signer.verifierKeyText)];

async function proofOf(index: number, size: number, extra?: Buffer) {
  const checkpoint = signCheckpoint(signer, { origin, size, root: await treeRoot(tiles, size) });
  const proof = { index, hashes: await inclusionProof(tiles, { index, size }), checkpoint, ...(extra && { extra }) };
  return { proof, text: encodeProof(proof) };
}

test('the text of a proof reads back to the proof and proves its entry, alone', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: bodies.length }),
      fc.nat(),
      fc.option(fc.uint8Array(), { nil: undefined }),
      async (size, pick, extra) => {
        const index = pick % size;
        const { proof, text } = await proofOf(index, size, extra && Buffer.from(extra));
        assert.deepEqual(parseProof(text), proof);
        const proven = verifyProof(text, bodies[index]!, keys);
        assert.deepEqual([proven.index, proven.checkpoint.origin, proven.checkpoint.size], [index, origin, size]);
        assert.throws(() => verifyProof(text, Buffer.from('forged'), keys), { code: 'tlog.proof_wrong' });
      },
    ),
    { numRuns: 100 },
  );
});

test('a proof with any one character changed no longer proves its entry', async () => {
  const { text } = await proofOf(123, 300);
  for (let at = 0; at < text.length; at += 1) {
    const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    assert.throws(() => verifyProof(changed, bodies[123]!, keys), { name: 'TlogError' }, `character ${at}`);
  }
});

test('what is no proof is refused', async () => {
  const { text } = await proofOf(3, 8);
  const tooManyHashes = text.replace('index 3\n', `index 3\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(64)}`);
  for (const bad of [
    '',
    '\n\n',
    text.replace('@v1', '@v2'),
    text.replace('index 3', 'index 03'),
    text.replace('index 3', 'index'),
    text.replace('\n\n', '\n'),
    tooManyHashes,
  ]) {
    assert.throws(() => parseProof(bad), { code: 'tlog.proof_malformed' });
  }
});
