import { diff3Merge } from 'node-diff3';

/** Beyond these, finding what two texts share takes longer than a person reading both. */
const mergeBytesMax = 1_000_000;
const mergeLinesMax = 5_000;

/**
 * Joins two changes of one text line by line.
 *
 * @returns null when they touch the same lines, when one of the three is no text, or when they are too long.
 */
export function mergeTexts(base: Uint8Array, one: Uint8Array, other: Uint8Array): Uint8Array | null {
  const lines = [base, one, other].map(linesOf);
  const [was, here, there] = lines;
  if (was == null || here == null || there == null) return null;
  const merged: string[] = [];
  for (const region of diff3Merge(here, was, there, { excludeFalseConflicts: true })) {
    if (region.ok === undefined) return null;
    merged.push(...region.ok);
  }
  return Buffer.from(merged.join(''));
}

/** Each with its own line end. */
function linesOf(bytes: Uint8Array): string[] | null {
  if (bytes.length > mergeBytesMax) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const lines = text.split(/(?<=\n)/);
    return text.includes('\0') || lines.length > mergeLinesMax ? null : lines;
  } catch {
    return null;
  }
}
