import { openNote, parseVerifierKey, signNote, TlogError } from '@factotum/tlog';
import { sql } from 'kysely';
import { z } from 'zod';
import { canonicalJson, FactotumError, type Id, idSchema } from '#kernel';
import type { Tx } from '#kernel/database';
import type { InstallationKey } from '#trust/key';

/** The first line of every certificate. */
const heading = 'factotum/destruction-certificate/v1';

/** What an installation says about a tenant that it has erased. */
const destructionSchema = z.strictObject({
  tenantId: idSchema('tenant'),
  requestedBy: z.string(),
  requestedAt: z.iso.datetime(),
  erasedAt: z.iso.datetime(),
  /** Each wrapped seed that was overwritten, by its SHA-256 in hex: without it nothing that was sealed for the tenant can be opened, wherever a copy lies. */
  keys: z.array(z.strictObject({ generation: z.int(), provider: z.string(), kekId: z.string(), wrappedSha256: z.string() })),
  /** Rows deleted, by table. */
  rows: z.record(z.string(), z.int()),
  /** Large objects removed from the storage; certificates from before there were any do not say. */
  objects: z.int().optional(),
  people: z.int(),
  /** Until when a key backup from before may still hold the seeds; older certificates do not say. */
  keyBackupsUntil: z.iso.datetime().optional(),
  /** Where the database's files may still hold wrapped seeds, which open with their provider's key alone; older certificates do not say. */
  remains: z.enum(['none', 'log', 'rows']).optional(),
  /** The log as it stood at the end: whoever keeps an export of it can check it against this. */
  auditLog: z.strictObject({ origin: z.string(), verifierKey: z.string(), checkpoint: z.string() }),
});
export type Destruction = z.infer<typeof destructionSchema>;

/** Two lines and a signature (c2sp.org/signed-note): the heading, and the statement as canonical JSON. */
export const signCertificate = (key: InstallationKey, statement: Destruction): string =>
  signNote(`${heading}\n${canonicalJson(statement)}\n`, [key.signer]);

/**
 * What a certificate says, if the installation with that public key signed it.
 *
 * @throws FactotumError `seal.broken` when it did not, or when the note is no certificate.
 */
export function openCertificate(note: string, verifierKey: string): Destruction {
  try {
    const [first, statement = ''] = openNote(note, [parseVerifierKey(verifierKey)])
      .text.toString()
      .split('\n');
    if (first !== heading) throw new TlogError('tlog.note_malformed', 'this note is no certificate');
    return destructionSchema.parse(JSON.parse(statement));
  } catch (cause) {
    throw new FactotumError('seal.broken', 'This is no certificate of that installation, or it was changed.', { cause });
  }
}

/** Kept once; a second one for the same tenant changes nothing. */
export async function keepCertificate(tx: Tx, tenantId: Id<'tenant'>, note: string, at: Date): Promise<void> {
  await sql`insert into destruction_certificate (tenant_id, note, created_at) values (${tenantId}, ${note}, ${at})
    on conflict (tenant_id, generation) do nothing`.execute(tx);
}

/** @returns null when the tenant was not erased. */
export const findCertificate = async (tx: Tx, tenantId: Id<'tenant'>): Promise<string | null> =>
  (await sql<{ note: string }>`select note from destruction_certificate where tenant_id = ${tenantId} and generation = 0`.execute(tx))
    .rows[0]?.note ?? null;
