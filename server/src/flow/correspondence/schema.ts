import { z } from 'zod';
import type { Id } from '#kernel';

/**
 * Why a mail is not to be answered: it came over a list, answers by itself, says that something could not be delivered, was written by a
 * program, or is one of ours.
 */
export type Automatic = 'list' | 'reply' | 'bounce' | 'program' | 'own';

/** What is known of a mail before it is placed, all of it its sender's claim. */
export interface MailFacts {
  /** Its Message-ID; its external id where it has none. */
  readonly messageId: string;
  /** What it answers, the nearest first. */
  readonly ancestors: readonly string[];
  /** The first message of its thread. */
  readonly root: string;
  readonly automatic: Automatic | null;
  /** Addresses to which an answer would go. */
  readonly peers: readonly string[];
  /** Of a mail that reports on a delivery: the ids in it, one of which may be ours, and whether it was given up. */
  readonly returned: { readonly ids: readonly string[]; readonly isFinal: boolean } | null;
}

/** Where a mail belongs. */
export interface Place {
  readonly threadId: string;
  /** The task of the last mail before it in the thread that came in. */
  readonly earlierTaskId: string | null;
  /** The task that sent the mail it answers. */
  readonly answersTaskId: string | null;
  /** The task that sent the mail that came back. */
  readonly bouncedTaskId: string | null;
  readonly automatic: Automatic | null;
}

/** What the call that sends is told when it asks what became of it. */
export const sendingSchema = z.object({
  messageId: z.string(),
  to: z.array(z.string()),
  connectionId: z.string(),
  /** Set once the outgoing server has answered. */
  result: z.object({ accepted: z.array(z.string()), rejected: z.array(z.string()) }).nullable(),
});
export type SendingBody = z.infer<typeof sendingSchema>;

export interface Sending {
  readonly state: 'sending' | 'sent' | 'failed';
  readonly threadId: string;
  readonly body: SendingBody;
}

/** A mail that came in, as whoever answers it needs to know it. */
export interface Received {
  readonly eventId: Id<'event'>;
  readonly threadId: string;
  readonly automatic: Automatic | null;
}
