import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { z } from 'zod';
import { type Keeper, readForTool } from '#flow/action';
import type { Tool, ToolContext } from '#flow/tool';
import { isFactotumError } from '#kernel';
import type { Database } from '#kernel/database';
import type { Keyring } from '#trust/key';
import { compose } from './compose.ts';

interface MailDeps {
  readonly database: Database;
  readonly keyring: Keyring;
  readonly keeper: Keeper;
}

const address = z.string().max(320);
const input = z.strictObject({
  to: z.array(address).min(1).max(100),
  cc: z.array(address).max(100).optional(),
  subject: z
    .string()
    .min(1)
    .max(998)
    .regex(/^[^\r\n]*$/, 'must be one line'),
  text: z.string().max(200_000),
  inReplyTo: z
    .string()
    .max(998)
    .regex(/^[^\r\n]*$/, 'must be one line')
    .optional(),
});
const output = z.object({ path: z.string(), etag: z.string(), file: z.string().nullable() });

const args = {
  to: { role: 'steering', slot: 'addresses', title: 'To' },
  cc: { role: 'steering', slot: 'addresses', title: 'Copy to' },
  subject: { role: 'content', slot: 'text', title: 'Subject' },
  text: { role: 'content', slot: 'text', title: 'Text' },
  inReplyTo: { role: 'content', slot: 'text', title: 'In reply to' },
} as const;

/** `mail.draft`: keeps a reply as a note in Drafts/. Nobody outside sees it. */
function draftTool({ keeper }: MailDeps): Tool<typeof input, typeof output> {
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
    output,
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
        file: null,
      });
      return { kind: 'done', result: kept };
    },
    lookup: (context) => keeper.find(context, () => null),
    undo: (context) => keeper.takeBack(context),
  };
}

/** `mail.send`: puts a finished message into the outbox, from where it leaves. It cannot be taken back. */
function sendTool(deps: MailDeps): Tool<typeof input, typeof output> {
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
    output,
    async run(context, letter) {
      const from = await senderOf(deps, context);
      if (from === null)
        return {
          kind: 'failed',
          failure: 'permanent',
          code: 'tool.auth',
          message: 'There is no sender address yet. Write it into the note Mail_Account.md as "address:" in its front matter.',
        };
      const name = nameOf(context);
      const message = await compose({
        from,
        to: letter.to,
        cc: letter.cc ?? [],
        subject: letter.subject,
        text: letter.text,
        inReplyTo: letter.inReplyTo,
        messageId: `<${name}@factotum.invalid>`,
        date: context.now,
      });
      const kept = await deps.keeper.keep(context, { path: `Outbox/${name}.eml`, content: message, file: fileOf(`Outbox/${name}.eml`) });
      return { kind: 'done', result: kept };
    },
    lookup: (context) => deps.keeper.find(context, fileOf),
  };
}

/** The tools of mail that need no account: drafts, and messages as files. */
export const mailTools = (deps: MailDeps): Tool[] => [draftTool(deps), sendTool(deps)];

const fileOf = (path: string) => ({ folder: 'mail', name: path.slice(path.lastIndexOf('/') + 1) });

/** Named by the key of the step, so that the same call always means the same file. */
const nameOf = (context: ToolContext): string =>
  `${context.now.toISOString().slice(0, 10)}_${createHash('sha256').update(`${context.tenantId}/${context.key}`).digest('hex').slice(0, 16)}`;

async function senderOf(deps: MailDeps, context: ToolContext): Promise<string | null> {
  try {
    const { note } = await readForTool(deps, context, 'Mail_Account.md');
    const found = /^address:\s*(\S+@\S+)\s*$/m.exec(note.content)?.[1];
    return note.trusted && found !== undefined ? found.replace(/^["']|["']$/g, '') : null;
  } catch (error) {
    if (isFactotumError(error, 'vault.not_found')) return null;
    throw error;
  }
}

function people(to: unknown): string {
  const list = Array.isArray(to) ? to.map(String) : [];
  return list.length <= 2 ? list.join(' and ') : `${list[0]} and ${list.length - 1} others`;
}
