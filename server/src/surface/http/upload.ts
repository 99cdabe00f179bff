import { z } from 'zod';
import { FactotumError } from '#kernel';

/** An archive with what opens it: a line of JSON, `{"passphrase": "..."}`, and behind its end the archive's bytes, of any number. */
export const uploadType = 'application/vnd.factotum.import';

const lineBytesMax = 8_192;
const newline = 0x0a;

/** Reads the line; the bytes come as they are asked for. @throws FactotumError `request.invalid`. */
export async function readUpload(
  body: ReadableStream<Uint8Array> | null,
): Promise<{ passphrase: string; bytes: AsyncIterable<Uint8Array> }> {
  if (body === null) throw malformed();
  const pieces = body[Symbol.asyncIterator]();
  let seen: Buffer = Buffer.alloc(0);
  for (let end = -1; ; end = seen.indexOf(newline)) {
    if (end >= 0) return { passphrase: passphraseOf(seen.subarray(0, end)), bytes: continued(seen.subarray(end + 1), pieces) };
    const { done, value } = await pieces.next();
    if (done === true || seen.length > lineBytesMax) throw malformed();
    seen = Buffer.concat([seen, value]);
  }
}

function passphraseOf(line: Buffer): string {
  try {
    return z.strictObject({ passphrase: z.string().max(1_024) }).parse(JSON.parse(line.toString('utf8'))).passphrase;
  } catch {
    throw malformed(); // whatever it is, it may hold a passphrase: nothing of it is told
  }
}

async function* continued(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

const malformed = () => new FactotumError('request.invalid', 'Send a line of JSON with the `passphrase`, then the archive.');
