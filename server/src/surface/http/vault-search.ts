import { z } from 'zod';
import { showRead } from './access.ts';
import { makeCursor, pageQuery, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { page, time } from './schema.ts';

const foundSchema = z.object({
  id: z.string(),
  path: z.string(),
  title: z.string(),
  snippet: z.string().meta({ description: 'Plain text around what was found, on one line.' }),
  marks: z.array(z.tuple([z.int(), z.int()])).meta({ description: 'Where in the snippet it stands: from and to, in UTF-16 units.' }),
  updatedAt: time,
});

/** Notes by their words. */
export function addVaultSearchRoutes(routes: Routes, { vaultSearch, accessLog }: Pick<HttpDeps, 'vaultSearch' | 'accessLog'>): void {
  routes.add(
    'vault:read',
    {
      method: 'get',
      path: '/api/v1/vault/search',
      summary: 'Find notes by words, "phrases", folder:Name and title:Word, the best first',
      tag: 'vault',
      query: z.strictObject({ q: z.string().trim().min(1).max(500), ...pageQuery }),
      answers: { 200: page(foundSchema) },
      errors: ['request.cursor_invalid'],
    },
    async (call) => {
      const { keys, tenantId, now, query } = call;
      const list = `vault search ${query.q}`;
      const offset = Number(readCursor(keys, list, query.cursor) ?? 0);
      const { notes, hasMore } = await vaultSearch.search(tenantId, { text: query.q, offset, limit: Math.min(query.limit, 50), at: now });
      const items = notes.map(({ noteId: id, path, title, snippet, updatedAt }) => ({
        ...{ id, path, title, snippet: snippet.text, updatedAt: updatedAt.toISOString() },
        marks: snippet.marks.map(([from, to]): [number, number] => [from, to]),
      }));
      const nextCursor = hasMore ? makeCursor(keys, list, String(offset + notes.length)) : null;
      // Snippets are content.
      return showRead(accessLog, call, { detail: { what: 'vault search', notes: notes.length } }, () => ({
        status: 200 as const,
        body: { items, nextCursor },
      }));
    },
  );
}
