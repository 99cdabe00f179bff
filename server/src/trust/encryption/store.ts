import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

/** A certificate as it is kept. */
export interface KeptCertificate {
  readonly generation: number;
  readonly note: string;
  readonly createdAt: Date;
}

export async function keepGenerationCertificate(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { generation, note, createdAt }: KeptCertificate,
): Promise<void> {
  await sql`insert into destruction_certificate (tenant_id, generation, note, created_at) values (${tenantId}, ${generation}, ${note}, ${createdAt})`.execute(
    tx,
  );
}

/** What was left over when it was signed may be gone by now: then another statement takes its place. */
export async function replaceGenerationCertificate(tx: Tx, tenantId: Id<'tenant'>, { generation, note }: KeptCertificate): Promise<void> {
  await sql`update destruction_certificate set note = ${note} where tenant_id = ${tenantId} and generation = ${generation}`.execute(tx);
}

/** Certificates of single generations, oldest first. That of the whole tenant is not among them. */
export const listGenerationCertificates = async (tx: Tx, tenantId: Id<'tenant'>): Promise<KeptCertificate[]> =>
  (
    await sql<KeptCertificate>`select generation, note, created_at from destruction_certificate
      where tenant_id = ${tenantId} and generation > 0 order by generation`.execute(tx)
  ).rows;

/**
 * A transaction that begins to write now, later than every one that does so already, and the oldest that still does. The number is taken, not
 * looked up: what a snapshot calls its end is the last that has *ended*, and whoever writes may be past it.
 */
export const readHorizon = async (tx: Tx): Promise<{ next: bigint; oldest: bigint }> => {
  const { rows } = await sql<{ next: string; oldest: string }>`select pg_current_xact_id()::text as next,
    pg_snapshot_xmin(pg_current_snapshot())::text as oldest`.execute(tx);
  return { next: BigInt(rows[0]?.next ?? 0), oldest: BigInt(rows[0]?.oldest ?? 0) };
};
