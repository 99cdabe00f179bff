/** A frontier as bytes for a database column: u64be size, then its nodes, largest subtree first. */
import { type Frontier, TlogError } from './verify.ts';

/** 8 bytes and 32 for each 1 bit of the size: under 1 kB for any tree. */
export function encodeFrontier(frontier: Frontier): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(frontier.size));
  return Buffer.concat([size, ...frontier.nodes]);
}

/** The inverse of `encodeFrontier`, in fresh memory. @throws TlogError `tlog.frontier_malformed`. */
export function decodeFrontier(bytes: Uint8Array): Frontier {
  const copy = Buffer.from(bytes);
  const size = copy.length < 8 ? Number.NaN : Number(copy.readBigUInt64BE());
  if (!Number.isSafeInteger(size) || copy.length !== 8 + 32 * countOnes(size)) {
    throw new TlogError('tlog.frontier_malformed', `${copy.length} bytes are no encoded frontier`);
  }
  const nodes = Array.from({ length: countOnes(size) }, (_, i) => copy.subarray(8 + 32 * i, 40 + 32 * i));
  return { size, nodes };
}

const countOnes = (size: number): number => size.toString(2).replaceAll('0', '').length;
