import type { EntryProof } from '../api/types.ts';
import { fromHex, isEqual, toBase64, utf8 } from './bytes.ts';
import { type CheckpointFault, openCheckpoint } from './checkpoint.ts';
import { hashLeaf, isIncluded } from './tree.ts';

export type ProofResult =
  | { kind: 'verified'; seq: number; size: number; origin: string; root: string }
  | { kind: 'fault'; fault: CheckpointFault | 'leaf' | 'path' | 'key_changed' };

/**
 * Checks one audit entry here, with nothing but the browser's own cryptography: its hash, its place in the tree, the signature over the
 * tree. `pinnedKey` is the key this browser saw first for the log; another one is a fault even when everything else fits.
 */
export async function verifyEntry(proof: EntryProof, pinnedKey: string | null): Promise<ProofResult> {
  const fault = (fault: Extract<ProofResult, { kind: 'fault' }>['fault']): ProofResult => ({ kind: 'fault', fault });
  // Browsers hide WebCrypto from pages that came over plain HTTP from another machine.
  if (globalThis.crypto?.subtle === undefined) return fault('unsupported');
  if (pinnedKey !== null && pinnedKey !== proof.verifierKey) return fault('key_changed');
  const checkpoint = await openCheckpoint(proof.checkpoint, proof.verifierKey);
  if (typeof checkpoint === 'string') return fault(checkpoint);
  const leafHash = await hashLeaf(utf8(proof.body));
  const claimed = fromHex(proof.leafHash);
  if (claimed === null || !isEqual(leafHash, claimed)) return fault('leaf');
  const hashes = proof.hashes.map(fromHex).filter((hash) => hash !== null);
  const isComplete = hashes.length === proof.hashes.length && checkpoint.size === proof.size;
  if (!isComplete || !(await isIncluded({ index: proof.seq, size: checkpoint.size, leafHash, hashes, root: checkpoint.root }))) {
    return fault('path');
  }
  return { kind: 'verified', seq: proof.seq, size: checkpoint.size, origin: checkpoint.origin, root: toBase64(checkpoint.root) };
}

/**
 * The proof as a file in the format c2sp.org/tlog-proof@v1, with the entry itself as its extra data, so that any checker of that format
 * can check it offline with the log's verifier key.
 */
export function proofFile(proof: EntryProof): string {
  const hashes = proof.hashes.map((hash) => `${toBase64(fromHex(hash) ?? new Uint8Array())}\n`).join('');
  return `c2sp.org/tlog-proof@v1\nextra ${toBase64(utf8(proof.body))}\nindex ${proof.seq}\n${hashes}\n${proof.checkpoint}`;
}
