import { LRUCache } from 'lru-cache';
import { createTurns, type Id } from '#kernel';
import { type RoleDatabase, withTenant } from '#kernel/database';
import type { KeysOf, TenantKeys } from '#trust/key';
import { type JournalPlace, listChanges, type Note, readNotes, type VaultChange } from '#trust/vault';
import { createIndexWorker, type IndexWorker } from './index-worker.ts';
import { findLinks, linkName, type Places, resolveLink } from './link.ts';
import type { RankedNote } from './message.ts';
import { foldText, readQuery } from './query.ts';
import type { Snippet } from './snippet.ts';

/** A note that fits a query. */
export interface FoundNote {
  readonly noteId: string;
  readonly path: string;
  readonly title: string;
  readonly snippet: Snippet;
  readonly updatedAt: Date;
}

export interface VaultSearch {
  /**
   * Notes that fit, the best first. Reading them is for the caller to allow.
   *
   * @throws FactotumError `server.busy` when the index was lost meanwhile, `vault.too_large` for more notes than one vault's index may take.
   */
  search(
    tenantId: Id<'tenant'>,
    wanted: { readonly text: string; readonly offset?: number; readonly limit: number; readonly at: Date },
  ): Promise<{ readonly notes: FoundNote[]; readonly hasMore: boolean }>;
  /**
   * Notes that link to what stands at a path, by path. Reading them is for the caller to allow.
   *
   * @throws FactotumError `server.busy`, `vault.too_large` as `search` does.
   */
  linking(
    tenantId: Id<'tenant'>,
    wanted: { readonly path: string; readonly places: Places; readonly at: Date },
  ): Promise<readonly { readonly noteId: string; readonly path: string; readonly title: string }[]>;
  /** Drops what is in memory, of a tenant or of all: its keys may not be used any more. */
  forget(tenantId?: Id<'tenant'>): void;
  /** How much is in memory, in bytes, about. */
  bytes(): number;
}

/** An index in the thread of the indexes, and how far it has followed the vault. */
interface Held {
  readonly index: number;
  place: JournalPlace | null;
  bytes: number;
  /** Searches that are under way in it. */
  users: number;
  /** Nobody finds it any more: it goes with its last user. */
  isLeft: boolean;
}

const bytesMaxDefault = 256 * 1024 * 1024;
/** What the index of one vault may take: some 15,000 notes of 250 words, by the estimate. */
const vaultBytesMaxDefault = 192 * 1024 * 1024;
/** Indexes that are made at once: until it is done, one takes its room beside those that are held. */
const firstsAtOnceMax = 1;
const idleMs = 15 * 60_000;
const sweepMs = 60_000;
const changesAtOnce = 100;
/** Contents that are opened at once; one alone may have more. A million are opened in about 5 ms. */
const bytesAtOnce = 1_000_000;
/** Notes that are opened to look whether they link to one. */
const linkingMax = 200;
/** Notes that are opened to look whether a phrase is in them. */
const openedMax = 300;

/**
 * Full-text search over sealed notes. Nothing of it is ever at rest: the index of a vault is made in memory when somebody first searches, kept
 * up to date by the journal of changes, and dropped when nobody searches, when others need the room, and when the keys may not be used. It
 * lives in a thread of its own; here notes are only opened, a few at a time.
 */
