import MailComposer from 'nodemailer/lib/mail-composer/index.js';

export interface Letter {
  readonly from: string;
  readonly to: readonly string[];
  readonly cc?: readonly string[] | undefined;
  readonly subject: string;
  readonly text: string;
  readonly inReplyTo?: string | undefined;
  readonly messageId: string;
  readonly date: Date;
}

/** A letter as an RFC 5322 message, the same bytes for the same letter. */
export async function compose(letter: Letter): Promise<string> {
  const { cc, messageId } = letter;
  // What a stranger's mail calls its id need not be one.
  const inReplyTo = /<[\x21-\x3b\x3d\x3f-\x7e]+>/.exec(letter.inReplyTo ?? '')?.[0];
  const composer = new MailComposer({
    from: letter.from,
    to: [...letter.to],
    ...(cc === undefined ? {} : { cc: [...cc] }),
    subject: letter.subject,
    // A line of a message ends in CR LF and in nothing else (RFC 5322, section 2.3).
    text: letter.text.replace(/\r\n?|\n/g, '\r\n'),
    date: letter.date,
    messageId,
    ...(inReplyTo === undefined ? {} : { inReplyTo, references: inReplyTo }),
    disableFileAccess: true,
    disableUrlAccess: true,
    textEncoding: 'quoted-printable',
  });
  return (await composer.compile().build()).toString('utf8');
}
