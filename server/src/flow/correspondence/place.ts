import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import type { MailFacts, Place } from './schema.ts';
import { findMessages, type MessageRow } from './store.ts';

/** Finds a message by its id, which need not be one. */
export const messageMac = (keys: TenantKeys, messageId: string): Buffer => keys.mac('mail.message', messageId.trim());

/** The thread of a first message that nothing is known of. */
export const threadIdOf = (keys: TenantKeys, root: string): string =>
  `thr_${keys.mac('mail.thread', root.trim()).toString('hex').slice(0, 24)}`;

/**
 * Where mails belong that are about to be taken in, in their order: one may answer another of them.
 *
 * That a mail answers one of ours, or brings it back, is its sender's claim. The ids of ours cannot be guessed, so it knows somebody who got
 * that mail, and no more than that follows.
 */
export async function placeMails(
  tx: Tx,
  keys: TenantKeys,
  tenantId: Id<'tenant'>,
  mails: readonly (MailFacts & { readonly taskId: Id<'task'> })[],
): Promise<Place[]> {
  const macs = mails
    .flatMap(({ messageId, ancestors, root, returned }) => [messageId, ...ancestors, root, ...(returned?.ids ?? [])])
    .map((id) => messageMac(keys, id));
  const known = new Map((await findMessages(tx, tenantId, macs)).map((row) => [row.messageMac.toString('hex'), row]));
  const keyOf = (id: string) => messageMac(keys, id).toString('hex');
  return mails.map((mail) => {
    const itself = known.get(keyOf(mail.messageId));
    const ancestors = [...mail.ancestors, mail.root].flatMap((id) => known.get(keyOf(id)) ?? []).filter((row) => row !== itself);
    const bounced = (mail.returned?.ids ?? []).flatMap((id) => known.get(keyOf(id)) ?? []).find(({ direction }) => direction === 'out');
    const place: Place = {
      threadId: bounced?.threadId ?? ancestors[0]?.threadId ?? itself?.threadId ?? threadIdOf(keys, mail.root),
      earlierTaskId: ancestors.find(({ direction }) => direction === 'in')?.taskId ?? null,
      answersTaskId: ancestors.find(({ direction }) => direction === 'out')?.taskId ?? null,
      bouncedTaskId: bounced?.taskId ?? null,
      automatic: itself?.direction === 'out' ? 'own' : mail.automatic,
    };
    if (itself === undefined) {
      const row: MessageRow = {
        messageMac: messageMac(keys, mail.messageId),
        threadId: place.threadId,
        direction: 'in',
        taskId: mail.taskId,
      };
      known.set(keyOf(mail.messageId), row);
    }
    return place;
  });
}