export function createVaultSearch({
  app,
  keysOf,
  adopt,
  bytesMax = bytesMaxDefault,
  vaultBytesMax = vaultBytesMaxDefault,
  startWorker = createIndexWorker,
}: {
  readonly app: RoleDatabase;
  readonly keysOf: KeysOf;
  /** Takes what is older than the journal into it. */
  readonly adopt: (tenantId: Id<'tenant'>, at: Date) => Promise<void>;
  readonly bytesMax?: number;
  readonly vaultBytesMax?: number;
  /** Begins what keeps the indexes; told what to do when all of them are lost. */
  readonly startWorker?: (onLost: () => void) => IndexWorker;
}): VaultSearch {
  const held = new LRUCache<Id<'tenant'>, Held>({
    maxSize: bytesMax,
    sizeCalculation: ({ bytes }) => Math.max(1, Math.min(bytes, bytesMax)),
    ttl: idleMs,
    updateAgeOnGet: true,
    dispose: (one) => {
      one.isLeft = true;
      dropIfDone(one);
    },
  });
  // Counts what was forgotten or lost: an index that was being made meanwhile is not kept.
  let forgotten = 0;
  const forgetAll = () => {
    forgotten += 1;
    held.clear();
  };
  const worker = startWorker(forgetAll);
  const firstInTurn = createTurns<Id<'tenant'>>({ atOnceMax: firstsAtOnceMax, eachMax: 1 });
  const updating = new Map<Id<'tenant'>, Promise<unknown>>();
  let indexes = 0;
  let inUse = 0;
  let sweep: NodeJS.Timeout | undefined;

  function dropIfDone(one: Held): void {
    if (!one.isLeft || one.users > 0) return;
    void worker.drop(one.index).then(restIfIdle);
  }

  /** What is dropped is still in the thread's memory until that is collected. Without any index the thread ends. */
  function restIfIdle(): void {
    if (held.size > 0 || inUse > 0) return;
    worker.rest();
    clearInterval(sweep);
    sweep = undefined;
  }

  async function bringUp(tenantId: Id<'tenant'>, at: Date, one: Held): Promise<void> {
    if (one.place === null) await adopt(tenantId, at);
    for (let hasMore = true; hasMore; ) hasMore = await follow(app, await keysOf(tenantId), worker, one);
  }

  /** Does something with the index of a vault as it is now. One at a time brings it up: who asks later wants what was written before they asked. */
  async function withIndex<R>(tenantId: Id<'tenant'>, at: Date, work: (one: Held) => Promise<R>): Promise<R> {
    inUse += 1;
    let one: Held | undefined;
    const take = async () => {
      const before = forgotten;
      const found = held.get(tenantId);
      if (found === undefined) indexes += 1;
      const mine: Held = found ?? { index: indexes, place: null, bytes: 0, users: 0, isLeft: true };
      one = mine;
      mine.users += 1;
      try {
        if (found !== undefined) await bringUp(tenantId, at, mine);
        else
          await firstInTurn(tenantId, async () => {
            await worker.ask('open', { index: mine.index, bytesMax: vaultBytesMax });
            await bringUp(tenantId, at, mine);
          });
      } catch (error) {
        if (held.peek(tenantId) === mine) held.delete(tenantId);
        throw error;
      }
      if (before === forgotten && (found === undefined || !mine.isLeft)) {
        // Taken out first: of what is set again as it is, the size is not counted anew. It is in use, so nothing of it is dropped.
        held.delete(tenantId);
        mine.isLeft = false;
        held.set(tenantId, mine);
        sweep ??= setInterval(() => held.purgeStale(), sweepMs).unref();
      }
      return mine;
    };
    const next = (updating.get(tenantId) ?? Promise.resolve()).then(take, take);
    updating.set(tenantId, next);
    try {
      return await work(
        await next.finally(() => {
          if (updating.get(tenantId) === next) updating.delete(tenantId);
        }),
      );
    } finally {
      inUse -= 1;
      if (one !== undefined) {
        one.users -= 1;
        dropIfDone(one);
      }
    }
  }

  return {
    search: (tenantId, { text, offset = 0, limit, at }) =>
      withIndex(tenantId, at, async ({ index }) => {
        const query = readQuery(text);
        const phrases = query.phrases.map((phrase) => foldText(phrase).replace(/ +/g, ' ').trim());
        // Without phrases the ranking is the answer; with them, notes are looked through until there are enough.
        const isCertain = phrases.length === 0;
        const range = isCertain ? { from: offset, count: limit + 1 } : { from: 0, count: openedMax };
        let passed = isCertain ? offset : 0;
        const candidates = await worker.ask('rank', { index, query, ...range });
        const notes: FoundNote[] = [];
        for (const some of batchesOf(candidates, ({ chars }) => chars)) {
          const keys = await keysOf(tenantId);
          for (const { found, note } of await open(app, keys, some, (opened) => worker.ask('excerpt', { notes: opened, phrases }))) {
            if (passed < offset) passed += 1;
            else if (notes.length === limit) return { notes, hasMore: true };
            else notes.push({ ...found, path: note.path, updatedAt: note.updatedAt });
          }
        }
        return { notes, hasMore: false };
      }),
    linking: (tenantId, { path, places, at }) =>
      withIndex(tenantId, at, async ({ index }) => {
        const candidates = await worker.ask('linking', { index, name: linkName(path), count: linkingMax });
        const titles = new Map(candidates.map(({ noteId, title }) => [noteId, title]));
        const linking: { noteId: string; path: string; title: string }[] = [];
        for (const some of batchesOf(candidates, ({ chars }) => chars)) {
          const keys = await keysOf(tenantId);
          // Of notes: their ids.
          const ids = some.map(({ noteId }) => noteId as Id<'note'>);
          for (const note of await withTenant(app.db, tenantId, (tx) => readNotes(tx, keys, ids))) {
            const isMeant = findLinks(note.content).some((link) => resolveLink(link, note.path, places) === path);
            if (isMeant && note.path !== path)
              linking.push({ noteId: note.noteId, path: note.path, title: titles.get(note.noteId) ?? note.path });
          }
        }
        return linking.sort((one, other) => (one.path < other.path ? -1 : 1));
      }),
    forget(tenantId) {
      if (tenantId === undefined) return forgetAll();
      forgotten += 1;
      held.delete(tenantId);
    },
    bytes: () => held.calculatedSize ?? 0,
  };
}

