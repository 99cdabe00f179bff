import { createHash, type Hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { z } from 'zod';
import { FactotumError, type Id, idSchema, isFactotumError, isId } from '#kernel';
import type { ObjectStorage } from '#kernel/storage';
import type { InstallationKey } from '#trust/key';
import { manifestBytesMax, refuseMore } from './bound.ts';
import { conflict, invalid } from './fault.ts';
import type { Repository } from './repository.ts';
import { openWhole, sealWhole } from './seal.ts';
import { openLine, signLine } from './signed.ts';

const count = z.int().min(0);
const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** What one backup is: everything that is needed to make the database anew and to tell that it is the one that was. */
const manifestSchema = z.strictObject({
  version: z.literal(1),
  id: idSchema('backup'),
  repositoryId: idSchema('backup'),
  /** Of the snapshot. */
  madeAt: z.iso.datetime(),
  /** What the database had been through. */
  migrations: z.array(z.strictObject({ number: count, name: z.string(), sha256: digest })),
  tables: z.array(
    z.strictObject({
      schema: z.enum(['app', 'auth']),
      name: z.string(),
      columns: z.array(z.string()),
      rows: count,
      bytes: count,
      digest: count,
      chunks: z.array(digest),
    }),
  ),
  sequences: z.array(z.strictObject({ schema: z.enum(['app', 'auth']), name: z.string(), value: z.string().regex(/^-?\d{1,19}$/) })),
  /** Every tenant's audit log as it stood. */
  heads: z.array(z.strictObject({ tenantId: idSchema('tenant'), size: count, root: digest })),
  /** Objects of the storage that rows of this backup name: as they lie there, sealed. */
  blobs: z.array(z.strictObject({ name: z.string(), bytes: count, sha256: digest })),
});
export type Manifest = z.output<typeof manifestSchema>;

const folder = 'manifests/';
export const manifestName = (id: string): string => `${folder}${id}`;
const contextOf = (id: string) => `factotum/backup-manifest/v1 ${id}`;
const heading = 'factotum/backup/v1';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Seals and signs a manifest and stores it: with this the backup exists. @returns the SHA-256 of its sealed bytes. */
export async function writeManifest({ storage, keys }: Repository, installation: InstallationKey, manifest: Manifest): Promise<Buffer> {
  const body = JSON.stringify(manifest);
  const note = signLine(installation, heading, `${manifest.id} ${sha256(body)}`);
  const envelope = Buffer.from(JSON.stringify({ note, body }));
  if (envelope.length > manifestBytesMax) throw conflict('There is more in this installation than one backup can list.');
  const sealed = await sealWhole(keys.seal, contextOf(manifest.id), await compress(envelope));
  await storage.put(manifestName(manifest.id), Readable.from([sealed]));
  return createHash('sha256').update(sealed).digest();
}

const envelopeSchema = z.strictObject({ note: z.string(), body: z.string() });

/**
 * Reads a manifest that the repository's installation has signed.
 *
 * @throws FactotumError `backup.not_found`, `backup.invalid`.
 */
export async function readManifest(repository: Repository, id: string): Promise<Manifest & { readonly sealedSha256: Buffer }> {
  const { storage, keys, verifierKey } = repository;
  if (!isId('backup', id)) throw notFound(id);
  const hash = createHash('sha256');
  const plain = await openWhole(keys.seal, contextOf(id), hashed(await open(storage, id), hash));
  const { note, body } = await parsed(envelopeSchema, async () =>
    (await decompress(plain, { maxOutputLength: manifestBytesMax })).toString('utf8'),
  );
  if (openLine(verifierKey, heading, note) !== `${id} ${sha256(body)}`) throw invalid('its manifest is not what was signed');
  const manifest = await parsed(manifestSchema, async () => body);
  if (manifest.id !== id || manifest.repositoryId !== repository.id) throw invalid('its manifest is of another backup');
  return { ...manifest, sealedSha256: hash.digest() };
}

async function open(storage: ObjectStorage, id: string): Promise<Readable> {
  try {
    return await storage.get(manifestName(id));
  } catch (error) {
    throw isFactotumError(error, 'storage.not_found') ? notFound(id) : error;
  }
}

/** Not gathered before it is opened: bytes that the seal does not know end with the first of them. */
async function* hashed(sealed: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const part of sealed) {
    hash.update(part);
    yield part;
  }
}

/** Ids of the backups that the repository has, oldest first. */
export async function listManifests({ storage }: Pick<Repository, 'storage'>): Promise<Id<'backup'>[]> {
  const ids: Id<'backup'>[] = [];
  for await (const { name } of storage.list(folder)) {
    const id = name.slice(folder.length);
    if (isId('backup', id)) ids.push(id);
    refuseMore(ids.length);
  }
  return ids;
}

const notFound = (id: string) => new FactotumError('backup.not_found', `There is no backup ${id}.`);

async function parsed<T>(schema: z.ZodType<T>, text: () => Promise<string>): Promise<T> {
  try {
    return schema.parse(JSON.parse(await text()));
  } catch (cause) {
    throw invalid('its manifest was made by a newer release, or is damaged', cause);
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
