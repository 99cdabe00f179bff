import { createHash } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer/index.js';

/** A file that goes along, as it is in the vault. */
export interface Attachment {
  readonly name: string;
  readonly content: Buffer;
}

export interface Letter {
  readonly from: string;
  readonly fromName?: string | undefined;
  readonly to: readonly string[];
  readonly cc?: readonly string[] | undefined;
  readonly subject: string;
  readonly text: string;
  readonly inReplyTo?: string | undefined;
  /** Ids of the thread, the oldest first, without the mail that is answered. */
  readonly references?: readonly string[] | undefined;
  readonly attachments?: readonly Attachment[] | undefined;
  /** The same said about an appointment, for programs (RFC 6047). */
  readonly calendar?: { readonly method: string; readonly ics: string } | undefined;
  /** Says that no person has written it (RFC 3834), so that other programs do not answer. */
  readonly isAutomatic?: boolean | undefined;
  readonly messageId: string;
  readonly date: Date;
}

const idPattern = /<[\x21-\x3b\x3d\x3f-\x7e]+>/;
const referencesMax = 20;

/** A letter as an RFC 5322 message, the same bytes for the same letter. */
export async function compose(letter: Letter): Promise<string> {
  const { cc, messageId, fromName, attachments = [], calendar } = letter;
  // What a stranger's mail calls its id need not be one.
  const inReplyTo = idPattern.exec(letter.inReplyTo ?? '')?.[0];
  const thread = (letter.references ?? []).flatMap((id) => idPattern.exec(id)?.[0] ?? []).filter((id) => id.length <= idCharsMax);
  // The first stays, as it names the thread, and the nearest ones.
  const references = [
    ...new Set([...thread.slice(0, 1), ...thread.slice(1).slice(1 - referencesMax), ...(inReplyTo === undefined ? [] : [inReplyTo])]),
  ];
  const composer = new MailComposer({
    from: fromName === undefined ? letter.from : { name: fromName, address: letter.from },
    to: [...letter.to],
    ...(cc === undefined ? {} : { cc: [...cc] }),
    subject: letter.subject,
    // A line of a message ends in CR LF and in nothing else (RFC 5322, section 2.3).
    text: letter.text.replace(/\r\n?|\n/g, '\r\n'),
    date: letter.date,
    messageId,
    ...(inReplyTo === undefined ? {} : { inReplyTo, references: references.join(' ') }),
    ...(letter.isAutomatic === true ? { headers: { 'Auto-Submitted': 'auto-replied', 'X-Auto-Response-Suppress': 'OOF, AutoReply' } } : {}),
    // With the type left to its name: what is declared wrongly is opened wrongly.
    attachments: attachments.map(({ name, content }) => ({ filename: name, content, contentDisposition: 'attachment' as const })),
    ...(calendar === undefined ? {} : { icalEvent: { method: calendar.method, content: calendar.ics } }),
    baseBoundary: createHash('sha256').update(messageId).digest('hex').slice(0, 24),
    disableFileAccess: true,
    disableUrlAccess: true,
    textEncoding: 'quoted-printable',
  });
  return (await composer.compile().build()).toString('utf8');
}

/** Longer ones do not fit into a line of a header. */
const idCharsMax = 500;
