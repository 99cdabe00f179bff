import { z } from 'zod';
import { idSchema } from '#kernel';
import { type PassphraseParameters, passphraseParametersSchema } from '#trust/key';
import { invalid } from './fault.ts';

/** `copy`: what people read, no secrets. `whole`: that, and all it takes to go on elsewhere. */
export type ArchiveKind = 'copy' | 'whole';

/** What an archive says about itself in clear. */
export const archiveHeaderSchema = z.strictObject({
  format: z.literal('factotum-archive'),
  version: z.literal(1),
  kind: z.enum(['copy', 'whole']),
  tenantId: idSchema('tenant'),
  madeAt: z.iso.datetime(),
  key: passphraseParametersSchema,
});
export type ArchiveHeader = z.infer<typeof archiveHeaderSchema>;

/** A header of ours has about 300 bytes. */
const headerBytesMax = 4_096;
const newline = 0x0a;

export const newHeader = (of: Pick<ArchiveHeader, 'kind' | 'tenantId'> & { madeAt: Date; key: PassphraseParameters }): ArchiveHeader => ({
  format: 'factotum-archive',
  version: 1,
  ...of,
  madeAt: of.madeAt.toISOString(),
});

/** The header's bytes: one line of JSON. They are the context that the rest is sealed for, so none of them can change. */
export const encodeHeader = (header: ArchiveHeader): Buffer => Buffer.from(`${JSON.stringify(header)}\n`);

/** An archive whose header has been read. */
export interface BegunArchive {
  readonly header: ArchiveHeader;
  /** As they stood in the file. */
  readonly headerBytes: Buffer;
  /** What follows. */
  readonly rest: AsyncIterable<Uint8Array>;
}

/** Reads the first line. @throws FactotumError `archive.invalid`. */
export async function readHeader(source: AsyncIterable<Uint8Array>): Promise<BegunArchive> {
  const iterator = source[Symbol.asyncIterator]();
  let seen: Buffer = Buffer.alloc(0);
  for (;;) {
    const end = seen.indexOf(newline);
    if (end >= 0) {
      const headerBytes = seen.subarray(0, end + 1);
      const after = seen.subarray(end + 1);
      return { header: parseHeader(headerBytes), headerBytes, rest: continued(after, iterator) };
    }
    const { done, value } = await iterator.next();
    if (seen.length > headerBytesMax || done === true) throw invalid('it does not begin as an archive of ours does');
    seen = Buffer.concat([seen, value]);
  }
}

function parseHeader(bytes: Buffer): ArchiveHeader {
  const given = parseJson(bytes.toString('utf8'));
  const version = z.looseObject({ format: z.literal('factotum-archive'), version: z.int() }).safeParse(given);
  if (!version.success) throw invalid('it does not begin as an archive of ours does');
  if (version.data.version !== 1)
    throw invalid(
      `it is of version ${version.data.version}, and this release reads version 1. Use the release that made it, or a newer one`,
    );
  const header = archiveHeaderSchema.safeParse(given);
  if (!header.success) throw invalid(`its heading is not one of ours (${header.error.issues[0]?.path.join('.')})`, header.error);
  return header.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the schema
  }
}

async function* continued(first: Buffer, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
