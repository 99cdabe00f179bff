import { invalid } from './fault.ts';

const newline = 0x0a;

/** The lines of a part, without their ends. @throws FactotumError `archive.invalid` for one that is longer, no UTF-8, or has no end. */
export async function* linesOf(body: AsyncIterable<Buffer>, bytesMax: number): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body) {
    let rest = piece;
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
      pieces.push(rest.subarray(0, end));
      yield decode(decoder, Buffer.concat(pieces));
      pieces = [];
      length = 0;
      rest = rest.subarray(end + 1);
    }
    pieces.push(rest);
    length += rest.length;
    if (length > bytesMax) throw invalid('a line in it is too long');
  }
  if (length > 0) throw invalid('a line in it has no end');
}

/** A small part as a whole. @throws FactotumError `archive.invalid` when it is larger. */
export async function bytesOf(body: AsyncIterable<Buffer>, bytesMax: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body) {
    pieces.push(piece);
    length += piece.length;
    if (length > bytesMax) throw invalid('a part of it is too large');
  }
  return Buffer.concat(pieces);
}

/** JSON as a value that a schema still has to look at. @throws FactotumError `archive.invalid`. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid('something in it is not JSON', cause);
  }
}

function decode(decoder: InstanceType<typeof TextDecoder>, bytes: Buffer): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw invalid('a line in it is not UTF-8', cause);
  }
}
