import { LRUCache } from 'lru-cache';
import type { Id } from '#kernel';
import { type RoleDatabase, withTenant } from '#kernel/database';
import type { KeysOf, TenantKeys } from '#trust/key';
import { type JournalPlace, listChanges, type Note, readNotes, type VaultChange } from '#trust/vault';
import { createNoteIndex, type Hit, type NoteIndex } from './note-index.ts';
import { foldText, type Query, readQuery } from './query.ts';
import { type Snippet, snippetOf } from './snippet.ts';

/** A note that fits a query. */
export interface FoundNote {
  readonly noteId: string;
  readonly path: string;
  readonly title: string;
  readonly snippet: Snippet;
  readonly updatedAt: Date;
}

export interface VaultSearch {
  /** Notes that fit, the best first. Reading them is for the caller to allow. */
  search(
    tenantId: Id<'tenant'>,
    wanted: { readonly text: string; readonly offset?: number; readonly limit: number; readonly at: Date },
  ): Promise<{ readonly notes: FoundNote[]; readonly hasMore: boolean }>;
  /** Drops what is in memory, of a tenant or of all: its keys may not be used any more. */
  forget(tenantId?: Id<'tenant'>): void;
  /** How much is in memory, in bytes, about. */
  bytes(): number;
}

interface Held {
  readonly index: NoteIndex;
  place: JournalPlace | null;
}

const bytesMaxDefault = 256 * 1024 * 1024;
const idleMs = 15 * 60_000;
const changesAtOnce = 100;
/** Contents that are opened at once; more than one note may have. */
const bytesAtOnce = 6_000_000;
/** Notes that are opened to look whether a phrase is in them. */
const openedMax = 300;
const openedAtOnce = 25;

/**
 * Full-text search over sealed notes. Nothing of it is ever at rest: the index of a vault is made in memory when somebody first searches, kept
 * up to date by the journal of changes, and dropped when nobody searches, when others need the room, and when the keys may not be used.
 */
export function createVaultSearch({
  app,
  keysOf,
  adopt,
  bytesMax = bytesMaxDefault,
}: {
  readonly app: RoleDatabase;
  readonly keysOf: KeysOf;
  /** Takes what is older than the journal into it. */
  readonly adopt: (tenantId: Id<'tenant'>, at: Date) => Promise<void>;
  readonly bytesMax?: number;
}): VaultSearch {
  const held = new LRUCache<Id<'tenant'>, Held>({
    maxSize: bytesMax,
    sizeCalculation: ({ index }) => Math.max(1, Math.min(index.bytes(), bytesMax)),
    ttl: idleMs,
    updateAgeOnGet: true,
  });
  const updating = new Map<Id<'tenant'>, Promise<NoteIndex>>();
  // Counts what was forgotten: an index that was being made meanwhile is not kept.
  let forgotten = 0;

  async function bringUp(tenantId: Id<'tenant'>, at: Date): Promise<NoteIndex> {
    const before = forgotten;
    const found = held.get(tenantId);
    if (found === undefined) await adopt(tenantId, at);
    const one: Held = found ?? { index: createNoteIndex(), place: null };
    try {
      for (let hasMore = true; hasMore; ) hasMore = await follow(app, await keysOf(tenantId), one);
    } catch (error) {
      held.delete(tenantId);
      throw error;
    }
    if (before === forgotten) held.set(tenantId, one);
    return one.index;
  }

  /** One at a time for each tenant: who asks later wants what was written before they asked. */
  function upToDate(tenantId: Id<'tenant'>, at: Date): Promise<NoteIndex> {
    const run = () => bringUp(tenantId, at);
    const next = (updating.get(tenantId) ?? Promise.resolve()).then(run, run);
    updating.set(tenantId, next);
    const done = () => {
      if (updating.get(tenantId) === next) updating.delete(tenantId);
    };
    next.then(done, done);
    return next;
  }

  return {
    async search(tenantId, { text, offset = 0, limit, at }) {
      const query = readQuery(text);
      const index = await upToDate(tenantId, at);
      const ranked = rank(index, query);
      const keys = await keysOf(tenantId);
      const notes: FoundNote[] = [];
      const phrases = query.phrases.map((phrase) => foldText(phrase).replace(/ +/g, ' ').trim());
      // Without phrases the ranking is the answer; with them, notes are looked through until there are enough.
      const isCertain = phrases.length === 0;
      let passed = isCertain ? offset : 0;
      const candidates = isCertain ? ranked.slice(offset, offset + limit + 1) : ranked.slice(0, openedMax);
      for (let start = 0; start < candidates.length; start += openedAtOnce) {
        const some = candidates.slice(start, start + openedAtOnce);
        // Of notes: their ids.
        const ids = some.map(([noteId]) => noteId as Id<'note'>);
        const found = await withTenant(app.db, tenantId, (tx) => readNotes(tx, keys, ids));
        const opened = new Map<string, Note>(found.map((note) => [note.noteId, note]));
        for (const [id, { terms }] of some) {
          const note = opened.get(id);
          if (note === undefined || (!isCertain && !hasAll(note.content, phrases))) continue;
          if (passed < offset) passed += 1;
          else if (notes.length === limit) return { notes, hasMore: true };
          else {
            const { noteId, path, updatedAt } = note;
            const title = index.noteOf(noteId)?.title ?? path;
            notes.push({ noteId, path, title, snippet: snippetOf(note.content, [...phrases, ...terms]), updatedAt });
          }
        }
      }
      return { notes, hasMore: false };
    },
    forget(tenantId) {
      forgotten += 1;
      if (tenantId === undefined) held.clear();
      else held.delete(tenantId);
    },
    bytes: () => held.calculatedSize ?? 0,
  };
}

