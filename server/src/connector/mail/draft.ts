import { stringify } from 'yaml';
import { z } from 'zod';
import type { Tool, ToolContext } from '#flow/tool';
import type { JsonObject } from '#kernel';
import { type MailParts, openAccount, orFailed } from './account.ts';
import { compose } from './compose.ts';
import { attachmentsSchema, letterArgs, letterFields, nameOf, people } from './letter.ts';
import { discardDraft, isKept, keepIn } from './mailbox.ts';
import { letterOf } from './outgoing.ts';

const input = z.strictObject({ ...letterFields, attachments: attachmentsSchema.optional() });
const output = z.object({ path: z.string(), etag: z.string(), mailbox: z.string().nullable() });

/** `mail.draft`: keeps a letter as a note in Drafts/, and in the drafts of the mail account where there is one. Nobody outside sees it. */
export function draftTool(parts: MailParts): Tool<typeof input, typeof output> {
  const { keeper, correspondence } = parts;
  const withMailbox = (result: JsonObject, mailbox: string | null) => ({ kind: 'done', result: { ...result, mailbox } }) as const;
  const idOf = async (context: ToolContext, fromAddress: string) => correspondence.messageIdOf(context, fromAddress);
  return {
    manifest: {
      tool: 'mail.draft',
      title: 'Draft a mail',
      effect: 'write',
      risk: 'low',
      // A draft goes nowhere: whom it would be for is content here, and steers only when it is sent.
      args: {
        ...letterArgs,
        to: { ...letterArgs.to, role: 'content' },
        cc: { ...letterArgs.cc, role: 'content' },
        attachments: { role: 'content', slot: 'text', title: 'Attachments' },
      },
      reversible: true,
      visibleOutside: false,
      readsPrivate: false,
      canLookup: true,
      timeoutMs: 60_000,
      headline: (given) => `Draft a mail to ${people(given.to)}`,
      consequence: 'The draft is kept in Drafts/ and in the drafts of the mail account. Nothing is sent.',
    },
    input,
    output,
    run: (context, letter) =>
      orFailed(
        (async () => {
          const head = {
            type: 'draft',
            to: letter.to,
            ...(letter.cc === undefined ? {} : { cc: letter.cc }),
            subject: letter.subject,
            ...(letter.inReplyTo === undefined ? {} : { in_reply_to: letter.inReplyTo }),
            ...(letter.attachments === undefined ? {} : { attachments: letter.attachments }),
            created: context.now.toISOString(),
          };
          const account = await openAccount(parts, context);
          const prepared =
            account === null
              ? null
              : await letterOf(parts, context, account, {
                  input: letter,
                  messageId: await idOf(context, account.context.settings.fromAddress),
                });
          const kept = await keeper.keep(context, {
            path: `Drafts/${nameOf(context)}.md`,
            content: `---\n${stringify(head)}---\n\n${letter.text}\n`,
            outbox: null,
          });
          if (account === null || prepared === null) return withMailbox(kept, null);
          const { messageId } = prepared;
          return withMailbox(kept, await keepIn(account.context, '\\Drafts', { message: Buffer.from(await compose(prepared)), messageId }));
        })(),
      ),
    lookup: (context) =>
      orFailed(
        (async () => {
          const kept = await keeper.find(context, null);
          if (kept.kind !== 'done') return kept;
          const account = await openAccount(parts, context);
          if (account === null) return withMailbox(kept.result, null);
          const isThere = await isKept(account.context, '\\Drafts', await idOf(context, account.context.settings.fromAddress));
          // The note comes first, so a draft without its copy is half made: made again, it becomes whole.
          return isThere === false
            ? { kind: 'absent' }
            : withMailbox(kept.result, isThere === null ? null : (account.context.settings.draftsFolder ?? ''));
        })(),
      ),
    undo: (context, _letter, { mailbox }) =>
      orFailed(
        (async () => {
          const account = mailbox === null ? null : await openAccount(parts, context);
          if (account !== null) await discardDraft(account.context, await idOf(context, account.context.settings.fromAddress));
          return keeper.takeBack(context);
        })(),
      ),
  };
}
