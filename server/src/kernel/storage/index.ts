/** The door to object storage: a folder or an S3 bucket, behind one port. */
export { countStorage, type StorageFigures } from './figures.ts';
export { openStorage } from './open.ts';
export type { ByteRange, ListedObject, ObjectStorage, StoredObject } from './storage.ts';
