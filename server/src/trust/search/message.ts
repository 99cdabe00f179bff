import type { IndexedNote } from './note-index.ts';
import type { Query } from './query.ts';
import type { Snippet } from './snippet.ts';

/** A note that fits, as the index knows it. */
export interface RankedNote {
  readonly noteId: string;
  readonly title: string;
  /** The words of the note that fitted, folded. */
  readonly terms: readonly string[];
  /** How long it is, in characters. */
  readonly chars: number;
}

/** A note to be looked through for phrases and cut to what is shown of it. */
export interface OpenedNote {
  readonly content: string;
  readonly terms: readonly string[];
}

/** A note that may link to another. */
export interface LinkingNote {
  readonly noteId: string;
  readonly title: string;
  readonly chars: number;
}

/** What the thread of the indexes is asked, by the name of what is to be done. */
export interface Work {
  /** Begins an index that knows nothing, and takes no more than about so many bytes. */
  open(input: { readonly index: number; readonly bytesMax: number }): null;
  /** Takes changes into an index. Answers about how many bytes it takes. */
  apply(input: {
    readonly index: number;
    /** Gone from these places; a note that stands elsewhere by now stays. */
    readonly removed: readonly { readonly noteId: string; readonly path: string }[];
    readonly written: readonly IndexedNote[];
  }): number;
  /** The notes that have everything that is asked for, the best first. */
  rank(input: { readonly index: number; readonly query: Query; readonly from: number; readonly count: number }): RankedNote[];
  /** What is shown of each note; null of one that has not all of the phrases. */
  excerpt(input: { readonly notes: readonly OpenedNote[]; readonly phrases: readonly string[] }): (Snippet | null)[];
  /** The notes that link to something of a name, with their titles; in no order. */
  linking(input: { readonly index: number; readonly name: string; readonly count: number }): LinkingNote[];
  /** Forgets an index. */
  drop(input: { readonly index: number }): null;
}

export type WorkName = keyof Work;
type RequestOf<Name extends WorkName> = { readonly id: number; readonly work: Name; readonly input: Parameters<Work[Name]>[0] };
export type WorkRequest = { [Name in WorkName]: RequestOf<Name> }[WorkName];
export type WorkAnswer = { readonly id: number } & (
  | { readonly result: ReturnType<Work[WorkName]> }
  /** `gone`: there is no such index, as it was in a thread before this one. `too_large`: it would take more than it may. */
  | { readonly failure: string; readonly reason: 'gone' | 'too_large' | undefined }
);
