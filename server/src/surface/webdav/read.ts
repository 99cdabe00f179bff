import type { Readable } from 'node:stream';
import { isGeneratedPath, readGenerated } from '#flow/projection';
import { etagsOf, readRange } from '#surface/conditional';
import { readNote } from '#trust/vault';
import type { DavCall, WebdavDeps } from './call.ts';
import { Refusal } from './refusal.ts';
import type { Seen } from './seen.ts';
import type { ContentResource, Resource } from './view.ts';

/** Nothing in a vault is ever a page of ours: what is not a text is for downloading. */
export const typeOf = (path: string): string =>
  /\.md$/i.test(path)
    ? 'text/markdown; charset=utf-8'
    : /\.(?:txt|csv|ics|yaml|yml|json)$/i.test(path)
      ? 'text/plain; charset=utf-8'
      : 'application/octet-stream';

/** GET and HEAD: a note, a file or a note drawn from rows, whole or in part. */
export async function readContent(call: DavCall, deps: WebdavDeps, resource: Resource | null, seen: Seen): Promise<Response> {
  if (resource === null) throw new Refusal(404, 'There is nothing at this address.');
  if (resource.kind === 'folder') throw new Refusal(405, 'This is a folder. List it with PROPFIND.');
  const { request } = call;
  const isHead = request.method === 'HEAD';
  const content = await open(call, deps, resource);
  const etag = `"${content.etag}"`;
  const base = {
    etag,
    'cache-control': 'private, no-cache',
    'last-modified': resource.modifiedAt.toUTCString(),
    'accept-ranges': 'bytes',
  };
  if (isUnchanged(request.headers, content.etag, resource.modifiedAt)) return new Response(null, { status: 304, headers: base });
  const ifRange = request.headers.get('if-range');
  const range = readRange(request.headers.get('range'), content.bytes, ifRange === null || ifRange === etag);
  if (range === 'none') return new Response(null, { status: 416, headers: { ...base, 'content-range': `bytes */${content.bytes}` } });
  const { start, end } = range === 'all' ? { start: 0, end: content.bytes } : range;
  const headers = {
    ...base,
    'content-type': typeOf(resource.path),
    'content-length': String(end - start),
    ...(range === 'all' ? {} : { 'content-range': `bytes ${start}-${end - 1}/${content.bytes}` }),
  };
  if (isHead) return new Response(null, { status: 200, headers });
  // Before the first byte: what is taken out is told even if the reader hangs up.
  await deps.accessLog.append(call.principal.tenantId, {
    kind: resource.kind === 'file' ? 'file.read' : 'note.read',
    actor: call.principal.actor,
    at: call.now,
    ...(resource.objectId === '' ? {} : { objectId: resource.objectId }),
    detail: { request: call.requestId, ...(resource.kind === 'file' ? { bytes: end - start } : {}) },
  });
  seen.note(call.principal, resource.path, content.etag);
  const body = await content.read(start, end);
  return new Response(body, { status: range === 'all' ? 200 : 206, headers });
}

interface Content {
  readonly etag: string;
  readonly bytes: number;
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>>;
}

/** What lies there at this moment, which may be newer than what was looked up. */
async function open(call: DavCall, deps: WebdavDeps, { path, kind }: ContentResource): Promise<Content> {
  const { tenantId } = call.principal;
  if (kind === 'file') {
    const found = await deps.vaultFiles.find(tenantId, path);
    if (found === null) throw gone();
    const { file, blob } = found;
    return {
      etag: file.etag,
      bytes: blob.bytes,
      read: async (start, end) => webStream(await deps.vaultFiles.read(tenantId, blob, { start, end })),
    };
  }
  const note = await readText(call, deps, path);
  if (note === null) throw gone();
  return { etag: note.etag, bytes: note.bytes.length, read: async (start, end) => new Uint8Array(note.bytes.subarray(start, end)) };
}

/** A note, stored or drawn. */
export async function readText(
  { keys, inTenant, principal: { tenantId }, now }: DavCall,
  { catalogue }: Pick<WebdavDeps, 'catalogue'>,
  path: string,
): Promise<{ etag: string; bytes: Buffer; trusted: boolean; author: string } | null> {
  return inTenant(async (tx) => {
    if (!isGeneratedPath(path)) return readNote(tx, keys, path);
    const note = await readGenerated({ tx, tenantId, keys, catalogue, now }, path);
    return note && { etag: note.etag, bytes: Buffer.from(note.content), trusted: false, author: '' };
  });
}

export const readFile = async (call: DavCall, deps: Pick<WebdavDeps, 'vaultFiles'>, path: string): Promise<Readable> => {
  const { tenantId } = call.principal;
  const found = await deps.vaultFiles.find(tenantId, path);
  if (found === null) throw gone();
  return deps.vaultFiles.read(tenantId, found.blob);
};

/** Whoever stops reading ends what reads for them. */
const webStream = (body: Readable): ReadableStream<Uint8Array> => ReadableStream.from(body as AsyncIterable<Uint8Array>); // Bytes come out of it.

function isUnchanged(headers: Headers, etag: string, modifiedAt: Date): boolean {
  const ifNoneMatch = headers.get('if-none-match');
  if (ifNoneMatch !== null) return ifNoneMatch.trim() === '*' || etagsOf(ifNoneMatch).includes(etag);
  const since = Date.parse(headers.get('if-modified-since') ?? '');
  return !Number.isNaN(since) && Math.floor(modifiedAt.getTime() / 1_000) <= Math.floor(since / 1_000);
}

const gone = () => new Refusal(404, 'There is nothing at this address any more.');
