import type { Readable } from 'node:stream';
import { FactotumError } from '#kernel';

/** A request's body as it comes; one that breaks off says so in our words. */
export async function* piecesOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new FactotumError('request.invalid', 'The body broke off before its end. Send it again.', { cause });
      });
      if (done) return;
      yield value;
    }
  } finally {
    // What still comes after a refusal is for the server to drop; nobody waits for it.
    void reader.cancel().catch(() => undefined);
  }
}

/** Whoever stops reading ends what reads for them. */
export const webStream = (body: Readable): ReadableStream<Uint8Array> => ReadableStream.from(body as AsyncIterable<Uint8Array>); // Bytes come out of it.

/** How many bytes a request announces; undefined when it does not say. */
export function announcedBytes(headers: Headers): number | undefined {
  const declared = headers.get('content-length');
  return declared === null ? undefined : Number(declared);
}

/**
 * The headers of what somebody else has stored or sent, whatever they say it is: in a browser it is a download and never a page of ours.
 * The name in ASCII for everybody, and the true one (RFC 6266).
 */
export function downloadHeaders(path: string): { 'content-type': string; 'content-disposition': string } {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(name.toWellFormed()).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  return {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`,
  };
}
