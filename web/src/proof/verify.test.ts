import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { hashLeaf as hashLeafInNode, parseVerifierKey, verifyInclusion, verifyProof } from '@factotum/tlog';
import { createFixtureLog } from '../../test/fixture/log.ts';
import type { EntryProof } from '../api/types.ts';
import { fromBase64, fromHex, toBase64, toHex, utf8 } from './bytes.ts';
import { hashLeaf, isIncluded } from './tree.ts';
import { proofFile, verifyEntry } from './verify.ts';

const log = createFixtureLog();

before(() => {
  for (let i = 0; i < 67; i += 1) {
    log.append({
      at: new Date(i).toISOString(),
      kind: 'task.created',
      actor: 'system:engine',
      objectId: `ü ${i}`,
      taskId: null,
      state: null,
      text: '',
    });
  }
});

test('every entry of the log verifies in the browser exactly as in the package for auditors', async () => {
  for (let seq = 0; seq < log.entries.length; seq += 1) {
    const proof = log.proof(seq);
    assert.equal((await verifyEntry(proof, null)).kind, 'verified', `entry ${seq}`);
    const file = proofFile(proof);
    assert.equal(verifyProof(file, Buffer.from(proof.body), [parseVerifierKey(proof.verifierKey)]).index, seq);
  }
});

test('trees of every size from 1 to 40 give the same answer here and there, for right and wrong places', async () => {
  for (let size = 1; size <= 40; size += 1) {
    const small = createFixtureLog();
    for (let i = 0; i < size; i += 1) {
      small.append({ at: '', kind: 'k', actor: 'a', objectId: String(i), taskId: null, state: null, text: '' });
    }
    const seq = (size * 7) % size;
    const proof = small.proof(seq);
    const root = fromBase64(small.root()) ?? new Uint8Array();
    const leafHash = await hashLeaf(utf8(proof.body));
    assert.equal(toHex(leafHash), hashLeafInNode(Buffer.from(proof.body)).toString('hex'));
    for (const index of [seq, seq + 1, size - 1, size, -1, 0.5]) {
      const here = await isIncluded({ index, size, leafHash, hashes: proof.hashes.map((hash) => fromHex(hash) ?? new Uint8Array()), root });
      const there = verifyInclusion({
        index,
        size,
        leafHash: Buffer.from(leafHash),
        proof: proof.hashes.map((hash) => Buffer.from(hash, 'hex')),
        root: Buffer.from(root),
      });
      assert.equal(here, there, `place ${index} of ${size}`);
    }
  }
});

test('whatever is changed in a proof is found and named', async () => {
  const proof = log.proof(41);
  const other = createFixtureLog();
  other.append({ at: '', kind: 'k', actor: 'a', objectId: null, taskId: null, state: null, text: '' });
  const flipped = (hex: string) => (hex.startsWith('0') ? `1${hex.slice(1)}` : `0${hex.slice(1)}`);
  const cases: [Partial<EntryProof>, string][] = [
    [{ body: proof.body.replace('task', 'tusk') }, 'leaf'],
    [{ leafHash: flipped(proof.leafHash) }, 'leaf'],
    [{ leafHash: 'no hex' }, 'leaf'],
    [{ seq: 40 }, 'path'],
    [{ size: proof.size + 1 }, 'path'],
    [{ hashes: proof.hashes.slice(1) }, 'path'],
    [{ hashes: [...proof.hashes, proof.leafHash] }, 'path'],
    [{ hashes: proof.hashes.map((hash, i) => (i === 2 ? flipped(hash) : hash)) }, 'path'],
    [{ hashes: proof.hashes.map((hash, i) => (i === 2 ? 'xyz' : hash)) }, 'path'],
    [{ checkpoint: proof.checkpoint.replace('\n67\n', '\n68\n') }, 'signature'],
    [{ checkpoint: proof.checkpoint.trimEnd() }, 'note'],
    [{ checkpoint: '' }, 'note'],
    [{ checkpoint: other.proof(0).checkpoint }, 'note'],
    [{ verifierKey: other.proof(0).verifierKey }, 'note'],
    [{ verifierKey: 'name+00000000+AAAA' }, 'key'],
    [{ verifierKey: '' }, 'key'],
  ];
  for (const [change, fault] of cases) {
    assert.deepEqual(await verifyEntry({ ...proof, ...change }, null), { kind: 'fault', fault }, JSON.stringify(change).slice(0, 80));
  }
});

test('a log that shows another key than the one seen first is refused, even if its proof is right', async () => {
  const proof = log.proof(3);
  assert.equal((await verifyEntry(proof, proof.verifierKey)).kind, 'verified');
  assert.deepEqual(await verifyEntry(proof, 'log+12345678+AAAA'), { kind: 'fault', fault: 'key_changed' });
});

test('base64 and hex have one spelling each', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
  assert.deepEqual(fromHex(toHex(bytes)), bytes);
  for (const text of ['AB', 'AB=', 'AB==', 'A===', 'A B=', 'AA-_', '=AAA']) assert.equal(fromBase64(text), null, text);
  for (const text of ['0', 'AB', '0g']) assert.equal(fromHex(text), null);
});
