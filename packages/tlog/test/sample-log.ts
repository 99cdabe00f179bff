/** A log as the server would write it, for tests; and the same log in the hands of forgers who hold some of its keys. */
import { generateKeyPairSync } from 'node:crypto';
import {
  appendLeaf,
  chainGenesis,
  createFrontier,
  createSigner,
  type ExportEntry,
  encodeExportEntry,
  encodeExportHeader,
  frontierRoot,
  hashLeaf,
  type LeafReader,
  macEntry,
  nextChain,
  nextMacKey,
  type Signer,
  signCheckpoint,
} from '../src/index.ts';

export const origin = 'audit.example/tenant/one';
export const firstMacKey = Buffer.alloc(32, 0x4d);
export const signer: Signer = createSigner({ name: origin, privateKey: generateKeyPairSync('ed25519').privateKey });

/** What goes into one entry; the rest follows from the entries before it. */
export interface Draft {
  readonly body: string;
  readonly epoch: number;
}

/** `perEpoch` entries a day, with letters outside ASCII and characters that JSON escapes. */
export const draftEntries = (count: number, perEpoch = 4): Draft[] =>
  Array.from({ length: count }, (_, i) => ({
    body: JSON.stringify({ class_uid: 6003, message: `día ${i}: "naïve" 𝄞 \u2028 \u0001`, time: 1_700_000_000_000 + i }),
    epoch: Math.floor(i / perEpoch),
  }));

/** The MAC keys of epochs 0 to `count - 1`. */
export function macKeys(count: number): Buffer[] {
  const keys: Buffer[] = [firstMacKey];
  while (keys.length < count) keys.push(nextMacKey(keys.at(-1) ?? firstMacKey));
  return keys;
}

/** Numbers, chains and MACs entries. A forger's `keyOf` gives the key they have. */
export function sealEntries(
  drafts: readonly Draft[],
  keyOf = (epoch: number): Buffer => macKeys(epoch + 1).at(-1) ?? firstMacKey,
): ExportEntry[] {
  let chain = chainGenesis(origin);
  return drafts.map(({ body, epoch }, seq) => {
    chain = nextChain(chain, hashLeaf(Buffer.from(body)));
    return { seq, body, epoch, chain: chain.toString('hex'), mac: macEntry(keyOf(epoch), chain).toString('hex') };
  });
}

/** The checkpoint that the log (or a forger with its key) signs over these bodies. */
export function checkpointOf(bodies: readonly string[], by: Signer = signer): string {
  const frontier = createFrontier();
  for (const body of bodies) appendLeaf(frontier, hashLeaf(Buffer.from(body)));
  return signCheckpoint(by, { origin, size: bodies.length, root: frontierRoot(frontier) });
}

/** Checkpoints of the sizes given, over the first so many entries. */
export const checkpointsAt = (entries: readonly { body: string }[], ...sizes: number[]): string[] =>
  sizes.map((size) => checkpointOf(entries.slice(0, size).map(({ body }) => body)));

/** An export file as one buffer. */
export const exportOf = (entries: readonly ExportEntry[], checkpoints: readonly string[], vkey = signer.verifierKeyText): Buffer =>
  Buffer.from(encodeExportHeader({ origin, vkey, checkpoints }) + entries.map(encodeExportEntry).join(''));

/** Leaf hashes of numbered leaves, for trees whose content does not matter. */
export const numberedLeaves = (count: number): Buffer[] => Array.from({ length: count }, (_, i) => hashLeaf(Buffer.from(`leaf ${i}`)));

/** Reads leaf hashes from memory. */
export const leafReader =
  (leaves: readonly Buffer[]): LeafReader =>
  async (start, end) =>
    Buffer.concat(leaves.slice(start, end));
