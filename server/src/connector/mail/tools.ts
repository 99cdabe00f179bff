import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { z } from 'zod';
import { type Keeper, readSetup } from '#flow/action';
import type { Tool, ToolContext } from '#flow/tool';
import type { Database } from '#kernel/database';
import type { KeysOf } from '#trust/key';
import { normaliseAddress } from '#trust/policy';
import { compose } from './compose.ts';

interface MailDeps {
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly keeper: Keeper;
}

// Also what the gate has seen to already: whatever reaches a header is one line, and an address is nothing but an address.
const address = z
  .string()
  .max(320)
  .refine((text) => normaliseAddress(text) !== null && text === text.trim(), 'must be a bare mail address');
const line = z
  .string()
  .max(998)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line without control characters');
const input = z.strictObject({
  to: z.array(address).min(1).max(100),
  cc: z.array(address).max(100).optional(),
  subject: line.min(1),
  text: z.string().max(200_000),
  /** The Message-ID of the mail that is answered; one that is none is left out. */
  inReplyTo: line.optional(),
});
const draftOutput = z.object({ path: z.string(), etag: z.string() });
const sendOutput = draftOutput.extend({ file: z.string().nullable() });

const args = {
  to: { role: 'steering', slot: 'addresses', title: 'To' },
  cc: { role: 'steering', slot: 'addresses', title: 'Copy to' },
  subject: { role: 'content', slot: 'text', title: 'Subject' },
  text: { role: 'content', slot: 'text', title: 'Text' },
  inReplyTo: { role: 'content', slot: 'text', title: 'In reply to' },
} as const;

/** `mail.draft`: keeps a reply as a note in Drafts/. Nobody outside sees it. */
function draftTool({ keeper }: MailDeps): Tool<typeof input, typeof draftOutput> {
  return {
    manifest: {
      tool: 'mail.draft',
      title: 'Draft a mail',
      effect: 'write',
      risk: 'low',
      // A draft goes nowhere: whom it would be for is content here, and steers only when it is sent.
      args: { ...args, to: { ...args.to, role: 'content' }, cc: { ...args.cc, role: 'content' } },
      reversible: true,
      visibleOutside: false,
      readsPrivate: false,
      canLookup: true,
      timeoutMs: 10_000,
      headline: (given) => `Draft a mail to ${people(given.to)}`,
      consequence: 'The draft is kept in Drafts/. Nothing is sent.',
    },
    input,
    output: draftOutput,
    async run(context, letter) {
      const head = {
        type: 'draft',
        to: letter.to,
        ...(letter.cc === undefined ? {} : { cc: letter.cc }),
        subject: letter.subject,
        ...(letter.inReplyTo === undefined ? {} : { in_reply_to: letter.inReplyTo }),
        created: context.now.toISOString(),
      };
      const kept = await keeper.keep(context, {
        path: `Drafts/${nameOf(context)}.md`,
        content: `---\n${stringify(head)}---\n\n${letter.text}\n`,
        outbox: null,
      });
      return { kind: 'done', result: kept };
    },
    lookup: (context) => keeper.find(context, null),
    undo: (context) => keeper.takeBack(context),
  };
}

/** `mail.send`: puts a finished message into the outbox, from where it leaves. It cannot be taken back. */
function sendTool(deps: MailDeps): Tool<typeof input, typeof sendOutput> {
  return {
    manifest: {
      tool: 'mail.send',
      title: 'Send a mail',
      effect: 'egress',
      risk: 'medium',
      args,
      reversible: false,
      visibleOutside: true,
      readsPrivate: false,
      canLookup: true,
      timeoutMs: 15_000,
      headline: (given) => `Send a mail to ${people(given.to)}`,
      consequence: 'The mail is put into the outbox and leaves from there. It cannot be called back.',
    },
    input,
    output: sendOutput,
    async run(context, letter) {
      const account = accountSchema.safeParse(await readSetup(deps, context, 'Mail_Account.md'));
      if (!account.success)
        return {
          kind: 'failed',
          failure: 'permanent',
          code: 'tool.auth',
          message: 'There is no sender address yet. Write it into the note Mail_Account.md as "address:" in its front matter.',
        };
      const name = nameOf(context);
      const message = await compose({
        ...letter,
        from: account.data.address,
        messageId: `<${name}@factotum.invalid>`,
        date: context.now,
      });
      const kept = await deps.keeper.keep(context, { path: `Outbox/${name}.eml`, content: message, outbox });
      return { kind: 'done', result: kept };
    },
    lookup: (context) => deps.keeper.find(context, outbox),
  };
}

/** The tools of mail that need no account: drafts, and messages as files. */
export const mailTools = (deps: MailDeps): Tool[] => [draftTool(deps), sendTool(deps)];

const outbox = 'mail';

const accountSchema = z.object({ address });

/** Named by the key of the step, so that the same call always means the same file. */
const nameOf = (context: ToolContext): string =>
  `${context.now.toISOString().slice(0, 10)}_${createHash('sha256').update(`${context.tenantId}/${context.key}`).digest('hex').slice(0, 16)}`;

function people(to: unknown): string {
  const list = Array.isArray(to) ? to.map(String) : [];
  return list.length <= 2 ? list.join(' and ') : `${list[0]} and ${list.length - 1} others`;
}
