import type { Clock } from '#kernel';
import { openFolderStorage } from './folder.ts';
import { openS3Storage } from './s3.ts';
import type { ObjectStorage } from './storage.ts';

/**
 * Opens a storage by its address: a folder's path, or `s3://bucket/prefix?endpoint=&region=&path-style=&checksums=`.
 *
 * @throws FactotumError `storage.unavailable` when it cannot be used, with what to do about it; `config.invalid` when it is no address.
 */
export async function openStorage(address: string, options: { readonly clock: Clock }): Promise<ObjectStorage> {
  return address.startsWith('s3:') ? openS3Storage(address, options) : openFolderStorage(address, options);
}
