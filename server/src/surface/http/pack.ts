import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';

/** Below this an answer fits into one packet anyway. */
const bytesMin = 1_200;
/** For what is packed anew at each answer: 3 ms for 200 kB, and within a tenth of what the best quality makes of it. */
const quality = 4;

/**
 * Packs JSON that one of our own pages has asked for. The size of what is packed tells something about it to whoever reads the line and
 * can put text of their choice beside what they want to learn, again and again. So only what the browser says is a request of our own
 * page is packed: no other page can have it asked again. What holds a credential is not packed at all (`holdsCredential` of its route), and what
 * is sent to us is not repeated in an answer.
 */
export async function packForPage(request: Request, response: Response): Promise<Response> {
  if (!isForPage(request) || response.status !== 200 || !isPlainJson(response.headers)) return response;
  const bytes = new Uint8Array(await response.arrayBuffer());
  const headers = new Headers(response.headers);
  headers.append('vary', 'accept-encoding, sec-fetch-site');
  if (bytes.byteLength < bytesMin) return new Response(bytes, { headers });
  const packed = await promisify(brotliCompress)(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.byteLength },
  });
  headers.set('content-encoding', 'br');
  return new Response(new Uint8Array(packed), { headers });
}

const isForPage = ({ method, headers }: Request): boolean =>
  method === 'GET' &&
  headers.get('sec-fetch-site') === 'same-origin' &&
  /(?:^|[\s,])br(?:$|[\s,])/.test(headers.get('accept-encoding') ?? '');

/** Not what is downloaded: that may be larger than memory. */
const isPlainJson = (headers: Headers): boolean =>
  /^application\/json(?:;|$)/.test(headers.get('content-type') ?? '') &&
  !/\bno-transform\b/.test(headers.get('cache-control') ?? '') &&
  !['content-disposition', 'content-encoding', 'content-length', 'etag'].some((name) => headers.has(name));
