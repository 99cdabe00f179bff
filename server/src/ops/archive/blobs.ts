import { Readable } from 'node:stream';
import { sql } from 'kysely';
import { type Id, isFactotumError } from '#kernel';
import type { Tx } from '#kernel/database';
import type { Blobs } from '#trust/blob';
import { eachFile } from '#trust/vault';
import type { Reading } from './content.ts';
import { invalid } from './fault.ts';
import type { Part } from './parts.ts';

const blobsAtOnce = 100;
/** After this many bytes the transaction is used, or the database would take it for forgotten. */
const quietBytesMax = 8 * 1024 * 1024;

/** The large objects of a tenant as they lie in the storage, sealed: `blobs/<object>`. Their rows travel with all others. */
export async function* blobParts(tx: Tx, tenantId: Id<'tenant'>, blobs: Blobs): AsyncGenerator<Part> {
  for (let after: Id<'blob'> | null = null; ; ) {
    const rows = await blobs.list(tx, tenantId, after, blobsAtOnce);
    for (const row of rows) yield { name: `blobs/${row.object}`, body: awake(tx, await blobs.readSealed(tenantId, row)) };
    after = rows.at(-1)?.blobId ?? null;
    if (rows.length < blobsAtOnce || after === null) return;
  }
}

/** Files as people have them: `files/<path>`. One that cannot be opened to its end ends the archive: its part has begun by then. */
export async function* fileParts({ tx, tenantId, keysOf, onItem, damaged }: Reading, blobs: Blobs): AsyncGenerator<Part> {
  const onBroken = (fileId: string) => damaged.push(`file/${fileId}`);
  for await (const { file, blob } of eachFile(tx, { tenantId, keysOf, blobs, onBroken })) {
    try {
      yield { name: `files/${file.path}`, body: awake(tx, await blobs.read(await keysOf(), blob)) };
    } catch (error) {
      if (!isFactotumError(error, 'seal.broken')) throw error;
      onBroken(file.fileId);
    }
    onItem();
  }
}

/**
 * Stores an object that comes in an archive, under the name that its row has. If the rest of the archive is refused it stays without a row,
 * and goes a day later: another process may be taking in the same archive, and needs it.
 *
 * @throws FactotumError `archive.invalid` when no row is there for it, or it has another length.
 */
export async function takeBlob(
  tx: Tx,
  { tenantId, object, blobs }: { readonly tenantId: Id<'tenant'>; readonly object: string; readonly blobs: Blobs },
  body: AsyncIterable<Buffer>,
): Promise<void> {
  const { rows } = await sql<{ sealedBytes: number }>`
    select sealed_bytes from blob where tenant_id = ${tenantId} and object = ${object} and deleted_at is null`.execute(tx);
  const expected = rows[0]?.sealedBytes;
  if (expected === undefined) throw invalid(`it has an object ${object} that none of its rows names`);
  const { bytes } = await blobs.putSealed(tenantId, object, Readable.from(awake(tx, atMost(body, expected)), { objectMode: false }));
  if (bytes !== expected) throw invalid(`its object ${object} has another length than its row says`);
}

/** @throws FactotumError `archive.invalid` when objects are missing that its rows name. */
export async function refuseMissing(tx: Tx, tenantId: Id<'tenant'>, taken: number): Promise<void> {
  const { rows } = await sql<{ live: number }>`
    select count(*)::bigint as live from blob where tenant_id = ${tenantId} and deleted_at is null`.execute(tx);
  if (rows[0]?.live !== taken) throw invalid('large objects are missing that its rows name');
}

async function* awake(tx: Tx, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let quiet = 0;
  for await (const piece of body) {
    quiet += piece.length;
    if (quiet > quietBytesMax) {
      await sql`select 1`.execute(tx);
      quiet = 0;
    }
    yield piece;
  }
}

async function* atMost(body: AsyncIterable<Buffer>, bytesMax: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > bytesMax) throw invalid('an object in it is longer than its row says');
    yield piece;
  }
}
