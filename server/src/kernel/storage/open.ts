import type { Clock } from '../clock.ts';
import { openFolderStorage } from './folder.ts';
import type { ObjectStorage } from './storage.ts';

/**
 * Opens a storage by its address: a folder's path, or `s3://bucket/prefix?endpoint=&region=&path-style=`.
 *
 * @throws FactotumError `storage.unavailable` when it cannot be used, with what to do about it; `config.invalid` when it is no address.
 */
export async function openStorage(address: string, options: { readonly clock: Clock }): Promise<ObjectStorage> {
  return openFolderStorage(address, options);
}
