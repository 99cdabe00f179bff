/**
 * Joins parts without ambiguity: each is preceded by its length as four bytes, big-endian, so that ('ab','c') and ('a','bc') differ.
 * Texts are taken as UTF-8.
 */
export function bind(...parts: readonly (string | Uint8Array)[]): Buffer {
  let total = 0;
  for (const part of parts) total += 4 + byteLength(part);
  const bound = Buffer.allocUnsafe(total);
  let offset = 0;
  for (const part of parts) {
    const length = byteLength(part);
    offset = bound.writeUInt32BE(length, offset);
    if (typeof part === 'string') bound.write(part, offset, 'utf8');
    else bound.set(part, offset);
    offset += length;
  }
  return bound;
}

const byteLength = (part: string | Uint8Array) => (typeof part === 'string' ? Buffer.byteLength(part, 'utf8') : part.length);
