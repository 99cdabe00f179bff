import type { JsonObject } from '#kernel';

/** The start of a text, at most so many UTF-16 code units, never ending in half a character: that could not be stored. */
export function cut(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const end = Math.max(0, charsMax);
  const isHalf = end > 0 && (text.charCodeAt(end - 1) & 0xfc00) === 0xd800;
  return text.slice(0, isHalf ? end - 1 : end);
}

/** Bytes that a value takes as JSON. */
export const jsonBytes = (value: JsonObject | string): number => Buffer.byteLength(JSON.stringify(value));

/** The longest start of a text whose JSON takes no more than these bytes, or a little less than the longest. */
export function cutToBytes(text: string, bytesMax: number): string {
  if (bytesMax < 2) return '';
  let fitting = text;
  for (let bytes = jsonBytes(fitting); bytes > bytesMax; bytes = jsonBytes(fitting))
    fitting = cut(fitting, Math.floor((fitting.length * bytesMax) / bytes) - 1);
  return fitting;
}
