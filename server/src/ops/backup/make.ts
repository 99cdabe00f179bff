import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { decodeFrontier, frontierRoot } from '@factotum/tlog';
import type pg from 'pg';
import { type Clock, type Id, newId } from '#kernel';
import type { AppliedMigration } from '#kernel/database';
import type { ObjectStorage } from '#kernel/storage';
import type { InstallationKey } from '#trust/key';
import { keepChunk } from './chunk-store.ts';
import { cutRows, newTally, type Piece } from './cut.ts';
import type { RepositoryLock } from './lock.ts';
import { listManifests, type Manifest, readManifest, writeManifest } from './manifest.ts';
import type { Repository } from './repository.ts';
import { inSnapshot, readRows } from './snapshot.ts';
import { type BackedTable, backedTables, readSequences } from './tables.ts';

/** How far a backup is. */
export interface Progress {
  readonly rows: number;
  /** Plain bytes read. */
  readonly bytes: number;
  /** Bytes written to the repository: what was not there already. */
  readonly newBytes: number;
}

/** Large objects beside the database, and which of them the rows name. */
export interface BlobSource {
  open(): Promise<ObjectStorage>;
  /** The object's name in that storage. */
  nameOf(tenantId: Id<'tenant'>, object: string): string;
}

export interface MakeDeps {
  readonly repository: Repository;
  readonly installation: InstallationKey;
  readonly clock: Clock;
  readonly blobs: BlobSource;
  readonly lock: RepositoryLock;
  /** Told after each piece. What it throws ends the backup. */
  readonly onProgress: (progress: Progress) => Promise<void>;
}

export interface Made extends Progress {
  readonly manifest: Manifest;
  readonly manifestSha256: Buffer;
}

/** Pieces that are compressed, sealed and stored at once: one is read meanwhile. Three of at most 16 MiB are the memory that a backup takes. */
const piecesAtOnce = 3;

/**
 * Makes a backup: everything in one snapshot, in pieces of which only those are written that the repository does not have.
 * It exists when its manifest does, which comes last: one that broke off has left pieces behind that the next one uses.
 *
 * @param client - the owner's connection
 */
export async function makeBackup(client: pg.ClientBase, id: Id<'backup'>, deps: MakeDeps): Promise<Made> {
  const { repository, installation, blobs, lock, onProgress } = deps;
  const progress = { rows: 0, bytes: 0, newBytes: 0 };
  const madeAt = deps.clock.now();
  const manifest = await inSnapshot(client, async (): Promise<Manifest> => {
    const tables: Manifest['tables'] = [];
    for (const table of await backedTables(client)) tables.push(await keepTable(client, table, repository, progress, onProgress));
    return {
      version: 1,
      id,
      repositoryId: repository.id,
      madeAt: madeAt.toISOString(),
      migrations: await appliedMigrations(client),
      tables,
      sequences: (await readSequences(client)).map(({ schema, ...rest }) => ({ schema: schemaOf(schema), ...rest })),
      heads: await readHeads(client),
      blobs: await keepBlobs(repository, blobs, await readBlobNames(client, blobs), progress, onProgress),
    };
  });
  await lock.confirm();
  return { ...progress, manifest, manifestSha256: await writeManifest(repository, installation, manifest) };
}

type Counted = { -readonly [K in keyof Progress]: Progress[K] };

async function keepTable(
  client: pg.ClientBase,
  table: BackedTable,
  repository: Repository,
  progress: Counted,
  onProgress: MakeDeps['onProgress'],
): Promise<Manifest['tables'][number]> {
  const tally = newTally();
  const chunks: string[] = [];
  const pending: Promise<{ id: string; newBytes: number }>[] = [];
  const settleOne = async () => {
    const kept = await pending.shift();
    if (kept === undefined) return;
    chunks.push(kept.id);
    progress.newBytes += kept.newBytes;
    await onProgress(progress);
  };
  try {
    for await (const piece of cutRows(readRows(client, table), repository.keys.cut, tally)) {
      pending.push(keep(repository, piece));
      progress.rows += piece.rows;
      progress.bytes += piece.bytes.length;
      if (pending.length >= piecesAtOnce) await settleOne();
    }
    while (pending.length > 0) await settleOne();
  } finally {
    // After a failure the others come to their end before anybody gives the storage back.
    await Promise.allSettled(pending);
  }
  const { schema, name, columns } = table;
  return { schema: schemaOf(schema), name, columns: [...columns], ...tally, chunks };
}

