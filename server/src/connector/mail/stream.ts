import { withMailbox } from './imap.ts';
import type { MailContext } from './settings.ts';

/** Waits at the first folder (IDLE, or asking now and then where the server has none) and says when something is new there. */
export async function watchMailbox(context: MailContext, onHint: () => void): Promise<void> {
  const [first = 'INBOX'] = context.settings.folders;
  await withMailbox(
    context,
    async ({ client }) => {
      client.on('exists', onHint);
      await client.mailboxOpen(first, { readOnly: true });
      // Whatever came between the last poll and now has not been announced.
      onHint();
      // It ends when another command is due or the server wants it to; a connection that was cut is no longer usable.
      while (client.usable && !context.signal.aborted) {
        await client.idle();
        if (client.usable) await client.noop();
      }
    },
    { idles: true },
  );
}
