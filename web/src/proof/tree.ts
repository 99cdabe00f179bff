import { type Bytes, concat, isEqual, sha256 } from './bytes.ts';

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** SHA-256(0x00, body): the hash of an entry (RFC 6962 section 2.1). */
export const hashLeaf = (body: Bytes): Promise<Bytes> => sha256(concat(leafPrefix, body));

const hashChildren = (left: Bytes, right: Bytes): Promise<Bytes> => sha256(concat(nodePrefix, left, right));

// Not `>> 1`: that would cut sizes to 32 bits.
const half = (n: number) => Math.floor(n / 2);
const isCount = (n: number) => Number.isSafeInteger(n) && n >= 0;

/** Whether `leafHash` is entry `index` of the tree with this size and root (RFC 9162 section 2.1.3.2). */
export async function isIncluded(claim: { index: number; size: number; leafHash: Bytes; hashes: Bytes[]; root: Bytes }): Promise<boolean> {
  const { index, size, hashes, root } = claim;
  if (!isCount(index) || !isCount(size) || index >= size || hashes.some((node) => node.length !== 32)) return false;
  let at = index;
  let last = size - 1;
  let node = claim.leafHash;
  for (const sibling of hashes) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      node = await hashChildren(sibling, node);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      node = await hashChildren(node, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && isEqual(node, root);
}
