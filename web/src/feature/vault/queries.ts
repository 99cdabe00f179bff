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

/** What a note holds, as far as it can be read. */
export type NoteContent = { kind: 'markdown' | 'text'; text: string } | { kind: 'binary' };

/** One note. */
export const noteQuery = (path: string) =>
  queryOptions({ queryKey: ['vault', 'note', path], queryFn: ({ signal }) => fetchNote(path, signal) });

async function fetchNote(path: string, signal: AbortSignal): Promise<NoteContent> {
  const address = path.split('/').map(encodeURIComponent).join('/');
  const response = await request('GET', `/vault/notes/${address}`, { signal });
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('text/markdown')) return { kind: 'markdown', text: await response.text() };
  // Payment orders are XML, which the vault only offers for download.
  if (type.startsWith('text/') || /\.xml$/i.test(path)) return { kind: 'text', text: await response.text() };
  return { kind: 'binary' };
}

/** The file's name; a note about a task or approval without the id that makes it unique. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1).replace(/ (?:tsk|apr)_[0-9a-f]{24}(?=\.md$)/, '');
