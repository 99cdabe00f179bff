/** Where something was found, from the first character to the one after the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Finds every place at which one of many patterns stands. */
export type Search = (text: string) => Span[];

/** Every pattern is at least this long, in characters: the window that is looked through. */
const window = 8;
/** Characters that decide together how far the window may move. */
const block = 3;
const slotsBits = 16;

/**
 * Builds a search for many patterns at once (Wu and Manber, "A fast algorithm for multi-pattern searching", 1994). The three characters at
 * the window's end say how far it can move without passing over a pattern's beginning, so that most of the text is never looked at:
 * 3,000 patterns in a line of 500 characters cost a few microseconds, where an alternation in a regular expression takes tens.
 *
 * @param patterns - each of at least 8 characters
 */
export function createSearch(patterns: Iterable<string>): Search {
  const shifts = new Uint8Array(1 << slotsBits).fill(window - block + 1);
  const candidates = new Map<number, string[]>();
  for (const pattern of new Set(patterns)) {
    for (let at = 0; at <= window - block; at += 1) {
      const slot = slotAt(pattern, at);
      shifts[slot] = Math.min(shifts[slot] ?? 0, window - block - at);
    }
    const last = slotAt(pattern, window - block);
    const found = candidates.get(last);
    if (found === undefined) candidates.set(last, [pattern]);
    else found.push(pattern);
  }
  // The longest first: what is found at a place then covers every shorter one there.
  for (const found of candidates.values()) found.sort((one, other) => other.length - one.length);
  if (candidates.size === 0) return () => [];

  return (text) => {
    const spans: Span[] = [];
    for (let at = window - block; at <= text.length - block; ) {
      const slot = slotAt(text, at);
      const shift = shifts[slot] ?? 0;
      if (shift > 0) {
        at += shift;
        continue;
      }
      const start = at - (window - block);
      const pattern = candidates.get(slot)?.find((one) => text.startsWith(one, start));
      if (pattern !== undefined) spans.push({ start, end: start + pattern.length });
      // One on, and not past it: another secret may begin inside this one.
      at += 1;
    }
    return spans;
  };
}

function slotAt(text: string, at: number): number {
  const mixed = (text.charCodeAt(at) * 0x9e37_79b1) ^ (text.charCodeAt(at + 1) * 0x85eb_ca6b) ^ (text.charCodeAt(at + 2) * 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 15)) & ((1 << slotsBits) - 1);
}
