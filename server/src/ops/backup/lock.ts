import { Readable } from 'node:stream';
import type pg from 'pg';
import { type Clock, FactotumError, isFactotumError } from '#kernel';
import type { ObjectStorage } from '#kernel/storage';
import { noteBytesMax, readBounded } from './bound.ts';

const folder = 'locks/';
/** How long a lock counts whose owner is another database server: renewed three times as often. */
const ownerSilentMs = 30 * 60_000;
const renewMs = 10 * 60_000;

/** What is held while a repository is written to: by one backup, or one pruning, and nobody else. */
export interface RepositoryLock {
  /** @throws FactotumError `backup.busy` when it was lost: whoever holds it now may have removed what was counted on. */
  confirm(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes the right to write to the repository.
 *
 * Within an installation the database decides: its lock goes with the connection, so that of a process that was killed counts for nothing.
 * Between installations that share a repository (the original and what was restored from it) it is an object with the server's identity:
 * each writes its own first and looks for others' then, so of two that meet at most one goes on.
 *
 * @param client - kept until the release; its end is the lock's end
 * @throws FactotumError `backup.busy` (retry).
 */
export async function lockRepository(at: { client: pg.ClientBase; storage: ObjectStorage; clock: Clock }): Promise<RepositoryLock> {
  const { client, storage, clock } = at;
  const { rows } = await client.query<{ locked: boolean; place: string }>(
    `select pg_try_advisory_lock(hashtext('factotum'), hashtext('backup')) as locked,
      (select system_identifier::text from pg_control_system()) || '-' || (select oid::text from pg_database where datname = current_database()) as place`,
  );
  const { locked = false, place = '' } = rows[0] ?? {};
  if (!locked) throw busy();
  const name = `${folder}${place}`;
  const write = () => storage.put(name, Readable.from([Buffer.from(clock.now().toISOString())]));
  const unlock = () => client.query(`select pg_advisory_unlock(hashtext('factotum'), hashtext('backup'))`).catch(() => undefined);
  const othersAtWork = async (): Promise<boolean> => {
    for await (const other of storage.list(folder)) {
      if (other.name === name) continue;
      const since = Date.parse((await readBounded(storage, other.name, noteBytesMax).catch(gone)).toString());
      if (clock.now().getTime() - since < ownerSilentMs) return true;
      await storage.remove(other.name);
    }
    return false;
  };
  let renewing: NodeJS.Timeout | undefined;
  try {
    await write();
    if (await othersAtWork()) {
      await storage.remove(name);
      throw busy();
    }
    // One that cannot be renewed runs out; `confirm` then sees to it that nothing comes of it.
    renewing = setInterval(() => write().catch(() => undefined), renewMs).unref();
  } catch (error) {
    await unlock();
    throw error;
  }
  return {
    async confirm() {
      // The connection is the lock: one that answers has it.
      await client.query('select');
      if (await othersAtWork()) throw busy();
    },
    async release() {
      clearInterval(renewing);
      // A repository that is full or away keeps the object: it is our own, and the next time it is simply written again.
      await storage.remove(name).catch(() => undefined);
      await unlock();
    },
  };
}

const gone = (error: unknown): string => {
  if (isFactotumError(error, 'storage.not_found')) return '';
  throw error;
};

const busy = () => new FactotumError('backup.busy', 'Another backup is being made or removed there right now. Try again when it is done.');
