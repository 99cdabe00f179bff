import type { ConnectorContext, CredentialField } from '@factotum/connector-sdk';
import { z } from 'zod';
import { normaliseAddress } from '#trust/policy';

/** How far a first poll may reach into the past, in days, and what it fetches at most of one folder. */
const pastDaysMax = 3_650;
export const pastMessagesMax = 200_000;

const host = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$|^[0-9a-f:]+$/i, 'must be a host name or an address');
const port = z.int().min(1).max(65_535);
const security = z.enum(['tls', 'starttls', 'none']);
const line = z
  .string()
  .max(200)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line');
const folder = line.min(1);
const address = z
  .string()
  .max(254)
  .refine((text) => normaliseAddress(text) !== null && text === text.trim(), 'must be a bare mail address');

const securityText =
  'tls: from the first byte (993, 465). starttls: from the first command (143, 587). none: only to hosts inside the operator’s network';

/** What a person enters for a mail account. Servers, folders and who we are; secrets are credentials. */
export const mailSettingsSchema = z.object({
  imapHost: host.meta({ title: 'Incoming server', description: 'Like imap.example.com' }),
  imapPort: port.default(993).meta({ title: 'Port of the incoming server' }),
  imapSecurity: security.default('tls').meta({ title: 'Protection of the incoming server', description: securityText }),
  smtpHost: host.optional().meta({ title: 'Outgoing server', description: 'Like smtp.example.com. Left out: mail is read and never sent' }),
  smtpPort: port.default(465).meta({ title: 'Port of the outgoing server' }),
  smtpSecurity: security.default('tls').meta({ title: 'Protection of the outgoing server', description: securityText }),
  trustedCertificate: z
    .string()
    .max(20_000)
    .regex(/^-----BEGIN CERTIFICATE-----/, 'must be a certificate in PEM')
    .optional()
    .meta({ title: 'Certificate', description: 'Of the authority or server to believe, in PEM, where it is not one that everybody knows' }),
  user: line.min(1).meta({ title: 'User name', description: 'Most often the mail address' }),
  fromAddress: address.meta({ title: 'Address', description: 'What mail is sent from, and what counts as our own' }),
  fromName: line.optional().meta({ title: 'Name', description: 'Beside the address of what is sent' }),
  signature: z.string().max(4_000).optional().meta({ title: 'Signature', description: 'Below what is sent, after a line with two dashes' }),
  folders: z.array(folder).min(1).max(50).default(['INBOX']).meta({ title: 'Folders', description: 'That are read' }),
  sentFolder: folder.optional().meta({ title: 'Folder for sent mail', description: 'Left out: the one that the server names' }),
  draftsFolder: folder.optional().meta({ title: 'Folder for drafts', description: 'Left out: the one that the server names' }),
  keepsSent: z
    .boolean()
    .default(true)
    .meta({ title: 'Keep copies of sent mail', description: 'In the folder for sent mail, unless the server has put one there' }),
  pastDays: z
    .int()
    .min(0)
    .max(pastDaysMax)
    .default(30)
    .meta({ title: 'Days of the past', description: 'Mail that old is fetched and found, and nothing is done because of it' }),
  pastFirst: z.enum(['newest', 'oldest']).default('newest').meta({ title: 'The past begins with' }),
  trustedAuthserv: line.optional().meta({
    title: 'Name in Authentication-Results',
    description: 'Of your own mail server: its word on SPF, DKIM and DMARC is shown. Left out: signatures are checked here',
  }),
  repliesPerHourMax: z.int().min(1).max(1_000).default(10).meta({
    title: 'Replies an hour',
    description: 'Most of them in one thread, and to one correspondent: two programs that answer each other end there',
  }),
  marksAutomatic: z
    .boolean()
    .default(false)
    .meta({ title: 'Mark as automatic', description: 'Replies carry Auto-Submitted, so that other programs do not answer them' }),
  tokenUrl: z
    .url({ protocol: /^https$/ })
    .optional()
    .meta({ title: 'Token endpoint', description: 'For OAuth 2: where access tokens come from' }),
  clientId: line.optional().meta({ title: 'Client id', description: 'For OAuth 2' }),
  tokenScope: line.optional().meta({ title: 'Scope', description: 'For OAuth 2, where the endpoint wants one' }),
});
export type MailSettings = z.infer<typeof mailSettingsSchema>;
export type MailContext = ConnectorContext<MailSettings>;

export const mailCredentials = {
  password: { title: 'Password', required: false, help: 'Of the account, or one made for applications. Not for OAuth 2' },
  accessToken: { title: 'Access token', required: false, help: 'OAuth 2. Enough by itself only until it expires' },
  refreshToken: { title: 'Refresh token', required: false, help: 'OAuth 2. Access tokens are fetched with it' },
  clientSecret: { title: 'Client secret', required: false, help: 'OAuth 2, where the client has one' },
} as const satisfies Record<string, CredentialField>;
