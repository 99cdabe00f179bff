import { openNote, parseVerifierKey, signNote, TlogError } from '@factotum/tlog';
import { z } from 'zod';
import { canonicalJson, FactotumError, idSchema } from '#kernel';
import type { InstallationKey } from '#trust/key';

/** The first line of every certificate of a generation. */
const heading = 'factotum/generation-certificate/v1';

/** What an installation says about one generation of a tenant's keys that it has destroyed while the tenant lives on. */
const generationDestructionSchema = z.strictObject({
  tenantId: idSchema('tenant'),
  generation: z.int().min(1),
  /** Who guarded the seed, and the SHA-256 of its wrapped form, in hex. */
  provider: z.string(),
  kekId: z.string(),
  wrappedSha256: z.string(),
  createdAt: z.iso.datetime(),
  requestedBy: z.string(),
  /** Since when nothing here opens what was sealed under it: no process, no row, no new key backup. */
  destroyedAt: z.iso.datetime(),
  /** Until when an older key backup may still hold it. Data backups from before `destroyedAt` need it, and open with nothing else. */
  keyBackupsUntil: z.iso.datetime(),
  /** Where the database's files may still hold its wrapped form, which opens with the provider's key alone. */
  remains: z.enum(['none', 'log', 'rows']),
  /** The generation that sealed everything then. */
  sealedUnder: z.int().min(1),
});
export type GenerationDestruction = z.infer<typeof generationDestructionSchema>;

/** Two lines and a signature (c2sp.org/signed-note): the heading, and the statement as canonical JSON. */
export const signGenerationCertificate = (key: InstallationKey, statement: GenerationDestruction): string =>
  signNote(`${heading}\n${canonicalJson(statement)}\n`, [key.signer]);

/**
 * What a certificate says, if the installation with that public key signed it.
 *
 * @throws FactotumError `seal.broken` when it did not, or when the note is no certificate of a generation.
 */
export function openGenerationCertificate(note: string, verifierKey: string): GenerationDestruction {
  try {
    const [first, statement = ''] = openNote(note, [parseVerifierKey(verifierKey)])
      .text.toString()
      .split('\n');
    if (first !== heading) throw new TlogError('tlog.note_malformed', 'this note is no certificate of a generation');
    return generationDestructionSchema.parse(JSON.parse(statement));
  } catch (cause) {
    throw new FactotumError('seal.broken', 'This is no certificate of that installation, or it was changed.', { cause });
  }
}