/** A failure is heard where the piece's turn comes, and until then not unheard. */
function keep(repository: Repository, piece: Piece): Promise<{ id: string; newBytes: number }> {
  const kept = keepChunk(repository, piece.bytes);
  kept.catch(() => undefined);
  return kept;
}

/** The catalogue is asked for these two alone. */
const schemaOf = (schema: string): 'app' | 'auth' => (schema === 'auth' ? 'auth' : 'app');

async function appliedMigrations(client: pg.ClientBase): Promise<AppliedMigration[]> {
  return (await client.query<AppliedMigration>('select number, name, sha256 from app.schema_migration order by number')).rows;
}

async function readHeads(client: pg.ClientBase): Promise<Manifest['heads']> {
  const { rows } = await client.query<{ tenantId: Id<'tenant'>; size: string; frontier: Buffer }>(
    'select tenant_id as "tenantId", size::text, frontier from app.audit_head order by tenant_id',
  );
  return rows.map(({ tenantId, size, frontier }) => ({
    tenantId,
    size: Number(size),
    root: frontierRoot(decodeFrontier(frontier)).toString('hex'),
  }));
}

export const blobName = (name: string): string => `blobs/${name}`;

async function readBlobNames(client: pg.ClientBase, { nameOf }: BlobSource): Promise<string[]> {
  const { rows } = await client.query<{ tenantId: Id<'tenant'>; object: string }>(
    'select tenant_id as "tenantId", object from app.blob where deleted_at is null order by tenant_id, object',
  );
  return rows.map(({ tenantId, object }) => nameOf(tenantId, object));
}

/**
 * Copies the objects that the repository does not have. They are sealed already, under keys that are not there. One that is exchanged
 * meanwhile stays for a day after that, which is longer than a backup takes.
 */
async function keepBlobs(
  repository: Repository,
  source: BlobSource,
  names: readonly string[],
  progress: Counted,
  onProgress: MakeDeps['onProgress'],
): Promise<Manifest['blobs']> {
  if (names.length === 0) return [];
  const known = await blobsOfNewest(repository);
  const storage = await source.open();
  try {
    const blobs: Manifest['blobs'] = [];
    for (const name of names) {
      const before = known.get(name);
      const there = await repository.storage.stat(blobName(name));
      if (before !== undefined && there?.bytes === before.bytes) {
        blobs.push(before);
        continue;
      }
      const blob = await copyBlob(storage, repository.storage, name);
      progress.newBytes += blob.bytes;
      blobs.push(blob);
      await onProgress(progress);
    }
    return blobs;
  } finally {
    await storage.close();
  }
}

async function copyBlob(from: ObjectStorage, to: ObjectStorage, name: string): Promise<Manifest['blobs'][number]> {
  const hash = createHash('sha256');
  const source = await from.get(name);
  async function* hashed() {
    for await (const data of source as AsyncIterable<Buffer>) {
      hash.update(data);
      yield data;
    }
  }
  const { bytes } = await to.put(blobName(name), Readable.from(hashed(), { objectMode: false }));
  return { name, bytes, sha256: hash.digest('hex') };
}

async function blobsOfNewest(repository: Repository): Promise<ReadonlyMap<string, Manifest['blobs'][number]>> {
  const newest = (await listManifests(repository)).at(-1);
  if (newest === undefined) return new Map();
  const { blobs } = await readManifest(repository, newest);
  return new Map(blobs.map((blob) => [blob.name, blob]));
}

/** Names a backup that begins now. */
export const newBackupId = (clock: Clock): Id<'backup'> => newId('backup', clock.now().getTime());
