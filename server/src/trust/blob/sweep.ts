import { type Clock, createPoller, type Id, type Logger, type Poller } from '#kernel';
import { type RoleDatabase, withTenant } from '#kernel/database';
import type { ObjectStorage } from '#kernel/storage';
import type { InstallationKey } from '#trust/key';
import { createPlaces } from './place.ts';
import { type BlobRow, deleteBlobRow, knownObjects, listDeleted } from './store.ts';

export interface SweepDeps {
  readonly app: RoleDatabase;
  readonly storage: ObjectStorage;
  readonly installation: Pick<InstallationKey, 'signer'>;
  readonly listTenants: () => Promise<readonly { readonly id: Id<'tenant'> }[]>;
  readonly clock: Clock;
}

/** What a sweep removed. */
export interface Swept {
  readonly deleted: number;
  readonly orphans: number;
  readonly bytes: number;
}

/** How long what nobody refers to stays, in milliseconds: longer than any upload or download lasts. */
const graceMs = 24 * 3_600_000;
const rowsAtOnce = 500;

/**
 * Removes what nobody refers to any more: objects whose rows were marked a day ago, then the rows; and objects that no row names, a day
 * after they came (an upload that was given up, a process that died, what a rotation exchanged). Object before row, so that what a crash
 * leaves half done is found again. Several processes may sweep at once.
 */
export async function sweepBlobs({ app, storage, installation, listTenants, clock }: SweepDeps): Promise<Swept> {
  const places = createPlaces(installation);
  const before = new Date(clock.now().getTime() - graceMs);
  const swept = { deleted: 0, orphans: 0, bytes: 0 };

  for (const { id: tenantId } of await listTenants()) {
    for (;;) {
      const rows: BlobRow[] = await withTenant(app.db, tenantId, (tx) => listDeleted(tx, tenantId, before, rowsAtOnce));
      for (const { object, blobId, sealedBytes } of rows) {
        await storage.remove(places.of(tenantId, object));
        await withTenant(app.db, tenantId, (tx) => deleteBlobRow(tx, tenantId, blobId));
        swept.deleted += 1;
        swept.bytes += sealedBytes;
      }
      if (rows.length < rowsAtOnce) break;
    }
  }

  let batch: { name: string; bytes: number; tenantId: Id<'tenant'>; object: string }[] = [];
  const removeOrphans = async () => {
    for (const [tenantId, found] of Map.groupBy(batch, (one) => one.tenantId)) {
      const objects = found.map(({ object }) => object);
      const known = await withTenant(app.db, tenantId, (tx) => knownObjects(tx, tenantId, objects));
      for (const { name, bytes, object } of found) {
        if (known.has(object)) continue;
        await storage.remove(name);
        swept.orphans += 1;
        swept.bytes += bytes;
      }
    }
    batch = [];
  };
  for await (const { name, bytes, modifiedAt } of storage.list(places.root)) {
    const place = places.read(name);
    if (place === null || modifiedAt >= before) continue;
    batch.push({ name, bytes, ...place });
    if (batch.length === rowsAtOnce) await removeOrphans();
  }
  await removeOrphans();
  return swept;
}

/** Sweeps every few hours for as long as the process runs. A sweep that fails is logged, and the next one does its work too. */
export function createBlobKeeper({
  log,
  everyMs = 3 * 3_600_000,
  onSwept = () => undefined,
  ...deps
}: SweepDeps & { readonly log: Logger; readonly everyMs?: number; readonly onSwept?: (swept: Swept) => void }): Poller {
  async function look(): Promise<void> {
    const swept = await sweepBlobs(deps);
    onSwept(swept);
    if (swept.deleted + swept.orphans > 0) log.info(swept, 'blobs that nobody refers to were removed');
  }
  return createPoller({
    look,
    everyMs,
    onError: (error) => log.warn({ err: error }, 'blobs could not be swept; the next sweep tries again'),
  });
}
