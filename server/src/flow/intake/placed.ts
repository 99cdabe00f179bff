import { type MailFacts, messageMac, type Place, peerMac, placeMails, type ReceivedRow } from '#flow/correspondence';
import { type Id, newId } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import type { IncomingEvent } from './schema.ts';

/** An event with the task that it will make, and what is kept of a mail so that later ones find it. */
export interface PlacedEvent {
  readonly event: IncomingEvent;
  readonly taskId: Id<'task'>;
  readonly mail: Omit<ReceivedRow, 'taskId' | 'eventId'> | null;
}

/**
 * Puts mails into their threads: what they answer, which task sent that, what came back. A mail that says that one of ours was given up is
 * `mail.bounced`.
 */
export async function placeEvents(
  database: Pick<Database, 'app'>,
  keys: TenantKeys,
  tenantId: Id<'tenant'>,
  events: readonly IncomingEvent[],
  now: Date,
): Promise<PlacedEvent[]> {
  const drafts = events.map((event) => ({ event, taskId: newId('task', now.getTime()) }));
  const mails = drafts.flatMap(({ event: { mail }, taskId }) => (mail === undefined ? [] : [{ ...mail, taskId }]));
  const places = mails.length === 0 ? [] : await withTenant(database.app.db, tenantId, (tx) => placeMails(tx, keys, tenantId, mails));
  const placeOf = new Map(mails.map(({ taskId }, at) => [taskId, places[at]]));
  return drafts.map(({ event, taskId }) => {
    const place = placeOf.get(taskId);
    if (event.mail === undefined || place === undefined) return { event, taskId, mail: null };
    return { event: placed(event, event.mail, place), taskId, mail: keptOf(keys, event.mail, place) };
  });
}

function placed(event: IncomingEvent, facts: MailFacts, place: Place): IncomingEvent {
  const { threadId, earlierTaskId, answersTaskId, bouncedTaskId, automatic } = place;
  const isBounce = bouncedTaskId !== null && facts.returned?.isFinal === true;
  return {
    ...event,
    ...(isBounce ? { kind: 'mail.bounced' } : {}),
    payload: {
      ...event.payload,
      ...{ automatic: automatic !== null, automaticReason: automatic, threadId, earlierTaskId, answersTaskId },
      ...(bouncedTaskId === null ? {} : { bouncedTaskId }),
    },
  };
}

const keptOf = (keys: TenantKeys, { messageId, peers }: MailFacts, { threadId, automatic }: Place): PlacedEvent['mail'] => ({
  messageMac: messageMac(keys, messageId),
  threadId,
  automatic,
  peerMacs: peers.map((address) => peerMac(keys, address)),
});
