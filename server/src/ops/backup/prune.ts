import type { Clock } from '#kernel';
import { chunkIdOf } from './chunk-store.ts';
import { blobName } from './make.ts';
import { listManifests, manifestName, readManifest } from './manifest.ts';
import type { Repository } from './repository.ts';

export interface Pruned {
  /** Backups whose time was over. */
  readonly backups: readonly string[];
  /** Pieces and objects that no backup needs any more, and their bytes. */
  readonly objects: number;
  readonly bytes: number;
}

/** Removals between two looks whether the lock is still ours. */
const removalsAtOnce = 100;

/**
 * Removes backups that are older than the retention, but never the newest, and then everything that none of the others needs, also what
 * backups that broke off have left. While holding the repository's lock: a backup that runs counts on what it found there.
 *
 * A manifest that cannot be read keeps its backup's time, and nothing that it may need can be told from what nobody needs: then no piece
 * goes.
 *
 * @throws FactotumError `backup.invalid` in that case.
 */
export async function pruneRepository(
  repository: Repository,
  { keepDays, clock, confirm }: { keepDays: number; clock: Clock; confirm: () => Promise<void> },
): Promise<Pruned> {
  const { storage } = repository;
  const ids = await listManifests(repository);
  const newest = ids.at(-1);
  const before = clock.now().getTime() - keepDays * 24 * 3_600_000;
  const needed = new Set<string>();
  const backups: string[] = [];
  for (const id of ids) {
    const manifest = await readManifest(repository, id);
    if (id !== newest && Date.parse(manifest.madeAt) < before) {
      backups.push(id);
      continue;
    }
    // 32 bytes each instead of 64 letters of two bytes.
    for (const { chunks } of manifest.tables) for (const chunk of chunks) needed.add(packed(chunk));
    for (const { name } of manifest.blobs) needed.add(blobName(name));
  }
  await confirm();
  for (const id of backups) await storage.remove(manifestName(id));
  let [objects, bytes] = [0, 0];
  const isNeeded = (name: string) => needed.has(name.startsWith('chunks/') ? packed(chunkIdOf(name)) : name);
  for (const folder of ['chunks/', 'blobs/'])
    for await (const { name, bytes: size } of storage.list(folder)) {
      if (isNeeded(name)) continue;
      // Removing takes its time. Whoever has the lock by then counts on what is there.
      if (objects % removalsAtOnce === removalsAtOnce - 1) await confirm();
      await storage.remove(name);
      objects += 1;
      bytes += size;
    }
  return { backups, objects, bytes };
}

const packed = (id: string): string => Buffer.from(id, 'hex').toString('latin1');
