import { z } from 'zod';
import type { MailFacts } from '#flow/correspondence';
import { jsonObjectSchema } from '#kernel';
import type { CalendarPart } from './calendar.ts';

/** Bounds of what one event may carry. A payload is what planners read; the raw bytes of a mail are kept beside it. */
export const payloadBytesMax = 256 * 1024;
export const rawBytesMax = 25 * 1024 * 1024;

const name = z.string().regex(/^[a-z][a-z0-9_.-]{0,63}$/, 'must be lower-case letters, digits, dot, dash or underscore, at most 64');

/** What a mail server said about the sender (RFC 8601), as far as a mail carries it. A hint for people; nothing is allowed because of it. */
const authenticationSchema = z.object({
  spf: z.string().optional(),
  dkim: z.string().optional(),
  dmarc: z.string().optional(),
  arc: z.string().optional(),
});

/** Where an event came from and who can have written it. */
const provenanceSchema = z.object({
  channel: z.enum(['http', 'drop', 'command', 'connection', 'upload', 'webhook', 'schedule']),
  submittedBy: z.string(),
  integrity: z.enum(['trusted', 'untrusted']),
  /** The address the event claims to be from. Anybody can claim any. */
  from: z.string().optional(),
  authentication: authenticationSchema.optional(),
  /** Over which connection it came. */
  connectionId: z.string().optional(),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** An event as it is kept, sealed in `event.body`. */
export const eventBodySchema = z.object({
  externalId: z.string(),
  title: z.string(),
  payload: jsonObjectSchema,
  provenance: provenanceSchema,
});
export type EventBody = z.infer<typeof eventBodySchema>;

/** `POST /api/v1/events`. */
export const eventInputSchema = z.strictObject({
  source: name,
  kind: name,
  externalId: z.string().min(1).max(512),
  occurredAt: z.iso.datetime({ offset: true }).optional(),
  payload: jsonObjectSchema,
});
export type EventInput = z.infer<typeof eventInputSchema>;

/** An event on its way in, whatever the door. */
export interface IncomingEvent extends EventInput {
  readonly title: string;
  readonly provenance: Provenance;
  readonly raw?: Uint8Array;
  /** Of a mail: what tells where it belongs. */
  readonly mail?: MailFacts;
  /** Committed with it, if it is new. */
  readonly also?: CalendarPart['apply'];
  /** The external id is a hash of all that arrived: what was read out of it, and where it was put, does not make it another event. */
  readonly isContentId?: boolean;
  /** Was there before anybody asked for it: kept and found, its task is done from the start. */
  readonly history?: boolean;
}

export interface Accepted {
  readonly eventId: string;
  readonly taskId: string;
  /** false: the same event with the same payload was here before, and these are its ids. */
  readonly created: boolean;
}

/** What became of arrivals that came together. */
export interface AcceptedAll {
  readonly created: number;
  /** Of those, what was history. */
  readonly history: number;
  readonly known: number;
  /** Known external ids with another payload: both are kept, no task is made. */
  readonly conflicts: number;
}
