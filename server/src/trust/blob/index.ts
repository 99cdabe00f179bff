/** The door to large objects: sealed bytes in the storage, what is known of them in rows. */
export { type Blob, type Blobs, type BlobsDeps, createBlobs, type StoredBlob } from './blobs.ts';
export { createPlaces, type Places } from './place.ts';
export { blobTarget } from './reseal.ts';
export { createBlobKeeper, type SweepDeps, type Swept, sweepBlobs } from './sweep.ts';
