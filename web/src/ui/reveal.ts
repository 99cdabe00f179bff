/** A stretch of foreign text: shown as it is, or marked because the eye cannot see or tell what it is. */
export type Segment = { kind: 'plain' | 'lookalike'; text: string } | { kind: 'hidden'; name: string; count: number };

// Control, format, direction and other ignorable characters and broken halves of pairs; not line breaks and tabs. The joiner and the
// variation selector behind a picture are how emoji are written.
const hidden = /(?![\n\r\t])(?!(?<=\p{Extended_Pictographic}|\p{Emoji_Modifier}|\uFE0F)(?:\u200D|\uFE0F))[\p{Cc}\p{Cs}\p{DI}\p{Bidi_C}]/uy;
const mark = /\p{M}/u;
/** No script stacks more marks than this on one letter; towers of them cover the lines above. */
const marksMax = 4;
const word = /[\p{L}\p{M}\p{N}]+/gu;
const otherAlphabets = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\u{1D400}-\u{1D7FF}\uFF21-\uFF5A]/u;

/** Cuts a text into what is plain, what hides, and the letters that only look Latin inside a Latin word. */
export function reveal(text: string): Segment[] {
  const segments: Segment[] = [];
  const strange = lookalikes(text);
  let at = 0;
  let marks = 0;
  for (const letter of text) {
    hidden.lastIndex = at;
    marks = mark.test(letter) ? marks + 1 : 0;
    if (hidden.test(text) || marks > marksMax) addHidden(segments, letter);
    else addText(segments, strange.has(at) ? 'lookalike' : 'plain', letter);
    at += letter.length;
  }
  return segments;
}

/** Whether `reveal` would mark anything. */
export const isSuspicious = (text: string): boolean => reveal(text).some((segment) => segment.kind !== 'plain');

/** Positions of letters of another alphabet in words that also have Latin letters. */
function lookalikes(text: string): Set<number> {
  const positions = new Set<number>();
  const isOther = (letter: string) => otherAlphabets.test(letter) && !mark.test(letter);
  for (const { 0: letters, index } of text.matchAll(word)) {
    if (!/\p{Script=Latin}/u.test(letters) || ![...letters].some(isOther)) continue;
    let at = index;
    for (const letter of letters) {
      if (isOther(letter)) positions.add(at);
      at += letter.length;
    }
  }
  return positions;
}

function addHidden(segments: Segment[], letter: string): void {
  const name = `U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  const last = segments.at(-1);
  if (last?.kind === 'hidden' && last.name === name) last.count += 1;
  else segments.push({ kind: 'hidden', name, count: 1 });
}

function addText(segments: Segment[], kind: 'plain' | 'lookalike', letter: string): void {
  const last = segments.at(-1);
  if (last?.kind === kind) last.text += letter;
  else segments.push({ kind, text: letter });
}
