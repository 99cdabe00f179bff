import { z } from 'zod';
import { type Id, idSchema } from '#kernel';
import { type LogTail, logTailSchema } from '#trust/audit';
import { invalid } from './fault.ts';
import { jsonOf } from './lines.ts';

/**
 * With what the old side lets go of a tenant: the end of its audit log, which nobody else can make. It holds no content and no key that is
 * not sealed.
 */
const releaseSchema = z.strictObject({
  format: z.literal('factotum-release'),
  version: z.literal(1),
  tenantId: idSchema('tenant'),
  movedTo: z.url(),
  log: logTailSchema,
});
export type Release = z.infer<typeof releaseSchema>;

export const newRelease = (of: { tenantId: Id<'tenant'>; movedTo: string; log: LogTail }): Release => ({
  format: 'factotum-release',
  version: 1,
  ...of,
});

/** @throws FactotumError `archive.invalid`. */
export function parseRelease(text: string): Release {
  const release = releaseSchema.safeParse(jsonOf(text));
  if (!release.success) throw invalid('this is not the release of a move', release.error);
  return release.data;
}