/** Takes the next changes in. @returns whether there are more. */
async function follow(app: RoleDatabase, keys: TenantKeys, worker: IndexWorker, one: Held): Promise<boolean> {
  const { tenantId } = keys;
  const { changes, next, hasMore } = await withTenant(app.db, tenantId, (tx) => listChanges(tx, keys, one.place, changesAtOnce));
  const ofNotes = changes.filter(({ kind }) => kind === 'note');
  // A note that moved is known by its new path already, or will be in a moment.
  const removed = ofNotes.filter(({ deleted }) => deleted).map(({ objectId: noteId, path }) => ({ noteId, path }));
  const written = ofNotes.filter(({ deleted }) => !deleted);
  let indexed = removed.length === 0 ? undefined : worker.ask('apply', { index: one.index, removed, written: [] });
  for (const some of batchesOf(written, ({ sizeBytes }) => sizeBytes)) {
    // What is told of the thread is told below, even if opening the next notes fails first.
    indexed?.catch(() => undefined);
    const notes = await withTenant(app.db, tenantId, (tx) => readNotes(tx, keys, some.map(idOf)));
    // One batch is opened while the one before is indexed, and no more lie about.
    if (indexed !== undefined) await indexed;
    indexed = worker.ask('apply', {
      index: one.index,
      removed: [],
      written: notes.map(({ noteId, path, content }) => ({ noteId, path, content })),
    });
  }
  if (indexed !== undefined) one.bytes = await indexed;
  one.place = next;
  return hasMore;
}

/** Of a note: its id. */
const idOf = ({ objectId }: VaultChange): Id<'note'> => objectId as Id<'note'>;

/** Opens notes that fit and has them cut to what is shown; without those that are gone or do not have the phrases. */
async function open(
  app: RoleDatabase,
  keys: TenantKeys,
  some: readonly RankedNote[],
  excerpt: (opened: { content: string; terms: readonly string[] }[]) => Promise<(Snippet | null)[]>,
): Promise<{ found: Pick<FoundNote, 'noteId' | 'title' | 'snippet'>; note: Note }[]> {
  // Of notes: their ids.
  const ids = some.map(({ noteId }) => noteId as Id<'note'>);
  const notes = new Map<string, Note>(
    (await withTenant(app.db, keys.tenantId, (tx) => readNotes(tx, keys, ids))).map((note) => [note.noteId, note]),
  );
  const there = some.flatMap((ranked) => {
    const note = notes.get(ranked.noteId);
    return note === undefined ? [] : [{ ranked, note }];
  });
  const snippets = await excerpt(there.map(({ ranked: { terms }, note: { content } }) => ({ content, terms })));
  return there.flatMap(({ ranked: { noteId, title }, note }, at) => {
    const snippet = snippets[at];
    return snippet == null ? [] : [{ found: { noteId, title, snippet }, note }];
  });
}

/** Cuts a list so that no part is larger than is opened at once, unless it is of one. */
function* batchesOf<T>(items: readonly T[], sizeOf: (item: T) => number): Generator<T[]> {
  let batch: T[] = [];
  let size = 0;
  for (const item of items) {
    if (batch.length > 0 && size + sizeOf(item) > bytesAtOnce) {
      yield batch;
      [batch, size] = [[], 0];
    }
    batch.push(item);
    size += sizeOf(item);
  }
  if (batch.length > 0) yield batch;
}
