import MiniSearch from 'minisearch';
import { findLinks, linkName } from './link.ts';
import { foldWord, wordBreak } from './query.ts';
import type { Turn } from './turn.ts';

/** What is put into an index of one note. */
export interface IndexedNote {
  readonly noteId: string;
  readonly path: string;
  readonly content: string;
}

interface Part {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

/** A note as the index knows it. */
export interface KnownNote {
  readonly path: string;
  readonly title: string;
  readonly parts: number;
  readonly chars: number;
  /** How many entries the index has of it: each word counts once in a part. */
  readonly entries: number;
  /** The names of what it links to. */
  readonly links: readonly string[];
}

export interface Hit {
  readonly score: number;
  /** The words of the note that fitted, folded. */
  readonly terms: ReadonlySet<string>;
}

/** Indexed at once, in characters. Long notes are cut, so that no single piece of work holds the thread for long. */
const partChars = 4_096;
/**
 * What the index takes in bytes, measured by what is left after collection over notes of usual text, of words that occur once (600 a word),
 * and of few short words (30 to 40 an entry). A character counts because long words keep the text alive that they were cut from.
 */
const bytesOf = { term: 600, entry: 40, char: 1, note: 1_000 };

/** A name, its set, and its place in it, counted as so many entries. */
const entriesOfLink = 8;

/** New entries after which terms are counted anew: at most so many are not in the count, a few megabytes. */
const recountEntries = 10_000;

/** The index would take more memory than it may. */
export class TooLarge extends Error {}

/**
 * An index over the notes of one vault, in memory.
 *
 * @param bytesMax - putting in more than about so much throws `TooLarge`; the index is then of no use any more
 */
export function createNoteIndex(bytesMax = Number.POSITIVE_INFINITY) {
  let tokenised = 0;
  const mini = new MiniSearch<Part>({
    fields: ['title', 'text'],
    tokenize: (text) => {
      const words = text.split(wordBreak).filter((word) => word !== '');
      tokenised += new Set(words).size;
      return words;
    },
    processTerm: (term) => (term.length > 80 ? null : foldWord(term)),
    autoVacuum: { minDirtCount: 200, minDirtFactor: 0.2, batchSize: 200, batchWait: 10 },
  });
  const notes = new Map<string, KnownNote>();
  /** Which notes link to something of this name. */
  const linking = new Map<string, Set<string>>();
  let chars = 0;
  let entries = 0;

  const bytesWith = (terms: number) => terms * bytesOf.term + entries * bytesOf.entry + chars * bytesOf.char + notes.size * bytesOf.note;
  /** About what it takes in memory. */
  const bytes = () => bytesWith(mini.termCount);
  /** The library counts its terms one by one, so while notes are put in they are counted now and then. */
  let counted = { terms: 0, entries: 0 };
  function isTooLarge(): boolean {
    if (Math.abs(entries - counted.entries) >= recountEntries) counted = { terms: mini.termCount, entries };
    return bytesWith(counted.terms) > bytesMax;
  }

  function remove(noteId: string): void {
    const known = notes.get(noteId);
    if (known === undefined) return;
    for (let part = 0; part < known.parts; part += 1) mini.discard(`${noteId}#${part}`);
    notes.delete(noteId);
    for (const name of known.links) {
      const from = linking.get(name);
      from?.delete(noteId);
      if (from?.size === 0) linking.delete(name);
    }
    chars -= known.chars;
    entries -= known.entries;
  }

  return {
    remove,
    bytes,
    async put({ noteId, path, content }: IndexedNote, turn: Turn): Promise<void> {
      remove(noteId);
      const title = titleOf(path, content);
      const texts = content.includes('\0') ? [''] : partsOf(content);
      const before = entries;
      for (const [part, text] of texts.entries()) {
        tokenised = 0;
        mini.add({ id: `${noteId}#${part}`, title: part === 0 ? `${title} ${path}` : '', text });
        entries += tokenised;
        chars += text.length;
        if (isTooLarge()) throw new TooLarge(`the index would take more than ${bytesMax} bytes`);
        await turn();
      }
      const links = content.includes('\0') ? [] : [...new Set(findLinks(content).map(({ target }) => linkName(target)))];
      for (const name of links) linking.set(name, (linking.get(name) ?? new Set()).add(noteId));
      entries += links.length * entriesOfLink;
      notes.set(noteId, { path, title, parts: texts.length, chars: content.length, entries: entries - before, links });
      if (isTooLarge()) throw new TooLarge(`the index would take more than ${bytesMax} bytes`);
    },
    /** Notes that link to something of this name, wherever that stands. */
    linksTo: (name: string): string[] => [...(linking.get(name) ?? [])],
    /** Notes that hold a word or one that begins with it; if none does, one with a slip in it. */
    find(word: string, where: { readonly onlyTitle: boolean }): Map<string, Hit> {
      const hits = new Map<string, { score: number; terms: Set<string> }>();
      const options = { ...(where.onlyTitle ? { fields: ['title'] } : {}), boost: { title: 3 }, combineWith: 'AND' as const };
      const right = mini.search(word, { ...options, prefix: (term) => term.length >= 2 });
      // A slip is looked for only where the word as written is nowhere: it costs much, and finds what nobody meant.
      const found = right.length > 0 ? right : mini.search(word, { ...options, fuzzy: (term) => (term.length >= 5 ? 0.2 : false) });
      for (const { id, score, terms } of found) {
        // The id is ours: a note's, and which part of it.
        const noteId = String(id).split('#')[0] ?? '';
        const hit = hits.get(noteId) ?? { score: 0, terms: new Set<string>() };
        hit.score += score;
        for (const term of terms) hit.terms.add(term);
        hits.set(noteId, hit);
      }
      return hits;
    },
    noteOf: (noteId: string): KnownNote | undefined => notes.get(noteId),
    all: (): IterableIterator<[string, KnownNote]> => notes.entries(),
  };
}

export type NoteIndex = ReturnType<typeof createNoteIndex>;

/** The first heading, or the file's name. */
function titleOf(path: string, content: string): string {
  const heading = /^#{1,3}[ \t]+(\S[^\r\n]{0,199})/m.exec(content.slice(0, 4_096))?.[1]?.trim();
  return heading ?? path.slice(path.lastIndexOf('/') + 1).replace(/\.md$/i, '');
}

/** Cuts between words, where there are any. */
function partsOf(content: string): string[] {
  const parts: string[] = [];
  for (let at = 0; at < content.length; ) {
    const end = Math.min(at + partChars, content.length);
    const space = end === content.length ? end : content.lastIndexOf(' ', end);
    const cut = space > at ? space : end;
    parts.push(content.slice(at, cut));
    at = cut;
  }
  return parts.length === 0 ? [''] : parts;
}
