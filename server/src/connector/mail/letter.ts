import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ToolContext } from '#flow/tool';
import { normaliseAddress } from '#trust/policy';

// Also what the gate has seen to already: whatever reaches a header is one line, and an address is nothing but an address.
export const address = z
  .string()
  .max(320)
  .refine((text) => normaliseAddress(text) !== null && text === text.trim(), 'must be a bare mail address');
const line = z
  .string()
  .max(998)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line without control characters');

export const letterFields = {
  to: z.array(address).min(1).max(100),
  cc: z.array(address).max(100).optional(),
  subject: line.min(1),
  text: z.string().max(200_000),
  /** The Message-ID of the mail that is answered; one that is none is left out. */
  inReplyTo: line.optional(),
};
export const letterSchema = z.strictObject(letterFields);
/** Paths in the vault. */
export const attachmentsSchema = z.array(z.string().min(1).max(1_000)).min(1).max(20);

/** What any of the tools writes. */
export type LetterInput = z.infer<typeof letterSchema> & {
  readonly attachments?: readonly string[] | undefined;
  /** What the letter says about an appointment, for programs. */
  readonly calendar?: { readonly method: string; readonly ics: string } | undefined;
};

export const letterArgs = {
  to: { role: 'steering', slot: 'addresses', title: 'To' },
  cc: { role: 'steering', slot: 'addresses', title: 'Copy to' },
  subject: { role: 'content', slot: 'text', title: 'Subject' },
  text: { role: 'content', slot: 'text', title: 'Text' },
  inReplyTo: { role: 'content', slot: 'text', title: 'In reply to' },
} as const;

/** Named by the key of the step, so that the same call always means the same file. */
export const nameOf = (context: ToolContext): string =>
  `${context.now.toISOString().slice(0, 10)}_${createHash('sha256').update(`${context.tenantId}/${context.key}`).digest('hex').slice(0, 16)}`;

export function people(to: unknown): string {
  const list = Array.isArray(to) ? to.map(String) : [];
  return list.length <= 2 ? list.join(' and ') : `${list[0]} and ${list.length - 1} others`;
}
