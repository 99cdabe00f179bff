import { sql } from 'kysely';
import type { Id } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import { invalid } from './fault.ts';

/** Archives on their way lie in the database, where every process finds them; sealed, in pieces of a megabyte, each its own transaction. */
const pieceBytes = 1024 * 1024;
/** As many as an integer counts are two petabytes. */
const archiveBytesMaxDefault = 64 * 1024 * 1024 * 1024;

export interface ArchiveRef {
  /** As the archive's header says; for one that is brought here, a tenant that is not here yet. */
  readonly tenantId: Id<'tenant'>;
  readonly archiveId: string;
}

/** Writes an archive down, over what an attempt has left. @returns how many bytes. @throws FactotumError `archive.invalid` when it is larger. */
export async function writePieces(
  db: Tx,
  { tenantId, archiveId }: ArchiveRef,
  bytes: AsyncIterable<Uint8Array>,
  { onPiece, bytesMax = archiveBytesMaxDefault }: { onPiece?: (total: number) => Promise<void>; bytesMax?: number } = {},
): Promise<number> {
  await removePieces(db, { tenantId, archiveId });
  let place = 0;
  let total = 0;
  const write = async (piece: Buffer) => {
    await withTenant(db, tenantId, (tx) =>
      sql`insert into archive_piece (tenant_id, archive_id, place, bytes) values (${tenantId}, ${archiveId}, ${place}, ${piece})`.execute(
        tx,
      ),
    );
    place += 1;
    await onPiece?.(total);
  };
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const some of bytes) {
    held.push(some);
    length += some.length;
    total += some.length;
    if (total > bytesMax) throw invalid(`it is larger than ${bytesMax} bytes`);
    if (length < pieceBytes) continue;
    await write(Buffer.concat(held));
    held = [];
    length = 0;
  }
  if (length > 0) await write(Buffer.concat(held));
  return total;
}

/** Reads it back, a piece at a time. Empty when it is not there any more. */
export async function* readPieces(db: Tx, { tenantId, archiveId }: ArchiveRef): AsyncGenerator<Buffer> {
  for (let place = 0; ; place += 1) {
    const { rows } = await withTenant(db, tenantId, (tx) =>
      sql<{
        bytes: Buffer;
      }>`select bytes from archive_piece where tenant_id = ${tenantId} and archive_id = ${archiveId} and place = ${place}`.execute(tx),
    );
    if (rows[0] === undefined) return;
    yield rows[0].bytes;
  }
}

/** Takes it away, some pieces at a time: a statement has fifteen seconds. */
export async function removePieces(db: Tx, { tenantId, archiveId }: ArchiveRef): Promise<void> {
  const atOnce = 200;
  for (;;) {
    const { numAffectedRows } = await withTenant(db, tenantId, (tx) =>
      sql`delete from archive_piece where tenant_id = ${tenantId} and archive_id = ${archiveId} and place in
        (select place from archive_piece where tenant_id = ${tenantId} and archive_id = ${archiveId} limit ${atOnce})`.execute(tx),
    );
    if ((numAffectedRows ?? 0n) < BigInt(atOnce)) return;
  }
}
