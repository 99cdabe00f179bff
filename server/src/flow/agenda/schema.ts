import { z } from 'zod';
import { jsonObjectSchema } from '#kernel';

const dayTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);

/** When somebody is there, in their own zone. Days as in ISO 8601, 1 is Monday. */
export const hoursSchema = z.object({ days: z.array(z.int().min(1).max(7)).max(7), from: dayTime, to: dayTime });
export type Hours = z.infer<typeof hoursSchema>;

/** A calendar as its connection describes it. */
export const calendarSchema = z.object({
  /** Its address; unique within the connection. */
  href: z.string(),
  name: z.string(),
  /** Whose it is: every address they are invited by, in lower case, the usual one first. */
  addresses: z.array(z.string()),
  /** IANA; null: the tenant's. */
  timeZone: z.string().nullable(),
  /** null: the tenant's. */
  hours: hoursSchema.nullable(),
  /** Alarms that others have set become reminders here too. */
  reminders: z.boolean(),
  /** The server itself sends invitations and answers (RFC 6638). */
  serverInvites: z.boolean(),
});
export type Calendar = z.infer<typeof calendarSchema>;

/** What one poll has learned: committed together with its cursor. */
export const changesSchema = z.object({
  /** All there are; null: not asked this time. */
  calendars: z.array(calendarSchema).nullable(),
  objects: z.array(z.object({ calendar: z.string(), href: z.string(), etag: z.string(), ics: z.string() })),
  removed: z.array(z.object({ calendar: z.string(), href: z.string() })),
});
export type AgendaChanges = z.infer<typeof changesSchema>;

/** An appointment as it is kept, sealed. */
export const itemBodySchema = z.object({
  href: z.string(),
  etag: z.string(),
  ics: z.string(),
  /** We made it. */
  ours: z.boolean(),
  /** The newest answer by mail of each attendee. */
  replies: z.record(z.string(), z.object({ sequence: z.number(), stampMs: z.number() })),
});
export type ItemBody = z.infer<typeof itemBodySchema>;

/** A mail about an appointment (RFC 6047). */
const messageSchema = z.object({
  to: z.array(z.string()),
  method: z.enum(['REQUEST', 'REPLY', 'CANCEL']),
  ics: z.string(),
  subject: z.string(),
  text: z.string(),
});
export type InvitationMessage = z.infer<typeof messageSchema>;

/** What a tool writes, sealed. */
export const writeBodySchema = z.object({
  item: z.string(),
  /** null: it lies in no calendar of a connection. */
  connectionId: z.string().nullable(),
  calendar: z.string(),
  href: z.string(),
  /** What is there; null: nothing. */
  before: z.object({ etag: z.string(), ics: z.string() }).nullable(),
  /** What is to be there; null: nothing. */
  after: z.string().nullable(),
  /** The entity tag since it was written. */
  etag: z.string().nullable(),
  /** Who is told by mail, where the server does not do that; each after the other. */
  messages: z.array(messageSchema),
  /** What the call answers once all of it is done. */
  result: jsonObjectSchema,
});
export type WriteBody = z.infer<typeof writeBodySchema>;
