import MailComposer from 'nodemailer/lib/mail-composer/index.js';

export interface Letter {
  readonly from: string;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly inReplyTo?: string | undefined;
  readonly messageId: string;
  readonly date: Date;
}

/** A letter as an RFC 5322 message, the same bytes for the same letter. */
export async function compose(letter: Letter): Promise<string> {
  const { inReplyTo, messageId } = letter;
  const composer = new MailComposer({
    from: letter.from,
    to: [...letter.to],
    cc: [...letter.cc],
    subject: letter.subject,
    text: letter.text,
    date: letter.date,
    messageId,
    ...(inReplyTo === undefined || inReplyTo === '' ? {} : { inReplyTo, references: inReplyTo }),
    disableFileAccess: true,
    disableUrlAccess: true,
    textEncoding: 'quoted-printable',
  });
  return (await composer.compile().build()).toString('utf8');
}
