import { isConnectorFault } from '@factotum/connector-sdk';
import type { Sending } from '#flow/correspondence';
import type { ToolAnswer, ToolContext } from '#flow/tool';
import type { JsonObject } from '#kernel';
import { noteBytesMax } from '#trust/vault';
import { type Account, failedBy, type MailParts } from './account.ts';
import { readAttachments } from './attachments.ts';
import { compose, type Letter } from './compose.ts';
import { type LetterInput, nameOf } from './letter.ts';
import { isKept, keepIn } from './mailbox.ts';
import { originalOf } from './original.ts';
import { deliver } from './smtp.ts';

/** Where the sealed copy of a mail lies that went out over an account. */
const folder = 'Sent';

/**
 * Sends a letter over the tenant's account, once a call.
 *
 * The right to send is taken before anything goes out and given back only when the server has certainly not taken the mail. So of all attempts
 * of a call one sends; where it died or its line broke at the end, the folder for sent mail may tell, and else nobody.
 */
export async function sendOver(parts: MailParts, context: ToolContext, account: Account, input: LetterInput): Promise<ToolAnswer> {
  const { correspondence, keeper } = parts;
  const { settings } = account.context;
  const to = [...new Set([...input.to, ...(input.cc ?? [])])];
  const messageId = await correspondence.messageIdOf(context, settings.fromAddress);
  const body = { messageId, to, connectionId: account.connectionId, result: null };
  const outgoing = { body, inReplyTo: input.inReplyTo };

  const known = await correspondence.find(context);
  if (known?.state === 'sent') return doneBy(parts, context, known);
  if (known?.state === 'sending' && (await isKept(account.context, '\\Sent', messageId)) === true) return settled(parts, context, known);
  const hindrance = await correspondence.hindrance(context, outgoing, settings.repliesPerHourMax);
  if (hindrance !== null) return refusedBy(hindrance, settings.repliesPerHourMax);

  const letter = await letterOf(parts, context, account, { input, messageId });
  const message = await compose(letter);
  await keeper.keep(context, { path: `${folder}/${nameOf(context)}.eml`, content: await keepable(letter, message), outbox: null });
  if ((await correspondence.begin(context, outgoing)) === null) return whatBecame(parts, context, account);

  const bytes = Buffer.from(message);
  const delivery = await deliver(account.context, { from: settings.fromAddress, to, message: bytes });
  if (delivery.kind === 'unknown')
    return { kind: 'unknown', message: 'The line to the outgoing mail server broke when all of the mail was out.' };
  if (delivery.kind === 'refused') {
    await correspondence.settle(context, body, 'failed');
    return failedBy(delivery.fault);
  }
  const { accepted, rejected } = delivery;
  await correspondence.settle(context, { ...body, result: { accepted: [...accepted], rejected: [...rejected] } }, 'sent');
  if (settings.keepsSent) await keepCopy(account, bytes, messageId);
  const sent = await correspondence.find(context);
  return sent === null
    ? { kind: 'unknown', message: 'The mail is out, and what was written down of it is not there.' }
    : doneBy(parts, context, sent);
}

/** What became of the call with this key; null: it did not send over an account. */
export async function lookUpSending(
  parts: MailParts,
  context: ToolContext,
  open: () => Promise<Account | null>,
): Promise<ToolAnswer | null> {
  const known = await parts.correspondence.find(context);
  if (known === null) {
    const kept = await parts.keeper.find(context, null);
    // The copy is kept before the right to send is taken.
    return kept.kind === 'done' && String(kept.result.path).startsWith(`${folder}/`) ? { kind: 'absent' } : null;
  }
  if (known.state === 'failed') return { kind: 'absent' };
  if (known.state === 'sent') return doneBy(parts, context, known);
  const account = await open();
  if (account === null) return { kind: 'unknown', message: 'The mail account has gone since.' };
  return whatBecame(parts, context, account);
}

async function whatBecame(parts: MailParts, context: ToolContext, account: Account): Promise<ToolAnswer> {
  const known = await parts.correspondence.find(context);
  if (known === null || known.state === 'failed') return { kind: 'absent' };
  if (known.state === 'sent') return doneBy(parts, context, known);
  if ((await isKept(account.context, '\\Sent', known.body.messageId)) === true) return settled(parts, context, known);
  return { kind: 'unknown', message: 'Look into the folder for sent mail, or ask whom it was for, whether this mail went out.' };
}

async function settled(parts: MailParts, context: ToolContext, { body, ...sending }: Sending): Promise<ToolAnswer> {
  const known = { ...body, result: { accepted: body.to, rejected: [] } };
  await parts.correspondence.settle(context, known, 'sent');
  return doneBy(parts, context, { ...sending, state: 'sent', body: known });
}

async function doneBy({ keeper }: MailParts, context: ToolContext, { body, threadId }: Sending): Promise<ToolAnswer> {
  const kept = await keeper.find(context, null);
  const place: JsonObject = kept.kind === 'done' ? kept.result : { path: '', etag: '' };
  return { kind: 'done', result: { ...place, file: null, messageId: body.messageId, threadId, rejected: body.result?.rejected ?? [] } };
}

/** The mail is out: that its copy could not be put away is no reason to say that it is not. */
async function keepCopy(account: Account, message: Buffer, messageId: string): Promise<void> {
  await keepIn(account.context, '\\Sent', { message, messageId }).catch((error: unknown) => {
    if (!isConnectorFault(error)) throw error;
    account.context.log('a sent mail has no copy in its folder', { fault: error.kind });
  });
}

/** The letter with what the account adds: who writes, the signature, the thread. */
export async function letterOf(
  parts: MailParts,
  context: ToolContext,
  { context: { settings } }: Account,
  { input, messageId }: { input: LetterInput; messageId: string },
): Promise<Letter> {
  const original = input.inReplyTo === undefined ? null : await originalOf(parts, context, input.inReplyTo);
  const { attachments: paths = [], ...letter } = input;
  return {
    ...letter,
    text: settings.signature === undefined ? input.text : `${input.text.trimEnd()}\n\n-- \n${settings.signature}\n`,
    from: settings.fromAddress,
    fromName: settings.fromName,
    references: original?.references,
    attachments: await readAttachments(parts, context, paths),
    isAutomatic: settings.marksAutomatic && input.inReplyTo !== undefined,
    messageId,
    date: context.now,
  };
}

/** What a note can hold of a mail: one with large attachments is kept without them; they are in the vault themselves. */
const keepable = async (letter: Letter, message: string): Promise<string> =>
  Buffer.byteLength(message) <= noteBytesMax ? message : compose({ ...letter, attachments: [] });

function refusedBy(
  hindrance: { readonly kind: 'automatic'; readonly reason: string } | { readonly kind: 'loop' },
  most: number,
): ToolAnswer {
  const failed = { kind: 'failed', failure: 'permanent' } as const;
  if (hindrance.kind === 'loop')
    return {
      ...failed,
      code: 'mail.loop',
      message: `${most} mails went into this thread or to this address within an hour. Two programs may be answering each other; write by hand if not.`,
    };
  const what =
    { list: 'came over a mailing list', reply: 'is an automatic reply', bounce: 'is a notice about a delivery', own: 'is one of our own' }[
      hindrance.reason
    ] ?? 'was written by a program';
  return { ...failed, code: 'mail.automatic', message: `The mail that this would answer ${what}. Such mail is not answered.` };
}