/** Takes the next changes in. @returns whether there are more. */
async function follow(app: RoleDatabase, keys: TenantKeys, one: Held): Promise<boolean> {
  const { tenantId } = keys;
  const { changes, next, hasMore } = await withTenant(app.db, tenantId, (tx) => listChanges(tx, keys, one.place, changesAtOnce));
  const written: VaultChange[] = [];
  for (const change of changes) {
    if (change.kind !== 'note') continue;
    if (!change.deleted) written.push(change);
    // A note that moved is known by its new path already, or will be in a moment.
    else if (one.index.noteOf(change.objectId)?.path === change.path) one.index.remove(change.objectId);
  }
  while (written.length > 0) {
    const noteIds: Id<'note'>[] = [];
    for (let bytes = 0; written[0] !== undefined && bytes + written[0].sizeBytes <= bytesAtOnce; ) {
      bytes += written[0].sizeBytes;
      // Of a note: its id.
      noteIds.push(written.shift()?.objectId as Id<'note'>);
    }
    const notes = await withTenant(app.db, tenantId, (tx) => readNotes(tx, keys, noteIds));
    for (const { noteId, path, content } of notes) await one.index.put({ noteId, path, content });
  }
  one.place = next;
  return hasMore;
}

/** The notes that have everything that is asked for, the best first. */
function rank(index: NoteIndex, { words, titleWords, folders }: Query): [string, Hit][] {
  const found = [
    ...words.map((word) => index.find(word, { onlyTitle: false })),
    ...titleWords.map((word) => index.find(word, { onlyTitle: true })),
  ];
  const lists =
    found.length > 0
      ? found
      : folders.length > 0
        ? [new Map([...index.all()].map(([id]) => [id, { score: 0, terms: new Set<string>() }]))]
        : [];
  const [smallest, ...others] = lists.sort((one, other) => one.size - other.size);
  if (smallest === undefined) return [];
  const starts = folders.map((folder) => foldText(`${folder}/`));
  const ranked: [string, Hit][] = [];
  for (const [noteId, hit] of smallest) {
    const hits = others.map((list) => list.get(noteId));
    const path = foldText(index.noteOf(noteId)?.path ?? '');
    if (hits.includes(undefined) || (starts.length > 0 && !starts.some((start) => path.startsWith(start)))) continue;
    const all = [hit, ...hits.flatMap((one) => one ?? [])];
    ranked.push([
      noteId,
      { score: all.reduce((sum, { score }) => sum + score, 0), terms: new Set(all.flatMap(({ terms }) => [...terms])) },
    ]);
  }
  return ranked.sort(([oneId, one], [otherId, other]) => other.score - one.score || (oneId < otherId ? -1 : 1));
}

function hasAll(content: string, phrases: readonly string[]): boolean {
  const folded = foldText(content).replace(/ +/g, ' ');
  return phrases.every((phrase) => folded.includes(phrase));
}
