import { createCorrespondence } from '#flow/correspondence';
import type { ToolAnswer, ToolContext } from '#flow/tool';
import { type MailDeps, type MailParts, openAccount, orFailed } from './account.ts';
import { lookUpSending, sendOver } from './outgoing.ts';

/** A mail about an appointment (RFC 6047): a text for people, and the same as iCalendar for their programs. */
interface InvitationMail {
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly method: 'REQUEST' | 'REPLY' | 'CANCEL';
  readonly ics: string;
}

/** How the tools of calendars tell others of appointments: over the tenant's mail account, each mail once a call. */
export function createInvitationPost(deps: MailDeps) {
  const parts: MailParts = { ...deps, correspondence: createCorrespondence(deps) };
  /** An account without an outgoing server sends nothing. */
  const sending = async (context: ToolContext) => {
    const account = await openAccount(deps, context);
    return account?.context.settings.smtpHost === undefined ? null : account;
  };
  return {
    from: async (context: ToolContext): Promise<string | null> =>
      (await sending(context))?.context.settings.fromAddress.toLowerCase() ?? null,
    send: (context: ToolContext, { to, subject, text, method, ics }: InvitationMail): Promise<ToolAnswer> =>
      orFailed(
        (async () => {
          const account = await sending(context);
          if (account !== null) return sendOver(parts, context, account, { to: [...to], subject, text, calendar: { method, ics } });
          return {
            ...{ kind: 'failed', failure: 'permanent', code: 'connection.missing' },
            message: 'There is no mail account that sends. Connect one.',
          } as const;
        })(),
      ),
    /** What became of the mail of a call. */
    lookup: (context: ToolContext): Promise<ToolAnswer> =>
      orFailed(lookUpSending(parts, context, () => sending(context)).then((answer) => answer ?? { kind: 'absent' })),
  };
}
