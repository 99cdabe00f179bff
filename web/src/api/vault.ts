/** A note that was found by its words. */
export interface FoundNote {
  id: string;
  path: string;
  title: string;
  /** Plain text around what was found. */
  snippet: string;
  /** Where in it that stands: from and to, in UTF-16 units. */
  marks: [number, number][];
  updatedAt: string;
}

/** What a note was. */
export interface NoteVersion {
  id: string;
  path: string;
  version: number;
  change: 'written' | 'moved' | 'deleted' | 'restored';
  sizeBytes: number;
  trusted: boolean;
  author: string;
  at: string;
}

/** A note that is gone, as the version that deleted it. */
export interface DeletedNote extends NoteVersion {
  /** The version that brings it back; null when it is forgotten. */
  restorable: number | null;
}

/** Where the links of a note lead, and which notes link to it. */
export interface NoteLinks {
  id: string | null;
  generated: boolean;
  trusted: boolean;
  links: { target: string; kind: 'wiki' | 'relative'; path: string | null; moved: boolean }[];
  backlinks: { id: string; path: string; title: string }[];
}
