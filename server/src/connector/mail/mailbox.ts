import type { ImapFlow } from 'imapflow';
import { withMailbox } from './imap.ts';
import type { MailContext } from './settings.ts';

/** What we put into an account: a copy of what was sent, a draft. */
type Use = '\\Sent' | '\\Drafts';

/** Where a server that names no folders for them most often keeps them. */
const usual: Readonly<Record<Use, readonly string[]>> = {
  '\\Sent': ['Sent', 'Sent Items', 'Sent Messages', 'INBOX.Sent', 'INBOX/Sent'],
  '\\Drafts': ['Drafts', 'INBOX.Drafts', 'INBOX/Drafts'],
};

/**
 * Puts a message into the folder for sent mail or for drafts, unless it is there already.
 * @returns the folder, or null when the account has none.
 */
export function keepIn(
  context: MailContext,
  use: Use,
  { message, messageId }: { message: Buffer; messageId: string },
): Promise<string | null> {
  return withMailbox(context, async ({ client }) => {
    const path = await folderOf(client, context, use);
    if (path === null) return null;
    // Opened to be written: a client keeps flags to itself that a folder which is only read does not take.
    if ((await findById(client, path, messageId, false)).length > 0) return path;
    await client.append(path, message, use === '\\Sent' ? ['\\Seen'] : ['\\Draft', '\\Seen'], context.now());
    return path;
  });
}

/** Whether a message with this id lies in the folder for sent mail or for drafts; null when the account has no such folder. */
export function isKept(context: MailContext, use: Use, messageId: string): Promise<boolean | null> {
  return withMailbox(context, async ({ client }) => {
    const path = await folderOf(client, context, use);
    return path === null ? null : (await findById(client, path, messageId)).length > 0;
  });
}

/** Takes a draft of ours out of the account. One that is gone, because somebody sent or deleted it, is none of ours any more. */
export function discardDraft(context: MailContext, messageId: string): Promise<void> {
  return withMailbox(context, async ({ client }) => {
    const path = await folderOf(client, context, '\\Drafts');
    if (path === null) return;
    const uids = await findById(client, path, messageId, false);
    if (uids.length > 0) await client.messageDelete(uids.join(','), { uid: true });
  });
}

async function folderOf(client: ImapFlow, { settings }: MailContext, use: Use): Promise<string | null> {
  const chosen = use === '\\Sent' ? settings.sentFolder : settings.draftsFolder;
  if (chosen !== undefined) return chosen;
  const folders = await client.list();
  const named = folders.find(({ specialUse }) => specialUse === use);
  const known = usual[use].flatMap((name) => folders.filter(({ path }) => path === name));
  return (named ?? known[0])?.path ?? null;
}

/** A server matches parts of a header, so what it finds is looked at. */
async function findById(client: ImapFlow, path: string, messageId: string, readOnly = true): Promise<number[]> {
  await client.mailboxOpen(path, { readOnly });
  const found = await client.search({ header: { 'message-id': messageId } }, { uid: true });
  const uids = Array.isArray(found) ? found.slice(-foundMax) : [];
  if (uids.length === 0) return [];
  const messages = await client.fetchAll(uids.join(','), { uid: true, envelope: true }, { uid: true });
  return messages.filter(({ envelope }) => envelope?.messageId === messageId).map(({ uid }) => uid);
}

const foundMax = 20;
