import { createHash } from 'node:crypto';
import { pipeline, Readable, Transform } from 'node:stream';
import { z } from 'zod';
import { type Clock, FactotumError, type Id, isFactotumError, newId } from '#kernel';
import { type RoleDatabase, type Tx, withTenant } from '#kernel/database';
import type { ByteRange, ObjectStorage } from '#kernel/storage';
import { holdGeneration, type InstallationKey, sealedHeadBytes, type TenantKeys } from '#trust/key';
import { createPlaces } from './place.ts';
import { type BlobRow, findBlobRow, insertBlob, listLive, markDeleted } from './store.ts';

/** A large object that lies in the storage, sealed, and is not known to the database yet. */
export interface StoredBlob {
  readonly id: Id<'blob'>;
  readonly object: string;
  readonly generation: number;
  /** In plain. */
  readonly bytes: number;
  readonly sealedBytes: number;
  readonly sha256: Buffer;
}

/** A large object as its row says. */
export interface Blob extends StoredBlob {
  readonly createdAt: Date;
}

export interface BlobsDeps {
  readonly app: RoleDatabase;
  readonly storage: ObjectStorage;
  readonly installation: Pick<InstallationKey, 'signer'>;
  readonly clock: Clock;
}

export type Blobs = ReturnType<typeof createBlobs>;

/**
 * An upload that takes longer than this is not taken, in milliseconds: an object without a row is removed after a day, and some storages
 * count that day from when the upload began.
 */
const putMsMax = 12 * 3_600_000;

const manifestSchema = z.strictObject({ bytes: z.int().min(0), sha256: z.base64() });
const manifestRef = (id: string) => ({ kind: 'blob.manifest', id });
/** What is bound into the sealed bytes. The same after a rotation, under another name in the storage. */
export const blobRef = (id: string) => ({ kind: 'blob', id });

/** Large objects of tenants: sealed before they leave the process, opened piece by piece, of whatever length with the same few megabytes of memory. */
export function createBlobs({ app, storage, installation, clock }: BlobsDeps) {
  const places = createPlaces(installation);

  return {
    /**
     * Seals and stores what comes. Nobody knows of it until `record` has been committed; what never is, is removed a day later.
     *
     * @param limit.bytesMax - sealed bytes; beyond this nothing more is read, and `refusal` is thrown
     * @throws FactotumError `storage.full`, `storage.unavailable`, and whatever the body fails with.
     */
    async put(
      keys: TenantKeys,
      body: AsyncIterable<Uint8Array>,
      limit: { readonly bytesMax: number; readonly refusal: () => Error },
    ): Promise<StoredBlob> {
      const startedMs = clock.monotonicMs();
      const nowMs = clock.now().getTime();
      const id = newId('blob', nowMs);
      const object = newId('blob', nowMs);
      const plain = createMeter();
      // Read at the moment of sealing: the handle may seal under the next generation a moment later.
      const { generation } = keys;
      const sealing = keys.sealStream('content', blobRef(id));
      const counted = createMeter(limit);
      const source = Readable.from(body, { objectMode: false });
      await storage.put(places.of(keys.tenantId, object), join(source, [plain.stream, sealing, counted.stream]));
      if (clock.monotonicMs() - startedMs > putMsMax)
        throw new FactotumError('server.busy', 'This took longer than twelve hours. Send it again, over a faster connection.');
      return { id, object, generation, bytes: plain.bytes(), sealedBytes: counted.bytes(), sha256: plain.sha256() };
    },

    /** Takes back what `put` stored and nobody will record. A failure is nothing: it goes by itself a day later. */
    discard: (tenantId: Id<'tenant'>, { object }: Pick<StoredBlob, 'object'>): Promise<void> =>
      storage.remove(places.of(tenantId, object)).catch(() => undefined),

    /**
     * Makes it known, in the caller's transaction, which also writes down who refers to it.
     *
     * @throws FactotumError `server.busy` when the generation that it is sealed under was destroyed while it was stored.
     */
    async record(tx: Tx, keys: TenantKeys, blob: StoredBlob): Promise<void> {
      if (!(await holdGeneration(tx, keys.tenantId, blob.generation)))
        throw new FactotumError('server.busy', 'The keys that this was sealed under were destroyed while it was sent. Send it again.');
      await insertBlob(tx, {
        tenantId: keys.tenantId,
        blobId: blob.id,
        object: blob.object,
        generation: blob.generation,
        sealedBytes: blob.sealedBytes,
        manifest: keys.sealJson(manifestRef(blob.id), { bytes: blob.bytes, sha256: blob.sha256.toString('base64') }),
        createdAt: clock.now(),
      });
    },

    /** @returns null when there is none. @throws FactotumError `seal.broken` when its row was changed. */
    async find(tx: Tx, keys: TenantKeys, id: Id<'blob'>): Promise<Blob | null> {
      const row = await findBlobRow(tx, keys.tenantId, id);
      return row === undefined ? null : present(keys, row);
    },

    /** Live ones in the order of their ids. */
    list: (tx: Tx, tenantId: Id<'tenant'>, after: Id<'blob'> | null, limit: number): Promise<BlobRow[]> =>
      listLive(tx, tenantId, after, limit),

    /** Nobody refers to it any more: it goes a day later, and whoever reads it now reads it to its end. In the caller's transaction. */
    release: (tx: Tx, tenantId: Id<'tenant'>, id: Id<'blob'>): Promise<void> => markDeleted(tx, tenantId, id, clock.now()),

    /**
     * Its bytes, or those from `start` to before `end`, each authenticated before it comes out. Of a part only the chunks are read that it
     * lies in. A stream that ends without an error has had every byte.
     *
     * @throws FactotumError `storage.unavailable`; `seal.broken` also from the stream, when the object was changed, cut or exchanged.
     */
    async read(keys: TenantKeys, blob: Blob, { start = 0, end = blob.bytes }: ByteRange = {}): Promise<Readable> {
      // Exchanged by a rotation since its row was read: then it is under another name now.
      const at = async () => {
        const row = await withTenant(app.db, keys.tenantId, (tx) => findBlobRow(tx, keys.tenantId, blob.id));
        return row === undefined ? blob : { ...blob, object: row.object };
      };
      try {
        return await open(keys, blob, start, Math.min(end, blob.bytes));
      } catch (cause) {
        if (!isFactotumError(cause, 'storage.not_found')) throw cause;
        return await open(keys, await at(), start, Math.min(end, blob.bytes)).catch((again: unknown) => {
          throw isFactotumError(again, 'storage.not_found') ? lost(again) : again;
        });
      }
    },

    /** What the object is called in the storage: for backups. */
    nameOf: (tenantId: Id<'tenant'>, object: string): string => places.of(tenantId, object),
    /** The sealed bytes as they lie in the storage: for archives. */
    readSealed: (tenantId: Id<'tenant'>, { object }: Pick<StoredBlob, 'object'>): Promise<Readable> =>
      storage.get(places.of(tenantId, object)),
    /** Stores bytes that are sealed already, under the name that their row has or will have. */
    putSealed: (tenantId: Id<'tenant'>, object: string, body: Readable): Promise<{ bytes: number }> =>
      storage.put(places.of(tenantId, object), body),

    /** Removes everything of a tenant from the storage, for an erasure. @returns how many objects that were. */
    async removeTenant(tenantId: Id<'tenant'>): Promise<number> {
      let removed = 0;
      for await (const { name } of storage.list(places.folderOf(tenantId))) {
        await storage.remove(name);
        removed += 1;
      }
      return removed;
    },
  };

  async function open(keys: TenantKeys, blob: Pick<Blob, 'id' | 'object' | 'bytes'>, start: number, end: number): Promise<Readable> {
    const name = places.of(keys.tenantId, blob.object);
    if (start === 0 && end === blob.bytes) {
      const whole = createMeter({ bytesMax: blob.bytes, refusal: () => broken('it is longer than its row says') });
      const checked = createEnd(() => whole.bytes() === blob.bytes);
      return join(await storage.get(name), [keys.openStream('content', blobRef(blob.id)), whole.stream, checked]);
    }
    if (start >= end) return Readable.from([], { objectMode: false });
    const head = Buffer.concat(await Array.fromAsync((await storage.get(name, { end: sealedHeadBytes })) as AsyncIterable<Buffer>));
    const range = keys.openRange('content', blobRef(blob.id), head, { start, end, plainBytes: blob.bytes });
    return join(await storage.get(name, { start: range.from, end: range.to }), [range.stream]);
  }
}

