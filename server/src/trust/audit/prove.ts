import {
  availableWidth,
  encodeEntryBundle,
  hashLeaf,
  inclusionProof,
  openCheckpoint,
  parseTilePath,
  parseVerifierKey,
  type TileReader,
  TlogError,
  tileWidth,
  verifyInclusion,
} from '@factotum/tlog';
import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { findEntry, findHead, findTile, listBodies, listTileRoots } from './store.ts';

/** That an entry is in the log, checkable by anybody who has the verifier key (`encodeProof` of packages/tlog writes it as a file). */
export interface EntryProof {
  readonly seq: number;
  readonly body: string;
  readonly leafHash: Buffer;
  /** The place in the tree; equal to `seq`. */
  readonly index: number;
  /** Of the tree that the checkpoint signs. */
  readonly size: number;
  /** RFC 6962 audit path, the leaf's sibling first. */
  readonly hashes: readonly Buffer[];
  readonly checkpoint: string;
  readonly verifierKey: string;
}

/**
 * The proof that entry `seq` is in the log as last signed, from about ten rows however long the log is. It is verified before it is handed out.
 *
 * @returns null when there is no such entry.
 * @throws FactotumError `audit.broken` when what is stored does not lead to what was signed.
 */
export async function entryProof(tx: Tx, tenantId: Id<'tenant'>, seq: number): Promise<EntryProof | null> {
  // First the head: all below its size is there and stays as it is, whatever is appended meanwhile.
  const head = await findHead(tx, tenantId);
  const entry = head && seq < head.size ? await findEntry(tx, tenantId, seq) : undefined;
  if (head === undefined || entry === undefined) return null;
  const { size, checkpoint, verifierKey } = head;
  const leafHash = hashLeaf(Buffer.from(entry.body));
  return orBroken(async () => {
    const hashes = await inclusionProof(tileReader(tx, tenantId), { index: seq, size });
    const { root } = openCheckpoint(checkpoint, [parseVerifierKey(verifierKey)]);
    if (!verifyInclusion({ index: seq, size, leafHash, proof: hashes, root })) throw broken();
    return { seq, body: entry.body, leafHash, index: seq, size, hashes, checkpoint, verifierKey };
  });
}

/**
 * A file of c2sp.org/tlog-tiles: `tile/<level>/<index>[.p/<width>]` or `tile/entries/...`. Full ones never change.
 *
 * @returns null for a path that is none, or that the log has not reached yet.
 * @throws FactotumError `audit.broken` when something stored is missing.
 */
export async function tile(tx: Tx, tenantId: Id<'tenant'>, path: string): Promise<Buffer | null> {
  const asked = parseTilePath(path);
  const head = asked && (await findHead(tx, tenantId));
  if (!asked || !head || availableWidth(asked, head.size) < asked.width) return null;
  const { level, index, width } = asked;
  const start = index * tileWidth;
  return orBroken(async () => {
    if (level !== 'entries') return Buffer.from(await tileReader(tx, tenantId)({ level, index, width }));
    const bodies = await listBodies(tx, tenantId, start, start + width);
    if (bodies.length < width) throw broken();
    return encodeEntryBundle(bodies.map((body) => Buffer.from(body)));
  });
}

/** Full tiles are stored. Of the last one of each level, the hashes come from the newest entries or from the roots of the tiles below. */
function tileReader(tx: Tx, tenantId: Id<'tenant'>): TileReader {
  return async ({ level, index, width }) => {
    const stored = await findTile(tx, tenantId, level, index);
    if (stored) return stored.hashes.subarray(0, width * 32);
    const [start, end] = [index * tileWidth, index * tileWidth + width];
    if (level > 0) return Buffer.concat(await listTileRoots(tx, tenantId, level - 1, { start, end }));
    const bodies = await listBodies(tx, tenantId, start, end);
    return Buffer.concat(bodies.map((body) => hashLeaf(Buffer.from(body))));
  };
}

async function orBroken<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (cause) {
    throw cause instanceof TlogError ? broken(cause) : cause;
  }
}

const broken = (cause?: unknown) =>
  new FactotumError('audit.broken', 'The stored log does not lead to what was signed. Verify the log to find out where it was changed.', {
    cause,
  });
