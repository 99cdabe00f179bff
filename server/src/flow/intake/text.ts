/** The start of a text, at most so many UTF-16 code units, never ending in half a character: that could not be stored. */
export function cut(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const end = Math.max(0, charsMax);
  const isHalf = end > 0 && (text.charCodeAt(end - 1) & 0xfc00) === 0xd800;
  return text.slice(0, isHalf ? end - 1 : end);
}