/** @throws FactotumError `seal.broken`. */
export function present(keys: TenantKeys, row: BlobRow): Blob {
  const { bytes, sha256 } = keys.openJson(manifestRef(row.blobId), row.manifest, manifestSchema);
  const { blobId: id, object, generation, sealedBytes, createdAt } = row;
  return { id, object, generation, bytes, sealedBytes, sha256: Buffer.from(sha256, 'base64'), createdAt };
}

/** Streams one after the other, of which the last is read. Whichever fails or is given up ends all of them, and its error is the last one's. */
export function join(source: Readable, stages: readonly Transform[]): Readable {
  const last = stages[stages.length - 1] ?? source;
  pipeline([source, ...stages], () => undefined);
  return last;
}

/** Passes bytes on, counted and summed; with a limit, refuses what goes beyond it. */
function createMeter(limit?: { readonly bytesMax: number; readonly refusal: () => Error }) {
  const hash = limit === undefined ? createHash('sha256') : undefined;
  let bytes = 0;
  const stream = new Transform({
    transform(data: Buffer, _encoding, done) {
      bytes += data.length;
      hash?.update(data);
      if (limit !== undefined && bytes > limit.bytesMax) done(limit.refusal());
      else done(null, data);
    },
  });
  return { stream, bytes: () => bytes, sha256: () => hash?.digest() ?? Buffer.alloc(0) };
}

/** Says at the end whether all has come. */
const createEnd = (isWhole: () => boolean): Transform =>
  new Transform({
    transform: (data: Buffer, _encoding, done) => done(null, data),
    flush: (done) => done(isWhole() ? null : broken('it is shorter than its row says')),
  });

const broken = (reason: string) =>
  new FactotumError('seal.broken', 'Stored data cannot be opened. The log says more; restore it from a backup if it stays so.', {
    cause: new Error(reason),
  });
const lost = (cause: unknown) =>
  new FactotumError('seal.broken', 'Stored data is not in the storage any more. Restore it from a backup.', { cause });
