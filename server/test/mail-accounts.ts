import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import PostalMime, { type Email } from 'postal-mime';
import type { MailServers } from './mail-servers.ts';

export const alice = 'alice@acme.test';
export const bob = 'bob@acme.test';
/** As Dovecot's users file has it. */
export const passwordOf = (user: string): string => `${user.slice(0, user.indexOf('@'))}pw`;

/** The settings of a connection to one of the accounts. */
export const accountOf = (servers: MailServers, user: string, imapPort = servers.imapsPort) => ({
  ...{ imapHost: 'localhost', imapPort, imapSecurity: 'tls', smtpHost: 'localhost', smtpPort: servers.smtpPort, smtpSecurity: 'starttls' },
  ...{ trustedCertificate: servers.certificate, user, fromAddress: user, pastDays: 3_650 },
});

export interface PostedMail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly messageId: string;
  readonly inReplyTo?: string;
  readonly references?: string;
  readonly attachments?: { filename: string; content: string; contentType: string }[];
}

/** A mail as a customer’s own server hands it over. */
export async function post(servers: MailServers, mail: PostedMail): Promise<void> {
  const transport = createTransport({
    host: '127.0.0.1',
    port: servers.smtpPort,
    tls: { ca: servers.certificate, servername: 'localhost' },
  });
  await transport.sendMail(mail);
  transport.close();
}

/** What lies in somebody’s inbox, read over IMAP as their own mail program does, oldest first. */
export async function readInbox(servers: MailServers, user: string): Promise<Email[]> {
  const client = new ImapFlow({
    ...{ host: '127.0.0.1', port: servers.imapsPort, secure: true, servername: 'localhost', tls: { ca: servers.certificate } },
    ...{ auth: { user, pass: passwordOf(user) }, disableAutoIdle: true, logger: false },
  });
  // Whoever waits is told as well; without a listener it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { exists } = await client.mailboxOpen('INBOX', { readOnly: true });
    const messages = exists === 0 ? [] : await client.fetchAll('1:*', { source: true });
    return await Promise.all(messages.map(({ source }) => PostalMime.parse(source ?? '')));
  } finally {
    await client.logout();
  }
}
