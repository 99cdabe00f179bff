/** An independent implementation judges our checkpoints and proofs: @sigstore/verify, by internal files (its version is pinned for that). */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { verifyCheckpoint } from '@sigstore/verify/dist/tlog/checkpoint.js';
import { verifyMerkleInclusion } from '@sigstore/verify/dist/tlog/merkle.js';
import fc from 'fast-check';
import { leafReader } from '../test/sample-log.ts';
import { createSigner, hashLeaf, inclusionProof, parseVerifierKey, signCheckpoint, tilesFromLeaves, treeRoot } from './index.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const name = 'audit.example/tenant/one';
const signer = createSigner({ name, privateKey });
const bodies = Array.from({ length: 700 }, (_, i) => Buffer.from(`{"entry":${i}}`));
const tiles = tilesFromLeaves(leafReader(bodies.map(hashLeaf)));

/** The entry as sigstore carries it, with the fields that its verifier reads. */
async function sigstoreEntry(index: number, size: number, body = bodies[index] ?? Buffer.alloc(0)) {
  const checkpoint = signCheckpoint(signer, { origin: name, size, root: await treeRoot(tiles, size) });
  const hashes = await inclusionProof(tiles, { index, size });
  const inclusionProofOf = {
    logIndex: String(index),
    treeSize: String(size),
    rootHash: Buffer.alloc(0),
    hashes,
    checkpoint: { envelope: checkpoint },
  };
  return {
    logIndex: String(index),
    logId: { keyId: parseVerifierKey(signer.verifierKeyText).id },
    kindVersion: { kind: '', version: '' },
    integratedTime: '0',
    canonicalizedBody: body,
    inclusionPromise: undefined,
    inclusionProof: inclusionProofOf,
  };
}

const authority = {
  logID: signer.id,
  publicKey: createPublicKey(privateKey),
  baseURL: name,
  validFor: { start: new Date(0), end: new Date(0) },
};

test('sigstore accepts our checkpoint and every inclusion proof, and refuses a forged entry', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: bodies.length }), fc.nat(), async (size, pick) => {
      const entry = await sigstoreEntry(pick % size, size);
      const checkpoint = verifyCheckpoint(entry, [authority]);
      assert.equal(checkpoint.logSize, BigInt(size));
      verifyMerkleInclusion(entry, checkpoint);
      const forged = await sigstoreEntry(pick % size, size, Buffer.from('forged'));
      assert.throws(() => verifyMerkleInclusion(forged, checkpoint), /root hash does not match/);
    }),
    { numRuns: 100 },
  );
});

test('sigstore refuses our checkpoint under another key', async () => {
  const stranger = { ...authority, publicKey: generateKeyPairSync('ed25519').publicKey };
  const entry = await sigstoreEntry(3, 10);
  assert.throws(() => verifyCheckpoint(entry, [stranger]), /invalid checkpoint signature/);
});
