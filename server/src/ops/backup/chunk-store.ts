import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { isFactotumError } from '#kernel';
import { pieceBytesMax } from './bound.ts';
import { conflict, invalid } from './fault.ts';
import type { Repository } from './repository.ts';
import { openWhole, sealWhole } from './seal.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
/** Most of what is compressed is sealed bytes as hex digits: higher levels find nothing more in them, and cost twice the time. */
const compression = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

type Place = Pick<Repository, 'storage' | 'keys'>;

/** Where a chunk lies. Two letters of folder keep folders small. */
export const chunkName = (id: string): string => `chunks/${id.slice(0, 2)}/${id}`;
/** The id in a chunk's name. */
export const chunkIdOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1);
const contextOf = (id: string) => `factotum/backup-chunk/v1 ${id}`;

/** Stores a chunk unless it is there. @returns its id, and how many bytes were written for it: 0 when it was there. */
export async function keepChunk({ storage, keys }: Place, plain: Uint8Array): Promise<{ id: string; newBytes: number }> {
  if (plain.length > pieceBytesMax) throw conflict(`A row has ${plain.length} bytes, and no backup takes more than ${pieceBytesMax}.`);
  const id = keys.nameOf(plain);
  if ((await storage.stat(chunkName(id))) !== null) return { id, newBytes: 0 };
  const sealed = await sealWhole(keys.seal, contextOf(id), await compress(plain, compression));
  const { bytes } = await storage.put(chunkName(id), Readable.from([sealed]));
  return { id, newBytes: bytes };
}

/** The plain bytes of a chunk. @throws FactotumError `backup.invalid` when it is missing or anything but what was stored under this id. */
export async function readChunk({ storage, keys }: Place, id: string): Promise<Buffer> {
  let plain: Buffer;
  try {
    plain = await decompress(await openWhole(keys.seal, contextOf(id), await storage.get(chunkName(id))), {
      maxOutputLength: pieceBytesMax,
    });
  } catch (cause) {
    if (isFactotumError(cause, 'storage.not_found')) throw invalid(`its piece ${id.slice(0, 12)} is missing`, cause);
    if (isFactotumError(cause, 'storage.unavailable')) throw cause;
    throw invalid(`its piece ${id.slice(0, 12)} is damaged or was exchanged`, cause);
  }
  if (keys.nameOf(plain) !== id) throw invalid(`its piece ${id.slice(0, 12)} holds something else`);
  return plain;
}
