import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** Writes what comes, piece by piece, under another name until it is whole (mode 0600). @returns how many bytes. */
export async function saveStream(pieces: AsyncIterable<Uint8Array>, file: string): Promise<number> {
  const unfinished = `${file}.part`;
  let bytes = 0;
  async function* counted() {
    for await (const piece of pieces) {
      bytes += piece.byteLength;
      yield piece;
    }
  }
  try {
    await pipeline(counted, createWriteStream(unfinished, { mode: 0o600, flush: true }));
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await rename(unfinished, file);
  return bytes;
}
