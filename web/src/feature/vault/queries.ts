import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { get, request } from '../../api/client.ts';
import type { NoteItem, Page } from '../../api/types.ts';

/** The notes of the vault in the order of their paths. */
export const notesQuery = infiniteQueryOptions({
  queryKey: ['vault', 'notes'],
  queryFn: ({ pageParam, signal }) => get<Page<NoteItem>>('/vault/notes', { query: { cursor: pageParam }, signal }),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.nextCursor ?? undefined,
});

/** The Markdown of one note. */
export const noteQuery = (path: string) =>
  queryOptions({ queryKey: ['vault', 'note', path], queryFn: ({ signal }) => fetchNote(path, signal) });

async function fetchNote(path: string, signal: AbortSignal): Promise<string> {
  const address = path.split('/').map(encodeURIComponent).join('/');
  const response = await request('GET', `/vault/notes/${address}`, { signal });
  if (!response.headers.get('content-type')?.includes('json')) return response.text();
  const note = (await response.json()) as { content?: string }; // Read with care in the next line.
  return note.content ?? '';
}
