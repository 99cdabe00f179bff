import { z } from 'zod';
import { FactotumError } from '#kernel';
import { type AuditEntry, entryProof, listEntries, publicHead, tile, verifyTenantLog } from '#trust/audit';
import { jsonBody } from './body.ts';
import { makeCursor, pageOf, pageQuery, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import type { Call, Routes } from './route.ts';
import { auditEntrySchema, logReportSchema, page, proofSchema } from './schema.ts';
import { presentEntry } from './task-page.ts';

const seq = z.coerce.number<string>().int().min(-1).max(Number.MAX_SAFE_INTEGER);

export function addAuditRoutes(routes: Routes, { database, keyring, auditor }: Pick<HttpDeps, 'database' | 'keyring' | 'auditor'>): void {
  routes.add(
    'audit:read',
    {
      method: 'get',
      path: '/api/v1/audit/entries',
      summary: 'List entries: newest first, or with `after` oldest first',
      tag: 'audit',
      query: z.strictObject({
        after: seq.optional().meta({ description: 'Only entries after this number, oldest first.' }),
        before: seq.optional().meta({ description: 'Only entries before this number.' }),
        taskId: z.string().max(100).optional(),
        ...pageQuery,
      }),
      answers: { 200: page(auditEntrySchema) },
      errors: ['request.cursor_invalid'],
    },
    async ({ query: { after, before, taskId, limit, cursor }, keys, tenantId, inTenant }) => {
      // The order is part of a cursor, as it is of a page.
      const list = after === undefined ? 'audit newest first' : 'audit oldest first';
      const position = readCursor(keys, list, cursor);
      const turned = position === null ? {} : after === undefined ? { beforeSeq: Number(position) } : { afterSeq: Number(position) };
      const query = { tenantId, afterSeq: after, beforeSeq: before, taskId, limit: limit + 1, ...turned };
      const rows = await inTenant((tx) => listEntries(tx, query));
      return { status: 200, body: pageOf(rows, limit, { present: present, cursorOf: (row) => makeCursor(keys, list, String(row.seq)) }) };
    },
  );

  routes.add(
    'audit:read',
    {
      method: 'get',
      path: '/api/v1/audit/entries/{seq}/proof',
      summary: 'Prove that an entry is in the log as last signed',
      tag: 'audit',
      params: z.object({ seq: z.string() }),
      answers: { 200: proofSchema },
      errors: ['request.not_found', 'audit.broken'],
    },
    async ({ params, tenantId, inTenant }) => {
      const wanted = /^\d{1,15}$/.test(params.seq) ? Number(params.seq) : null;
      const proof = wanted === null ? null : await inTenant((tx) => entryProof(tx, tenantId, wanted));
      if (proof === null) throw new FactotumError('request.not_found', 'There is no such entry, or it is not signed yet.');
      const { body, leafHash, size, hashes, checkpoint, verifierKey } = proof;
      const hex = { leafHash: leafHash.toString('hex'), hashes: hashes.map((hash) => hash.toString('hex')) };
      return { status: 200, body: { seq: proof.seq, body, size, checkpoint, verifierKey, ...hex } };
    },
  );

  routes.add(
    'audit:read',
    {
      method: 'post',
      path: '/api/v1/audit/verify',
      limit: 'export',
      summary: 'Read the whole log again and check every hash, MAC and signature',
      tag: 'audit',
      body: jsonBody(z.strictObject({}), { isOptional: true }),
      answers: { 200: logReportSchema },
    },
    async ({ tenantId }) => {
      const { holds, fault, entries, root, checkpointAt } = await verifyTenantLog(database, keyring, tenantId, { auditorKey: auditor });
      const report = { ok: holds, entries, checkpointAt: checkpointAt.toISOString(), root: root.toString('base64') };
      return { status: 200, body: fault === null ? report : { ...report, fault } };
    },
  );

  addLogFiles(routes);
}

/** The log as c2sp.org/tlog-tiles publishes it. Paths and media types are that document's. */
function addLogFiles(routes: Routes): void {
  const file = (path: `/${string}`, type: string, summary: string) =>
    ({
      method: 'get',
      path: `/api/v1/audit/log/${path.slice(1)}`,
      summary,
      tag: 'audit',
      answers: { 200: type },
      errors: ['request.not_found'],
    }) as const;
  const head = async ({ tenantId, inTenant }: Call) => {
    const found = await inTenant((tx) => publicHead(tx, tenantId));
    if (found === null) throw new FactotumError('request.not_found', 'There is no audit log.');
    return found;
  };

  routes.add('audit:read', file('/checkpoint', 'text/plain', 'The newest signed checkpoint'), async (call) =>
    fileResponse((await head(call)).checkpoint, 'text/plain; charset=utf-8', 'no-cache'),
  );
  routes.add('audit:read', file('/key', 'text/plain', 'The key that checkpoints are verified with'), async (call) =>
    fileResponse(`${(await head(call)).verifierKey}\n`, 'text/plain; charset=utf-8', 'no-cache'),
  );
  routes.add(
    'audit:read',
    {
      ...file('/tile/{path}', 'application/octet-stream', 'A tile of the tree, or of the entries'),
      params: z.object({ path: z.string() }),
    },
    async ({ params, tenantId, inTenant }) => {
      const bytes = await inTenant((tx) => tile(tx, tenantId, `tile/${params.path}`));
      if (bytes === null) throw new FactotumError('request.not_found', 'There is no such tile, or the log has not grown to it yet.');
      return fileResponse(new Uint8Array(bytes), 'application/octet-stream', 'private, max-age=31536000, immutable');
    },
  );
}

const fileResponse = (body: string | Uint8Array<ArrayBuffer>, type: string, cache: string) =>
  new Response(body, { headers: { 'content-type': type, 'cache-control': cache } });

const present = (entry: AuditEntry) => {
  const { objectId, taskId, body } = entry;
  return { ...presentEntry(entry), objectId, taskId, body };
};
