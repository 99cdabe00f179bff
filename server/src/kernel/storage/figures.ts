import type { Clock } from '#kernel';
import type { ObjectStorage } from './storage.ts';

const operations = ['put', 'get', 'stat', 'remove', 'list', 'health'] as const;
export type StorageOperation = (typeof operations)[number];

/** What a process has asked of its storage since it started, by operation. */
export type StorageFigures = Readonly<
  Record<StorageOperation, { readonly done: number; readonly failed: number; readonly seconds: number }>
> & { readonly bytesIn: number };

/**
 * The same storage, counted: how often, how long, how often in vain. That something is not there is no failure.
 *
 * @returns the storage, and what reads its figures.
 */
export function countStorage(
  storage: ObjectStorage,
  clock: Clock,
): { readonly storage: ObjectStorage; readonly figures: () => StorageFigures } {
  const counts = { put: zero(), get: zero(), stat: zero(), remove: zero(), list: zero(), health: zero() };
  let bytesIn = 0;
  async function counted<T>(operation: StorageOperation, work: () => Promise<T>): Promise<T> {
    const startedMs = clock.monotonicMs();
    const count = counts[operation];
    try {
      const result = await work();
      count.done += 1;
      return result;
    } catch (error) {
      if (isMissing(error)) count.done += 1;
      else count.failed += 1;
      throw error;
    } finally {
      count.seconds += (clock.monotonicMs() - startedMs) / 1_000;
    }
  }
  return {
    figures: () => ({ ...counts, bytesIn }),
    storage: {
      address: storage.address,
      put: (name, body) =>
        counted('put', async () => {
          const stored = await storage.put(name, body);
          bytesIn += stored.bytes;
          return stored;
        }),
      get: (name, range) => counted('get', () => storage.get(name, range)),
      stat: (name) => counted('stat', () => storage.stat(name)),
      remove: (name) => counted('remove', () => storage.remove(name)),
      async *list(prefix) {
        const found = storage.list(prefix)[Symbol.asyncIterator]();
        // One page more or less, each is waited for: only who iterates knows how long that takes, so an operation is one step.
        for (let next = await counted('list', () => found.next()); next.done !== true; next = await counted('list', () => found.next()))
          yield next.value;
      },
      health: () => counted('health', () => storage.health()),
      close: () => storage.close(),
    },
  };
}

const zero = () => ({ done: 0, failed: 0, seconds: 0 });
const isMissing = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'storage.not_found';
