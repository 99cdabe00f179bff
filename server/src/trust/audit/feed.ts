import type { Logger } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import { createBell } from './bell.ts';
import type { Doorbell, Growth } from './doorbell.ts';
import type { SequencedEntry } from './sequenced.ts';
import { readSequenced, readSizes } from './statements.ts';

export type EntryListener = (tenantId: string, entries: readonly SequencedEntry[]) => void;

/** Tells listeners of every entry once and in order, whichever process numbered it. */
export interface Feed {
  /** Begins to follow the logs; entries from now on are told. Throws when the database does not answer, and tries again by itself. */
  open(): Promise<void>;
  /** What this process has numbered itself, which saves reading it. */
  announce(tenantId: string, entries: readonly SequencedEntry[]): void;
  add(listener: EntryListener): () => void;
  isHeard(): boolean;
  stop(): Promise<void>;
}

/** How often to look without being told: what a message lost on its way costs. */
const lookEveryMs = 2_000;
const pageSize = 500;
/** Heads carry the clock of whoever wrote them: what is this much older than the newest may have been written after it. */
const clockSkewMs = 60_000;

export function createFeed({ sequencer, log, doorbell }: { sequencer: RoleDatabase; log: Logger; doorbell: Doorbell }): Feed {
  const listeners = new Set<EntryListener>();
  /** Per tenant, the number of the next entry to tell. A tenant that is missing is newer than `open`. */
  const next = new Map<string, number>();
  const bell = createBell();
  let beginning: Promise<void> | undefined;
  let looking: Promise<void> | undefined;
  let since = new Date(0);
  let isOpen = false;
  let stopped = false;
  /** One thing at a time, so that each tenant's entries stay in order. */
  let queue: Promise<void> = Promise.resolve();

  const enqueue = (work: () => Promise<void>) => {
    queue = queue
      .then(work)
      .catch((error: unknown) => log.warn({ err: error }, 'audit: new entries could not be read; the next look will'));
  };
  const nextSeq = (tenantId: string) => next.get(tenantId) ?? 0;
  const tell = (tenantId: string, entries: readonly SequencedEntry[]) => {
    const last = entries.at(-1);
    if (last === undefined) return;
    next.set(tenantId, last.seq + 1);
    for (const listener of listeners) {
      try {
        listener(tenantId, entries);
      } catch (error) {
        log.error({ err: error, tenantId }, 'audit: somebody who was told of new entries failed');
      }
    }
  };
  const readUpTo = async ({ tenantId, size }: Growth) => {
    for (let start = nextSeq(tenantId); start < size && !stopped; start = nextSeq(tenantId)) {
      const entries = await readSequenced(sequencer.pool, tenantId, start, pageSize);
      if (entries.length === 0) return;
      tell(tenantId, entries);
    }
  };
  const sizesSince = async () => {
    const sizes = await readSizes(sequencer.pool, since);
    const newestMs = sizes.reduce((newest, { checkpointAt }) => Math.max(newest, checkpointAt.getTime()), since.getTime());
    since = new Date(Math.max(since.getTime(), newestMs - clockSkewMs));
    return sizes;
  };
  const look = async () => {
    if (!isOpen) return begin();
    for (const growth of await sizesSince()) await readUpTo(growth);
  };
  const keepLooking = async () => {
    while (!stopped) {
      await bell.wait({ atLeastMs: 0, atMostMs: lookEveryMs });
      if (!stopped && listeners.size > 0) enqueue(look);
      await queue;
    }
  };
  const readStart = async () => {
    for (const { tenantId, size } of await sizesSince()) next.set(tenantId, size);
    isOpen = true;
    doorbell.listen({ onGrowth: (growth) => enqueue(() => readUpTo(growth)), onGap: () => bell.ring() });
  };
  const begin = () => {
    beginning ??= readStart().catch((error: unknown) => {
      beginning = undefined;
      throw error;
    });
    return beginning;
  };

  return {
    open() {
      looking ??= keepLooking();
      return begin();
    },
    announce(tenantId, entries) {
      const first = entries[0];
      if (!isOpen || first === undefined) return;
      enqueue(async () => {
        if (first.seq > nextSeq(tenantId)) await readUpTo({ tenantId, size: first.seq });
        // Reading may have gone further than was asked for; if it came short, the next look reads on.
        const due = nextSeq(tenantId);
        if (first.seq <= due) tell(tenantId, first.seq === due ? entries : entries.filter(({ seq }) => seq >= due));
      });
    },
    add(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    isHeard: () => listeners.size > 0,
    async stop() {
      stopped = true;
      bell.close();
      await looking;
      await queue;
    },
  };
}
