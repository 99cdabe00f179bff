import { z } from 'zod';
import { isGeneratedPath } from '#flow/projection';
import { FactotumError } from '#kernel';
import { anyOf, conditionOf, etagsOf, readRange } from '#surface/conditional';
import { normaliseFolder, normalisePath, type VaultFile } from '#trust/vault';
import { showRead } from './access.ts';
import { makeCursor, pageOf, pageQuery, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { fileItemSchema, page } from './schema.ts';
import { announcedBytes, downloadHeaders, piecesOf, webStream } from './streamed.ts';

const pathParams = z.object({ path: z.string() });

/** Files of the vault: what is no note, of any size, streamed in and out. */
export function addFileRoutes(routes: Routes, { vaultFiles: files, accessLog }: Pick<HttpDeps, 'vaultFiles' | 'accessLog'>): void {
  routes.add(
    'vault:read',
    {
      method: 'get',
      path: '/api/v1/vault/files',
      summary: 'List files by path',
      tag: 'vault',
      query: z.strictObject({ prefix: z.string().max(1_000).default(''), ...pageQuery }),
      answers: { 200: page(fileItemSchema) },
      errors: ['vault.path_invalid', 'request.cursor_invalid'],
    },
    async ({ keys, tenantId, query }) => {
      const after = readCursor(keys, 'files', query.cursor) ?? '';
      const found = await files.list(tenantId, normaliseFolder(query.prefix), { after, limit: query.limit + 1 });
      return {
        status: 200,
        body: pageOf(found, query.limit, { present: itemOf, cursorOf: ({ path }) => makeCursor(keys, 'files', path) }),
      };
    },
  );

  routes.add(
    'vault:read',
    {
      method: 'get',
      path: '/api/v1/vault/files/{path}',
      summary: 'Read a file, or a part of it with Range, always as a download',
      tag: 'vault',
      params: pathParams,
      answers: { 200: 'application/octet-stream', 206: 'application/octet-stream', 304: null, 416: null },
      errors: ['file.not_found', 'vault.path_invalid', 'storage.unavailable'],
    },
    async (call) => {
      const { tenantId, request } = call;
      const path = normalisePath(call.params.path);
      const found = await files.find(tenantId, path);
      if (found === null) throw new FactotumError('file.not_found', `There is no file ${path}.`);
      const { file, blob } = found;
      const etag = `"${file.etag}"`;
      const headers = {
        etag,
        'cache-control': 'private, no-cache',
        'last-modified': file.updatedAt.toUTCString(),
        'accept-ranges': 'bytes',
      };
      if (etagsOf(request.headers.get('if-none-match')).includes(file.etag)) return new Response(null, { status: 304, headers });
      const ifRange = request.headers.get('if-range');
      const range = readRange(request.headers.get('range'), blob.bytes, ifRange === null || ifRange === etag);
      if (range === 'none') return new Response(null, { status: 416, headers: { ...headers, 'content-range': `bytes */${blob.bytes}` } });
      const { start, end } = range === 'all' ? { start: 0, end: blob.bytes } : range;
      // Before the first byte: what is taken out is told even if the reader hangs up.
      await showRead(accessLog, call, { kind: 'file.read', objectId: file.fileId, detail: { bytes: end - start } }, () => undefined);
      const body = await files.read(tenantId, blob, { start, end });
      return new Response(webStream(body), {
        status: range === 'all' ? 200 : 206,
        headers: {
          ...headers,
          ...downloadHeaders(path),
          'content-length': String(end - start),
          ...(range === 'all' ? {} : { 'content-range': `bytes ${start}-${end - 1}/${blob.bytes}` }),
        },
      });
    },
  );

  routes.add(
    'vault:write',
    {
      method: 'put',
      path: '/api/v1/vault/files/{path}',
      summary: 'Store a file, up to 2 GiB. Over one that is there only with If-Match',
      tag: 'vault',
      params: pathParams,
      takesBytes: true,
      answers: { 200: fileItemSchema, 201: fileItemSchema },
      errors: [
        'quota.exceeded',
        'request.too_large',
        'vault.path_invalid',
        'vault.changed',
        'vault.exists',
        'vault.generated',
        'file.exists',
        'storage.full',
        'storage.unavailable',
      ],
    },
    async ({ params, request, tenantId, principal, now }) => {
      const path = writable(params.path);
      const { headers } = request;
      const conditions = { ifMatch: conditionOf(headers.get('if-match')), ifNoneMatch: anyOf(headers.get('if-none-match')) };
      const change = { path, author: principal.actor, at: now, ...conditions };
      const body = piecesOf(request.body);
      const { file, isNew } = await files.write(tenantId, change, body, announcedBytes(headers));
      return isNew ? { status: 201, body: itemOf(file) } : { status: 200, body: itemOf(file) };
    },
  );

  routes.add(
    'vault:write',
    {
      method: 'delete',
      path: '/api/v1/vault/files/{path}',
      summary: 'Delete a file',
      tag: 'vault',
      params: pathParams,
      answers: { 204: null },
      errors: ['file.not_found', 'vault.path_invalid', 'vault.changed'],
    },
    async ({ params, request, tenantId, principal, now }) => {
      const ifMatch = conditionOf(request.headers.get('if-match'));
      await files.remove(tenantId, { path: normalisePath(params.path), author: principal.actor, at: now, ifMatch });
      return { status: 204 };
    },
  );
}

function writable(given: string): string {
  const path = normalisePath(given);
  if (isGeneratedPath(path))
    throw new FactotumError('vault.generated', `${path} is drawn from tasks and approvals, so nothing is stored there.`);
  return path;
}

const itemOf = ({ path, etag, sizeBytes, createdAt, updatedAt }: VaultFile) => ({
  path,
  etag,
  sizeBytes,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});
