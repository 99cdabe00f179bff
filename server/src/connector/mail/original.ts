import { sql } from 'kysely';
import { z } from 'zod';
import { eventBodySchema } from '#flow/intake';
import type { ToolContext } from '#flow/tool';
import { withTenant } from '#kernel/database';
import type { MailParts } from './account.ts';

/** As much of a mail's payload as an answer needs. */
const originalSchema = z.looseObject({
  sender: z.string(),
  replyTo: z.string(),
  from: z.looseObject({ name: z.string() }),
  to: z.array(z.looseObject({ address: z.string() })),
  cc: z.array(z.looseObject({ address: z.string() })),
  subject: z.string(),
  date: z.string().nullable(),
  messageId: z.string(),
  references: z.array(z.string()),
  text: z.string(),
});
export type Original = z.infer<typeof originalSchema>;

/** The mail of this id as it came in, or null. */
export async function originalOf(
  { correspondence, database, keysOf }: MailParts,
  { tenantId }: ToolContext,
  messageId: string,
): Promise<Original | null> {
  const received = await correspondence.received(tenantId, messageId);
  if (received === null) return null;
  const { eventId } = received;
  const { rows } = await withTenant(database.app.db, tenantId, (tx) =>
    sql<{ body: Buffer }>`select body from app.event where tenant_id = ${tenantId} and event_id = ${eventId}`.execute(tx),
  );
  const body = rows[0]?.body;
  if (body === undefined) return null;
  const keys = await keysOf(tenantId);
  return originalSchema.safeParse(keys.openJson({ kind: 'event', id: eventId }, body, eventBodySchema).payload).data ?? null;
}

/** Everybody who has the mail already. */
export const participantsOf = ({ sender, replyTo, to, cc }: Original): Set<string> =>
  new Set(
    [sender, replyTo, ...to.map(({ address }) => address), ...cc.map(({ address }) => address)].map((address) => address.toLowerCase()),
  );

const quotedCharsMax = 50_000;

/** The mail as it stands below an answer. */
export function quoted({ from, sender, date, text }: Original): string {
  const who = from.name === '' ? sender : `${from.name} <${sender}>`;
  const when = date === null ? '' : `${date.slice(0, 16).replace('T', ' ')} UTC, `;
  const lines = text
    .slice(0, quotedCharsMax)
    .toWellFormed()
    .split('\n')
    .map((line) => (line.startsWith('>') ? `>${line}` : `> ${line}`).trimEnd());
  return `${when}${who}:\n${lines.join('\n')}`;
}
