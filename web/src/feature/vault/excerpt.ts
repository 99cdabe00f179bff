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
