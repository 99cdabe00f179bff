import { pipeline, Readable } from 'node:stream';
import { isFactotumError } from '#kernel';
import { derivePassphraseKey, openStreamUnder, sealStreamUnder } from '#trust/key';
import { invalid } from './fault.ts';
import { type ArchiveHeader, encodeHeader, readHeader } from './header.ts';
import { decodeParts, encodeParts, type Part, type ReadPart } from './parts.ts';

/** An archive's bytes: its header in clear, then the parts as one sealed stream. Holds a few pieces at a time, however large it gets. */
export function sealArchive(header: ArchiveHeader, key: Uint8Array, parts: AsyncIterable<Part>): AsyncIterable<Buffer> {
  const headerBytes = encodeHeader(header);
  const sealing = sealStreamUnder(key, contextOf(headerBytes), headerBytes);
  // A failure reaches whoever reads the end of the line.
  pipeline(Readable.from(encodeParts(parts)), sealing, () => undefined);
  return sealing;
}

/** An archive that is being read. */
export interface OpenArchive {
  readonly header: ArchiveHeader;
  /** Certain only when all have come without an error. */
  readonly parts: AsyncGenerator<ReadPart>;
}

/**
 * Opens an archive.
 *
 * @param keyOf - gives the key for what the header says, from a passphrase or from where it was kept
 * @throws FactotumError `archive.invalid`, now or with any of the parts.
 */
export async function openArchive(
  source: AsyncIterable<Uint8Array>,
  keyOf: (header: ArchiveHeader) => Promise<Uint8Array>,
): Promise<OpenArchive> {
  const { header, headerBytes, rest } = await readHeader(source);
  const key = await keyOf(header);
  const failure = (cause: unknown) => (isFactotumError(cause) ? cause : invalid(doesNotOpen, cause));
  const opening = openStreamUnder(key, contextOf(headerBytes), failure);
  pipeline(Readable.from(rest), opening, () => undefined);
  return { header, parts: decodeParts(opening) };
}

/** The key of an archive from its passphrase. */
export const keyFrom =
  (passphrase: string) =>
  (header: ArchiveHeader): Promise<Uint8Array> =>
    derivePassphraseKey(passphrase, header.key);

const doesNotOpen = 'the passphrase is another one, or the archive was changed or cut off';

const contextOf = (headerBytes: Buffer): Buffer => Buffer.concat([Buffer.from('factotum/archive/v1\0'), headerBytes]);
