import { z } from 'zod';
import { readSetup } from '#flow/action';
import { createCorrespondence } from '#flow/correspondence';
import type { Tool, ToolAnswer, ToolContext } from '#flow/tool';
import { type MailDeps, type MailParts, openAccount, orFailed } from './account.ts';
import { compose } from './compose.ts';
import { draftTool } from './draft.ts';
import { address, attachmentsSchema, type LetterInput, letterArgs, letterFields, letterSchema, nameOf, people } from './letter.ts';
import { originalOf, participantsOf, quoted } from './original.ts';
import { lookUpSending, sendOver } from './outgoing.ts';

const output = z.object({
  path: z.string(),
  etag: z.string(),
  file: z.string().nullable(),
  /** Of a mail that went out over an account. */
  messageId: z.string().nullable(),
  threadId: z.string().nullable(),
  /** Recipients that the outgoing server did not take. */
  rejected: z.array(z.string()),
});

const egress = {
  effect: 'egress',
  risk: 'medium',
  reversible: false,
  visibleOutside: true,
  canLookup: true,
  timeoutMs: 90_000,
  consequence: 'The mail leaves over the mail account, or through the outbox where there is none. It cannot be called back.',
} as const;

/** `mail.send`: sends a letter over the tenant's account, or puts it into the outbox as a finished message. It cannot be taken back. */
function sendTool(parts: MailParts): Tool<typeof letterSchema, typeof output> {
  return {
    manifest: {
      ...egress,
      tool: 'mail.send',
      title: 'Send a mail',
      args: letterArgs,
      readsPrivate: false,
      headline: (given) => `Send a mail to ${people(given.to)}`,
    },
    input: letterSchema,
    output,
    run: (context, letter) => send(parts, context, letter),
    lookup: (context) => lookUp(parts, context),
  };
}

const filesInput = z.strictObject({ ...letterFields, attachments: attachmentsSchema });

/** `mail.send_files`: the same with files of the vault. A tool of its own, as whatever else sends mail has not read what is private. */
function sendFilesTool(parts: MailParts): Tool<typeof filesInput, typeof output> {
  return {
    manifest: {
      ...egress,
      tool: 'mail.send_files',
      title: 'Send a mail with files',
      args: { ...letterArgs, attachments: { role: 'steering', slot: 'labels', title: 'Attachments' } },
      readsPrivate: true,
      headline: (given) => `Send ${Array.isArray(given.attachments) ? given.attachments.length : 0} file(s) to ${people(given.to)}`,
    },
    input: filesInput,
    output,
    run: (context, letter) => send(parts, context, letter),
    lookup: (context) => lookUp(parts, context),
  };
}

const replyInput = z.strictObject({
  to: letterFields.to,
  cc: letterFields.cc,
  text: letterFields.text,
  inReplyTo: letterFields.inReplyTo.unwrap().min(1),
  /** Whether the mail stands below the answer; it does if nothing is said. */
  quote: z.boolean().optional(),
});

/** `mail.reply`: answers a mail that came in, in its thread, to people who have that mail already, with its text below. */
function replyTool(parts: MailParts): Tool<typeof replyInput, typeof output> {
  const { to, cc, text, inReplyTo } = letterArgs;
  return {
    manifest: {
      ...egress,
      tool: 'mail.reply',
      title: 'Reply to a mail',
      args: { to, cc, text, inReplyTo, quote: { role: 'content', slot: 'text', title: 'With the mail below' } },
      readsPrivate: false,
      headline: (given) => `Reply to ${people(given.to)}`,
    },
    input: replyInput,
    output,
    async run(context, { quote = true, ...reply }) {
      const original = await originalOf(parts, context, reply.inReplyTo);
      if (original === null) return refused('There is no mail of this id among those that came in. Use mail.send to write first.');
      const participants = participantsOf(original);
      const strangers = [...reply.to, ...(reply.cc ?? [])].filter((one) => !participants.has(one.toLowerCase()));
      // Its text goes along, so it goes to nobody who has not got it.
      if (strangers.length > 0) return refused(`${strangers.join(', ')} did not get the mail that this answers. Use mail.send.`);
      const subject = /^(re|aw|sv|antw)\s*:/i.test(original.subject) ? original.subject : `Re: ${original.subject}`.trim();
      const words = quote ? `${reply.text.trimEnd()}\n\n${quoted(original)}` : reply.text;
      return send(parts, context, { ...reply, text: words, subject });
    },
    lookup: (context) => lookUp(parts, context),
  };
}

/** The tools of mail: over the tenant's account where there is one, and as notes and files where there is none. */
export function mailTools(deps: MailDeps): Tool[] {
  const parts: MailParts = { ...deps, correspondence: createCorrespondence(deps) };
  return [draftTool(parts), sendTool(parts), sendFilesTool(parts), replyTool(parts)];
}

const refused = (message: string): ToolAnswer => ({ kind: 'failed', failure: 'permanent', code: 'tool.invalid_arguments', message });

const send = (parts: MailParts, context: ToolContext, letter: LetterInput): Promise<ToolAnswer> =>
  orFailed(
    (async () => {
      const account = await openAccount(parts, context);
      if (account?.context.settings.smtpHost !== undefined) return sendOver(parts, context, account, letter);
      if (letter.attachments === undefined) return sendAsFile(parts, context, letter);
      return {
        kind: 'failed',
        failure: 'permanent',
        code: 'connection.missing',
        message: 'Files are sent over a mail account. Connect one with an outgoing server.',
      };
    })(),
  );

const lookUp = (parts: MailParts, context: ToolContext): Promise<ToolAnswer> =>
  orFailed(
    (async () => {
      const answer = await lookUpSending(parts, context, () => openAccount(parts, context));
      return answer ?? asFile(await parts.keeper.find(context, outbox));
    })(),
  );

const outbox = 'mail';
const accountSchema = z.object({ address });

/** Without an account: a finished message, sealed in Outbox/ and as a file for whoever sends it. */
async function sendAsFile(parts: MailParts, context: ToolContext, letter: LetterInput): Promise<ToolAnswer> {
  const account = accountSchema.safeParse(await readSetup(parts, context, 'Mail_Account.md'));
  if (!account.success)
    return {
      kind: 'failed',
      failure: 'permanent',
      code: 'tool.auth',
      message:
        'There is no sender address yet. Connect a mail account, or write "address:" into the front matter of the note Mail_Account.md.',
    };
  const { attachments: _, ...words } = letter;
  const name = nameOf(context);
  const message = await compose({ ...words, from: account.data.address, messageId: `<${name}@factotum.invalid>`, date: context.now });
  return asFile({
    kind: 'done',
    result: { ...(await parts.keeper.keep(context, { path: `Outbox/${name}.eml`, content: message, outbox })) },
  });
}

const asFile = (answer: ToolAnswer): ToolAnswer =>
  answer.kind === 'done' ? { ...answer, result: { ...answer.result, messageId: null, threadId: null, rejected: [] } } : answer;
