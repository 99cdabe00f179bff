/** What of a body is asked for: all of it, a part from `start` to before `end`, or a part that it does not have. */
export type AskedRange = 'all' | 'none' | { readonly start: number; readonly end: number };

/**
 * Reads a Range header (RFC 9110, 14.2). Several parts at once, other units and what is malformed are answered with all of it, as a server
 * may.
 *
 * @param isCurrent - whether what stands in If-Range, if anything does, is still so
 */
export function readRange(header: string | null, size: number, isCurrent: boolean): AskedRange {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (!isCurrent || (first === '' && last === '')) return 'all';
  if (first === '') return Number(last) === 0 || size === 0 ? 'none' : { start: Math.max(size - Number(last), 0), end: size };
  const start = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  if (last !== '' && Number(last) < start) return 'all';
  return start >= size ? 'none' : { start, end };
}
