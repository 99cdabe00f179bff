import { z } from 'zod';
import { refuseAltered } from '#flow/approval';
import { FactotumError } from '#kernel';
import { anyOf, conditionOf, etagsOf } from '#surface/conditional';
import { normaliseFolder, normalisePath, noteBytesMax } from '#trust/vault';
import { showRead } from './access.ts';
import { jsonBody, rawBody } from './body.ts';
import { makeCursor, pageOf, pageQuery, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import { changeNote, listAllNotes, moveAnyNote, readAnyNote, removeNote } from './note.ts';
import type { Call, Routes } from './route.ts';
import { movedSchema, noteItemSchema, page } from './schema.ts';
import { toolsOf } from './tenant-tools.ts';

const pathParams = z.object({ path: z.string() });
const noteTypes = ['text/markdown', 'text/plain', 'application/octet-stream'] as const;

export function addVaultRoutes(routes: Routes, deps: Pick<HttpDeps, 'catalogue' | 'accessLog' | 'onRung'>): void {
  const { catalogue: own, accessLog } = deps;
  /** One unit of work over stored and generated notes. */
  const inVault = <R>(call: Call, work: (vault: Parameters<typeof readAnyNote>[0]) => Promise<R>) => {
    const { tenantId, keys, now, principal } = call;
    return call.inTenant(async (tx) => work({ tx, tenantId, keys, catalogue: await toolsOf(own, tx, keys), now, actor: principal.actor }));
  };

  routes.add(
    'vault:read',
    {
      method: 'get',
      path: '/api/v1/vault/notes',
      summary: 'List notes by path',
      tag: 'vault',
      query: z.strictObject({ prefix: z.string().max(1_000).default(''), ...pageQuery }),
      answers: { 200: page(noteItemSchema) },
      errors: ['vault.path_invalid', 'request.cursor_invalid'],
    },
    async (call) => {
      const { keys, query } = call;
      const after = readCursor(keys, 'notes', query.cursor) ?? '';
      const folder = normaliseFolder(query.prefix);
      const notes = await inVault(call, (vault) => listAllNotes(vault, { folder, after, limit: query.limit + 1 }));
      return {
        status: 200,
        body: pageOf(notes, query.limit, { present: (note) => note, cursorOf: ({ path }) => makeCursor(keys, 'notes', path) }),
      };
    },
  );

  routes.add(
    'vault:read',
    {
      method: 'get',
      path: '/api/v1/vault/notes/{path}',
      summary: 'Read a note, as its bytes',
      tag: 'vault',
      params: pathParams,
      answers: { 200: 'text/markdown', 304: null },
      errors: ['vault.not_found', 'vault.path_invalid'],
    },
    async (call) => {
      const path = normalisePath(call.params.path);
      const note = await inVault(call, (vault) => readAnyNote(vault, path));
      if (note === null) throw new FactotumError('vault.not_found', `There is no note ${path}.`);
      const headers = { etag: `"${note.etag}"`, 'cache-control': 'private, no-cache', 'last-modified': note.updatedAt.toUTCString() };
      const isKnown = etagsOf(call.request.headers.get('if-none-match')).includes(note.etag);
      const read = { kind: 'note.read', objectId: note.id } as const;
      return showRead(accessLog, call, read, () =>
        isKnown
          ? new Response(null, { status: 304, headers })
          : new Response(new Uint8Array(note.bytes), { headers: { ...headers, 'content-type': typeOf(path) } }),
      );
    },
  );

  routes.add(
    'vault:write',
    {
      method: 'put',
      path: '/api/v1/vault/notes/{path}',
      summary: 'Write a note. Over one that is there only with If-Match',
      tag: 'vault',
      params: pathParams,
      query: z.strictObject({
        trusted: z
          .enum(['true', 'false'])
          .default('true')
          .meta({ description: 'false: a text that the sender passes on and does not vouch for. It stands where tools may write.' }),
      }),
      body: rawBody(noteTypes, noteBytesMax),
      answers: { 200: noteItemSchema, 201: noteItemSchema },
      errors: ['quota.exceeded', 'vault.path_invalid', 'vault.changed', 'vault.exists', 'vault.generated', 'vault.protected'],
    },
    async (call) => {
      const path = normalisePath(call.params.path);
      refuseBinaryText(path, call.body);
      const { headers } = call.request;
      const conditions = { ifMatch: conditionOf(headers.get('if-match')), ifNoneMatch: anyOf(headers.get('if-none-match')) };
      const trusted = call.query.trusted === 'true';
      const { note, isNew } = await inVault(call, (vault) => changeNote(vault, { path, bytes: call.body, trusted, ...conditions }));
      return isNew ? { status: 201, body: note } : { status: 200, body: note };
    },
  );

  routes.add(
    'vault:write',
    {
      method: 'delete',
      path: '/api/v1/vault/notes/{path}',
      summary: 'Delete a note. Its versions stay',
      tag: 'vault',
      params: pathParams,
      answers: { 204: null },
      errors: ['vault.not_found', 'vault.path_invalid', 'vault.changed', 'vault.generated'],
    },
    async (call) => {
      const path = normalisePath(call.params.path);
      await inVault(call, (vault) => removeNote(vault, { path, ifMatch: conditionOf(call.request.headers.get('if-match')) }));
      return { status: 204 };
    },
  );

  routes.add(
    'vault:write',
    {
      method: 'post',
      path: '/api/v1/vault/move',
      summary: 'Move a note. A pending approval moved to Approved/ or Rejected/ is decided',
      tag: 'vault',
      body: jsonBody(z.strictObject({ from: z.string().max(1_000), to: z.string().max(1_000), ifMatch: z.string().max(200).optional() })),
      answers: { 200: movedSchema },
      errors: [
        'quota.exceeded',
        'vault.not_found',
        'vault.path_invalid',
        'vault.changed',
        'vault.exists',
        'vault.generated',
        'approval.note_changed',
        'approval.changed',
        'approval.already_decided',
        'approval.person_required',
        'approval.own_request',
      ],
    },
    async (call) => {
      const { from, to, ifMatch } = call.body;
      const move = { from: normalisePath(from), to: normalisePath(to), ifMatch: conditionOf(ifMatch ?? null) };
      const mayDecide = call.principal.permissions.has('approval:decide');
      const moved = await inVault(call, (vault) => moveAnyNote(vault, { ...move, mayDecide }));
      const { path, etag } = moved;
      if (!('approval' in moved)) return { status: 200, body: { path, etag } };
      deps.onRung(call.tenantId);
      refuseAltered(moved.approval);
      return { status: 200, body: { path, etag, decision: moved.decision } };
    },
  );
}

const isText = (path: string): boolean => /\.(?:md|txt|csv|ics|yaml|yml|json)$/i.test(path);

/** A note that says it is text is read as text by everybody, planners included. */
function refuseBinaryText(path: string, bytes: Uint8Array): void {
  if (!isText(path)) return;
  try {
    if (!new TextDecoder('utf-8', { fatal: true }).decode(bytes).includes('\0')) return;
  } catch {
    // Not UTF-8: refused below.
  }
  throw new FactotumError(
    'request.invalid',
    'The note is called a text, but its bytes are not one: send UTF-8 without U+0000, or choose another file name.',
  );
}

/** Nothing in a vault is ever a page of ours: what is not Markdown is for downloading. */
const typeOf = (path: string): string =>
  /\.md$/i.test(path) ? 'text/markdown; charset=utf-8' : isText(path) ? 'text/plain; charset=utf-8' : 'application/octet-stream';
