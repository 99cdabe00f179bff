import { resolve as resolveName, resolveSrv } from 'node:dns/promises';
import { defineConnector, type Polled } from '@factotum/connector-sdk';
import type { DNSResolver } from 'mailauth';
import { mailAccount } from './account.ts';
import { authenticationOf } from './authentication.ts';
import type { MailCursor } from './cursor.ts';
import { discoverMail, type SrvLookup } from './discover.ts';
import { withMailbox } from './imap.ts';
import { pollMailbox } from './poll.ts';
import { type MailSettings, mailCredentials, type mailSettingsSchema } from './settings.ts';
import { checkOutgoing } from './smtp.ts';
import { watchMailbox } from './stream.ts';

export interface MailConnectorOptions {
  /** Another name server than the system's, for signatures. */
  readonly resolve?: DNSResolver;
  /** Another for services. */
  readonly lookupSrv?: SrvLookup;
}

const everyMs = 60_000;

/** A mail account: IMAP in, SMTP out. */
export const createMailConnector = ({ resolve = resolveAny, lookupSrv = resolveSrv }: MailConnectorOptions = {}) =>
  defineConnector<typeof mailSettingsSchema, MailCursor>({
    ...mailAccount,
    title: 'Mail account',
    description: 'Reads the mail of an account over IMAP, and sends and drafts in its name over SMTP.',
    credentials: mailCredentials,
    everyMs,
    place: ({ imapHost, imapPort, user }: MailSettings) => JSON.stringify([imapHost.toLowerCase(), imapPort, user]),
    destinations: ({ smtpHost, smtpPort, tokenUrl }: MailSettings) => [
      ...(smtpHost === undefined ? [] : [`smtp ${smtpHost.toLowerCase()}:${smtpPort}`]),
      ...(tokenUrl === undefined ? [] : [`token ${tokenUrl}`]),
    ],
    discover: (network, address) => discoverMail(network, address, lookupSrv),
    async check(context) {
      await withMailbox(context, async ({ client }) => {
        await client.mailboxOpen(context.settings.folders[0] ?? 'INBOX', { readOnly: true });
      });
      if (context.settings.smtpHost !== undefined) await checkOutgoing(context);
    },
    poll: (context, cursor, limits): Promise<Polled<MailCursor>> =>
      pollMailbox(context, cursor, limits, { authenticate: (at, bytes) => authenticationOf(at, bytes, resolve) }),
    stream: watchMailbox,
  });

/** As mailauth asks: text records mostly. */
const resolveAny: DNSResolver = async (domain, type) => {
  // The overload for a type that is only known at run time says nothing about what comes; mailauth asks for names and texts alone.
  const found = await resolveName(domain, type);
  return found as string[] | string[][];
};
