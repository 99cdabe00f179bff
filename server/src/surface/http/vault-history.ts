import { z } from 'zod';
import { FactotumError, type Id, isId } from '#kernel';
import { conditionOf } from '#surface/conditional';
import {
  type DeletedPlace,
  listDeleted,
  type NoteVersion,
  normalisePath,
  noteHistory,
  readNote,
  readVersion,
  restoreVersion,
} from '#trust/vault';
import { showRead } from './access.ts';
import { jsonBody } from './body.ts';
import { makeCursor, pageOf, pageQuery, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { noteItemSchema, page, time } from './schema.ts';

const versionSchema = z.object({
  id: z.string(),
  path: z.string(),
  version: z.int(),
  change: z.enum(['written', 'moved', 'deleted', 'restored']),
  sizeBytes: z.int(),
  trusted: z.boolean(),
  author: z.string(),
  at: time,
});

const deletedList = 'deleted notes';

/** What notes were, and having it back. A note goes by its id here: its path is only where it stands now. */
export function addVaultHistoryRoutes(routes: Routes, { accessLog }: Pick<HttpDeps, 'accessLog'>): void {
  routes.add(
    'vault:read',
    {
      method: 'get',
      path: '/api/v1/vault/history',
      summary: 'Versions of the note at a path, newest first',
      tag: 'vault',
      query: z.strictObject({ path: z.string().max(1_000), ...pageQuery }),
      answers: { 200: page(versionSchema) },
      errors: ['vault.not_found', 'vault.path_invalid', 'request.cursor_invalid'],
    },
    async ({ keys, inTenant, query: { path: given, cursor, limit } }) => {
      const path = normalisePath(given);
      const list = `history ${path}`;
      const before = readCursor(keys, list, cursor);
      const versions = await inTenant(async (tx) => {
        const note = await readNote(tx, keys, path);
        if (note === null) throw noNote();
        return noteHistory(tx, keys, note.noteId, { limit: limit + 1, before: before === null ? undefined : Number(before) });
      });
      return {
        status: 200,
        body: pageOf(versions, limit, { present, cursorOf: ({ version }) => makeCursor(keys, list, String(version)) }),
      };
    },
  );
  routes.add(
    'vault:read',
    {
      method: 'get',
      path: '/api/v1/vault/history/{id}',
      summary: 'Versions of a note by its id, newest first, also of a deleted one',
      tag: 'vault',
      params: z.object({ id: z.string() }),
      query: z.strictObject(pageQuery),
      answers: { 200: page(versionSchema) },
      errors: ['vault.not_found', 'request.cursor_invalid'],
    },
    async ({ keys, inTenant, params, query: { cursor, limit } }) => {
      const id = noteIdOf(params.id);
      const list = `history ${id}`;
      const before = readCursor(keys, list, cursor);
      const range = { limit: limit + 1, before: before === null ? undefined : Number(before) };
      const versions = await inTenant((tx) => noteHistory(tx, keys, id, range));
      if (versions.length === 0 && before === null) throw noNote();
      return {
        status: 200,
        body: pageOf(versions, limit, { present, cursorOf: ({ version }) => makeCursor(keys, list, String(version)) }),
      };
    },
  );
  const versionParams = z.object({ id: z.string(), version: z.string() });
  routes.add(
    'vault:read',
    {
      method: 'get',
      path: '/api/v1/vault/history/{id}/versions/{version}',
      summary: 'A note as it was in a version, as its bytes',
      tag: 'vault',
      params: versionParams,
      answers: { 200: 'application/octet-stream' },
      errors: ['vault.not_found'],
    },
    async (call) => {
      const id = noteIdOf(call.params.id);
      const note = await call.inTenant((tx) => readVersion(tx, call.keys, id, versionOf(call.params.version)));
      if (note === null || note.change === 'deleted') throw noVersion();
      // Whatever it holds, in a browser it is a download and never a page of ours.
      const headers = {
        'content-type': 'application/octet-stream',
        'content-disposition': 'attachment',
        'cache-control': 'private, no-cache',
      };
      return showRead(
        accessLog,
        call,
        { kind: 'note.read', objectId: id, detail: { version: note.version } },
        () => new Response(new Uint8Array(note.bytes), { headers }),
      );
    },
  );
  routes.add(
    'vault:write',
    {
      method: 'post',
      path: '/api/v1/vault/history/{id}/versions/{version}/restore',
      summary: 'Make a note again what it was in a version, path and all, as a new version',
      tag: 'vault',
      params: versionParams,
      body: jsonBody(z.strictObject({ ifMatch: z.string().max(200).optional() }), { isOptional: true, bytesMax: 4_096 }),
      answers: { 200: noteItemSchema },
      errors: ['vault.not_found', 'vault.exists', 'vault.changed'],
    },
    async ({ keys, inTenant, params, body, request, principal, now }) => {
      const ifMatch = conditionOf(request.headers.get('if-match')) ?? conditionOf(body.ifMatch ?? null);
      const change = { author: principal.actor, trusted: true, at: now, ifMatch } as const;
      const id = noteIdOf(params.id);
      const note = await inTenant((tx) => restoreVersion(tx, keys, { ...change, noteId: id, version: versionOf(params.version) }));
      const { path, etag, sizeBytes, trusted, updatedAt } = note;
      return { status: 200, body: { path, etag, sizeBytes, trusted, generated: false, updatedAt: updatedAt.toISOString() } };
    },
  );
  routes.add(
    'vault:read',
    {
      method: 'get',
      path: '/api/v1/vault/deleted',
      summary: 'Deleted notes that can be restored, the latest first',
      tag: 'vault',
      query: z.strictObject(pageQuery),
      answers: { 200: page(versionSchema.extend({ restorable: z.int().nullable().meta({ description: 'The version to restore.' }) })) },
      errors: ['request.cursor_invalid'],
    },
    async ({ keys, inTenant, query: { cursor, limit } }) => {
      const found = await inTenant((tx) => listDeleted(tx, keys, placeIn(readCursor(keys, deletedList, cursor)), limit + 1));
      const body = pageOf(found, limit, {
        // The version before the deletion: what was deleted.
        present: (row) => ({ ...present(row), restorable: row.version > 1 ? row.version - 1 : null }),
        cursorOf: ({ updatedAt, noteId }) => makeCursor(keys, deletedList, `${updatedAt.getTime()} ${noteId}`),
      });
      return { status: 200, body };
    },
  );
}

function placeIn(position: string | null): DeletedPlace | null {
  const [at, noteId = ''] = position?.split(' ') ?? [];
  return at !== undefined && isId('note', noteId) ? { at: new Date(Number(at)), noteId } : null;
}

/** What is no id or version is not there. */
function noteIdOf(given: string): Id<'note'> {
  if (!isId('note', given)) throw noNote();
  return given;
}
const versionOf = (given: string): number => (/^\d{1,9}$/.test(given) ? Number(given) : 0);

const noNote = () => new FactotumError('vault.not_found', 'There is no such note.');
const noVersion = () => new FactotumError('vault.not_found', 'There is no text in this version: it is a deletion, or is forgotten.');

const present = ({ noteId: id, path, version, change, sizeBytes, trusted, author, updatedAt }: NoteVersion) => ({
  ...{ id, path, version, change, sizeBytes, trusted, author },
  at: updatedAt.toISOString(),
});
