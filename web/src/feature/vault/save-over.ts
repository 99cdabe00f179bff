import type { QueryClient } from '@tanstack/react-query';
import { isApiError } from '../../api/client.ts';
import { noteQuery, saveNote } from './queries.ts';

/** A text of a note, and the version that it is; null: none. */
export interface Version {
  readonly text: string;
  readonly etag: string | null;
}

/**
 * Saves a note over the version that its text was made from; null: where there is none yet.
 *
 * @returns null when it is saved, else what somebody else has put there meanwhile: nothing is overwritten
 */
export async function saveOver(client: QueryClient, path: string, text: string, etag: string | null): Promise<Version | null> {
  try {
    await saveNote(path, text, etag);
    return null;
  } catch (error) {
    if (!isApiError(error, 'vault.changed') && !isApiError(error, 'vault.exists')) throw error;
    return await newest(client, path);
  }
}

async function newest(client: QueryClient, path: string): Promise<Version> {
  try {
    const note = await client.fetchQuery({ ...noteQuery(path), staleTime: 0 });
    return { text: note.kind === 'binary' ? '' : note.text, etag: note.etag };
  } catch (error) {
    if (isApiError(error, 'vault.not_found')) return { text: '', etag: null };
    throw error;
  }
}
