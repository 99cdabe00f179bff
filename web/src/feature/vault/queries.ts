import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { get, request } from '../../api/client.ts';
import { listQuery } from '../../api/list.ts';
import type { NoteItem, Page } from '../../api/types.ts';
import type { DeletedNote, FoundNote, NoteLinks, NoteVersion } from '../../api/vault.ts';

/** The notes of the vault in the order of their paths. */
export const notesQuery = infiniteQueryOptions({
  queryKey: ['vault', 'notes'],
  queryFn: ({ pageParam, signal }) => get<Page<NoteItem>>('/vault/notes', { query: { cursor: pageParam }, signal }),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.nextCursor ?? undefined,
});

/** What a note holds, as far as it can be read. */
export type NoteContent = ({ kind: 'markdown' | 'text'; text: string } | { kind: 'binary' }) & {
  /** Of the version that was read. */
  etag: string;
};

/** One note. */
export const noteQuery = (path: string) =>
  queryOptions({ queryKey: ['vault', 'note', path], queryFn: ({ signal }) => fetchNote(path, signal) });

async function fetchNote(path: string, signal: AbortSignal): Promise<NoteContent> {
  const response = await request('GET', addressOf(path), { signal });
  const etag = (response.headers.get('etag') ?? '').replace(/^(?:W\/)?"|"$/g, '');
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('text/markdown')) return { kind: 'markdown', text: await response.text(), etag };
  // Payment orders are XML, which the vault only offers for download.
  if (type.startsWith('text/') || /\.xml$/i.test(path)) return { kind: 'text', text: await response.text(), etag };
  return { kind: 'binary', etag };
}

const addressOf = (path: string): string => `/vault/notes/${path.split('/').map(encodeURIComponent).join('/')}`;

/**
 * Saves a note over the version that was read, or, without one, where there is none yet. @throws ApiError `vault.changed`, `vault.exists`
 */
export async function saveNote(path: string, source: string, etag: string | null): Promise<NoteItem> {
  const response = await request('PUT', addressOf(path), {
    bytes: new Blob([source], { type: 'text/markdown' }),
    headers: etag === null ? { 'if-none-match': '*' } : { 'if-match': `"${etag}"` },
  });
  return (await response.json()) as NoteItem; // As the route declares.
}

/** Deletes a note, if it is still what was read. */
export const removeNote = (path: string, etag: string): Promise<Response> =>
  request('DELETE', addressOf(path), { headers: { 'if-match': `"${etag}"` } });

/** Notes that have these words, the best first. What is found is told in the log, so nothing is asked that nobody sent off. */
export const searchQuery = (q: string) => ({
  ...listQuery<FoundNote>('vault-search', '/vault/search', { q }),
  enabled: q !== '',
  staleTime: 30_000,
});

/** Where a note leads and what leads to it. */
export const linksQuery = (path: string) =>
  queryOptions({
    queryKey: ['vault', 'links', path],
    queryFn: ({ signal }) => get<NoteLinks>('/vault/links', { query: { path }, signal }),
    retry: false,
  });

/** What changes of the vault make old; the first parts of the keys. */
export const vaultKeys = ['vault', 'vault-search', 'vault-history', 'vault-version', 'vault-deleted'] as const;

/** The versions of a note, newest first: by its id, or by where it stands now. */
export const historyQuery = ({ id, path = '' }: { id?: string | undefined; path?: string | undefined }) =>
  id === undefined
    ? listQuery<NoteVersion>('vault-history', '/vault/history', { path })
    : listQuery<NoteVersion>('vault-history', `/vault/history/${encodeURIComponent(id)}`);

/** Deleted notes, the latest first. */
export const deletedQuery = listQuery<DeletedNote>('vault-deleted', '/vault/deleted');

/** A version among the others: the one before it that is kept, and the newest. */
export interface VersionPlace {
  readonly version: NoteVersion;
  readonly before: NoteVersion | null;
  readonly newest: NoteVersion;
}

/** Where a version stands in its note's history; null when there is none with this number. */
export const versionQuery = (id: string, version: number) =>
  queryOptions({ queryKey: ['vault-version', id, version], queryFn: ({ signal }) => findVersion(id, version, signal) });

/** As many versions as a server keeps of a note at most, in pages of 200. */
const pagesMax = 50;

async function findVersion(id: string, wanted: number, signal: AbortSignal): Promise<VersionPlace | null> {
  let cursor: string | undefined;
  let newest: NoteVersion | undefined;
  let found: NoteVersion | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const query = { cursor, limit: '200' };
    const { items, nextCursor } = await get<Page<NoteVersion>>(`/vault/history/${encodeURIComponent(id)}`, { query, signal });
    newest ??= items[0];
    const before = items.find(({ version }) => version < wanted) ?? null;
    found ??= items.find(({ version }) => version === wanted);
    if (found && newest && (before || nextCursor === null)) return { version: found, before, newest };
    if (before || nextCursor === null) return null;
    cursor = nextCursor;
  }
  return null;
}

/** The text of a version, null when it is no text. A deletion has none: it is empty. */
export const versionTextQuery = ({ id, version, change }: NoteVersion) =>
  queryOptions({
    queryKey: ['vault-version', id, version, 'text'],
    queryFn: ({ signal }) => (change === 'deleted' ? '' : fetchVersion(id, version, signal)),
    // A version never changes.
    staleTime: Number.POSITIVE_INFINITY,
  });

async function fetchVersion(id: string, version: number, signal: AbortSignal): Promise<string | null> {
  const response = await request('GET', `/vault/history/${encodeURIComponent(id)}/versions/${version}`, { signal });
  try {
    const source = new TextDecoder('utf-8', { fatal: true }).decode(await response.arrayBuffer());
    return source.includes('\0') ? null : source;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** The file's name; a note about a task or approval without the id that makes it unique. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1).replace(/ (?:tsk|apr)_[0-9a-f]{24}(?=\.md$)/, '');
