import { foldText } from './query.ts';

export interface Snippet {
  readonly text: string;
  /** Where in it what was looked for stands, as [start, end) in UTF-16 units. */
  readonly marks: readonly (readonly [start: number, end: number])[];
}

const aroundChars = 90;
/** Further into a note nobody looks for the words: the snippet is then its beginning. */
const lookedCharsMax = 200_000;
const marksMax = 10;

/** The part of a note around the first of what was found, on one line, as plain text. */
export function snippetOf(note: string, found: readonly string[]): Snippet {
  const text = bodyOf(note.slice(0, lookedCharsMax));
  const folded = foldText(text);
  const first = Math.min(...found.map((term) => folded.indexOf(term)).filter((at) => at >= 0), Number.POSITIVE_INFINITY);
  const start = Number.isFinite(first) ? wordStart(text, Math.max(0, first - aroundChars)) : 0;
  const cut = text.slice(start, start + 2 * aroundChars + 40).replace(/\s/g, ' ');
  const shown = foldText(cut);
  const marks: [number, number][] = [];
  for (const term of new Set(found))
    for (let at = shown.indexOf(term); at >= 0 && marks.length < marksMax; at = shown.indexOf(term, at + term.length))
      marks.push([at, at + term.length]);
  return { text: cut, marks: marks.sort(([one], [other]) => one - other) };
}

/** Without the front matter. */
const bodyOf = (note: string): string => note.slice(/^---\r?\n[\s\S]*?\r?\n---[ \t]*\r?\n/.exec(note)?.[0].length ?? 0);

function wordStart(text: string, at: number): number {
  if (at === 0) return 0;
  const space = text.indexOf(' ', at);
  return space >= 0 && space - at < 30 ? space + 1 : at;
}
