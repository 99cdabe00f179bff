import { addAbortSignal } from 'node:stream';
import { type Id, isFactotumError, newId } from '#kernel';
import { type RoleDatabase, withTenant } from '#kernel/database';
import type { ResealPiece, ResealTarget } from '#trust/encryption';
import type { TenantKeys } from '#trust/key';
import { type Blobs, blobRef, join, present } from './blobs.ts';
import { type BlobRow, countByGeneration, listOlder, swapObject } from './store.ts';

/** Objects looked at in one piece, and the bytes after which it ends: progress is saved between two. */
const objectsMax = 50;
const bytesMax = 64 * 1024 * 1024;

/**
 * Blobs as a target of a rotation. Each is opened, sealed anew and stored under another name before its row is exchanged; the old object
 * is then an orphan, and whoever is reading it reads to the end.
 */
export function blobTarget({ app, blobs }: { readonly app: RoleDatabase; readonly blobs: Blobs }): ResealTarget {
  async function resealOne(keys: TenantKeys, row: BlobRow, signal: AbortSignal): Promise<'resealed' | 'passed over' | 'damaged'> {
    const { tenantId } = keys;
    const object = newId('blob');
    const discard = () => blobs.discard(tenantId, { object });
    try {
      const opened = addAbortSignal(signal, await blobs.read(keys, present(keys, row)));
      const { generation } = keys;
      const { bytes } = await blobs.putSealed(tenantId, object, join(opened, [keys.sealStream('content', blobRef(row.blobId))]));
      const isSwapped =
        bytes === row.sealedBytes && (await withTenant(app.db, tenantId, (tx) => swapObject(tx, row, { object, generation })));
      if (isSwapped) return 'resealed';
    } catch (error) {
      await discard();
      signal.throwIfAborted();
      if (isFactotumError(error, 'seal.broken')) return 'damaged';
      throw error;
    }
    await discard();
    return 'passed over';
  }

  return {
    name: 'blob',
    countByGeneration: async (tenantId) =>
      new Map(
        (await withTenant(app.db, tenantId, (tx) => countByGeneration(tx, tenantId))).map(({ generation, objects }) => [
          generation,
          objects,
        ]),
      ),
    countHeld: async (tx, tenantId, generation) =>
      (await countByGeneration(tx, tenantId)).find((counted) => counted.generation === generation)?.objects ?? 0,
    async reseal({ tenantId, generation, keysOf, after, signal }: ResealPiece) {
      // A place of ours is an id of ours.
      const from = (after?.[0] ?? null) as Id<'blob'> | null;
      const rows = await withTenant(app.db, tenantId, (tx) => listOlder(tx, tenantId, generation, from, objectsMax));
      const done = { resealed: 0, passedOver: 0, damaged: [] as string[] };
      let last: string | undefined;
      for (let bytes = 0, at = 0; at < rows.length && bytes < bytesMax; at += 1) {
        const row = rows[at];
        if (row === undefined) break;
        signal.throwIfAborted();
        const outcome = await resealOne(await keysOf(tenantId), row, signal);
        if (outcome === 'resealed') done.resealed += 1;
        else if (outcome === 'passed over') done.passedOver += 1;
        else done.damaged.push(`blob/${row.blobId}`);
        bytes += row.sealedBytes;
        last = row.blobId;
      }
      const isEnd = last === undefined || (rows.length < objectsMax && last === rows.at(-1)?.blobId);
      return { after: isEnd || last === undefined ? null : [last], ...done };
    },
  };
}
