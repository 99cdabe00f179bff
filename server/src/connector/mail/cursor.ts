import { z } from 'zod';

const uid = z.int().min(0).max(4_294_967_295);

/**
 * How far one folder has been read. UIDs up to `lastUid` are behind us, except those from `low` to `high` of a back-fill that still goes on.
 * `uidValidity` has 32 bits on the wire and more in clients, so it is text.
 */
const folderCursorSchema = z.object({
  uidValidity: z.string().regex(/^\d{1,20}$/),
  lastUid: uid,
  back: z.object({ low: uid, high: uid, left: z.int().min(0) }).nullable(),
});
export type FolderCursor = z.infer<typeof folderCursorSchema>;

/**
 * `since`: what came before it is history (RFC 3339). `past`: how far all back-fills are. A folder that has vanished keeps its place, for the
 * case that it comes back.
 */
const cursorSchema = z.object({
  since: z.iso.datetime({ offset: true }),
  folders: z.record(z.string(), folderCursorSchema),
  past: z.object({ done: z.int().min(0), of: z.int().min(0) }),
});
export type MailCursor = z.infer<typeof cursorSchema>;

/** @returns null for what is no cursor of ours, such as one of an earlier version: the mailbox is read anew then, and known mail recognised. */
export const readCursor = (cursor: unknown): MailCursor | null => cursorSchema.safeParse(cursor).data ?? null;
