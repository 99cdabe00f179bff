import { createHash } from 'node:crypto';
import type { Arrival } from '@factotum/connector-sdk';
import PostalMime from 'postal-mime';
import { rawBytesMax } from '#flow/intake';
import type { Fetched } from './fetch.ts';

interface About {
  readonly sizeBytes: number;
  readonly isHistory: boolean;
  readonly authenticate: (bytes: Buffer) => Promise<Extract<Arrival, { form: 'mail' }>['authentication']>;
}

const textCharsMax = 900;

/** A message as an arrival; of one that was left out an event that says so, so that a person can look for it in the mailbox. */
export async function arrivalOf(
  fetched: Exclude<Fetched, { kind: 'gone' }>,
  { sizeBytes, isHistory, authenticate }: About,
): Promise<Arrival> {
  const history = isHistory ? { history: true } : {};
  if (fetched.kind === 'left_out') return { ...(await noteOf(fetched, sizeBytes)), ...history };
  // Of the past nobody asks: ten thousand mails would be as many questions to strangers' name servers.
  const authentication = isHistory ? undefined : await authenticate(fetched.bytes);
  return { form: 'mail', bytes: fetched.bytes, ...history, ...(authentication === undefined ? {} : { authentication }) };
}

async function noteOf({ head, reason }: Extract<Fetched, { kind: 'left_out' }>, sizeBytes: number): Promise<Arrival> {
  const mail = await PostalMime.parse(head, { maxHeadersSize: head.byteLength + 1 }).catch(() => null);
  const from = text(mail?.from !== undefined && 'address' in mail.from ? mail.from.address : undefined).toLowerCase();
  const subject = text(mail?.subject);
  const date = new Date(mail?.date ?? Number.NaN);
  const why = reason === 'too_large' ? `has ${sizeBytes} bytes, and ${rawBytesMax} are the most` : 'is not handed out by its mail server';
  return {
    form: 'event',
    kind: 'mail.left_out',
    // By what it says and how large it is: the same when the mailbox is read anew.
    externalId: `${reason}:${sizeBytes}:sha256:${createHash('sha256').update(head).digest('hex')}`,
    title: subject === '' ? 'A mail that was left in the mailbox' : subject,
    payload: {
      reason,
      text: `This mail ${why}. It was left in the mailbox; only its head was read.`,
      sizeBytes,
      sender: from,
      subject,
      messageId: text(mail?.messageId),
      date: isDate(date) ? date.toISOString() : null,
      attachments: [],
    },
    ...(isDate(date) ? { occurredAt: date.toISOString() } : {}),
    ...(from === '' ? {} : { from }),
  };
}

const text = (value: string | undefined): string =>
  (value ?? '')
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, textCharsMax)
    .toWellFormed();

/** A year in which nobody sent mail is no date. */
const isDate = (date: Date): boolean => date.getUTCFullYear() >= 1970 && date.getUTCFullYear() <= 9999;
