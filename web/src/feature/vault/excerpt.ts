/** A stretch of an excerpt, and whether it is what was looked for. */
export interface Stretch {
  readonly text: string;
  readonly isFound: boolean;
}

const ofWord = /[\p{L}\p{N}\p{M}_]/u;

/**
 * Cuts an excerpt at its marks. A mark is widened to whole words: a letter that only looks Latin is told by the word around it, so no word
 * may be cut in two. Marks that overlap are one; what points outside the text is cut off.
 */
export function stretchesOf(text: string, marks: readonly (readonly [number, number])[]): Stretch[] {
  const stretches: Stretch[] = [];
  let at = 0;
  for (const [from, to] of marks.toSorted(([one], [other]) => one - other)) {
    const start = Math.max(at, wordStart(text, from));
    const end = wordEnd(text, Math.min(to, text.length));
    if (start >= end) continue;
    if (start > at) stretches.push({ text: text.slice(at, start), isFound: false });
    stretches.push({ text: text.slice(start, end), isFound: true });
    at = end;
  }
  if (at < text.length) stretches.push({ text: text.slice(at), isFound: false });
  return stretches;
}

function wordStart(text: string, from: number): number {
  let at = Math.max(0, Math.min(from, text.length));
  for (const letter of [...text.slice(0, at)].reverse()) {
    if (!ofWord.test(letter)) break;
    at -= letter.length;
  }
  return at;
}

function wordEnd(text: string, to: number): number {
  let at = Math.max(0, to);
  for (const letter of text.slice(at)) {
    if (!ofWord.test(letter)) break;
    at += letter.length;
  }
  return at;
}

/** What only says how Markdown looks: in an excerpt it stands for nothing. */
const signs = [
  /!?\[\[(?:[^\]|]*\|)?(?=[^\]|]*\]\])/g,
  /(?<=\[\[[^\][]*)\]\]/g,
  /!?\[(?=[^\][]*\]\([^)]*\))/g,
  /\]\([^)]*\)/g,
  /\*\*|~~|`+/g,
  /(?<=^|\s)__?(?=[^\s_])|(?<=[^\s_])__?(?=[\s.,;:!?)]|$)/g,
  /(?<=^|\s)#{1,6}\s/g,
  /(?<=^|\s)[-*+] \[[ xX]\]\s/g,
];

type Marks = readonly (readonly [number, number])[];

/** An excerpt of a note as it reads, without the signs of Markdown, and where its marks are then. */
export function withoutSigns(text: string, marks: Marks): { text: string; marks: Marks } {
  const isSign = new Uint8Array(text.length);
  for (const sign of signs) for (const found of text.matchAll(sign)) isSign.fill(1, found.index, found.index + found[0].length);
  // How many stand before each place.
  const before = new Uint32Array(text.length + 1);
  isSign.forEach((sign, at) => {
    before[at + 1] = (before[at] ?? 0) + sign;
  });
  const moved = (at: number): number => {
    const place = Math.max(0, Math.min(at, text.length));
    return place - (before[place] ?? 0);
  };
  return {
    text: Array.from({ length: text.length }, (_, at) => (isSign[at] ? '' : text[at])).join(''),
    marks: marks.map(([from, to]) => [moved(from), moved(to)]),
  };
}
