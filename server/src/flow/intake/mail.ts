import { createHash } from 'node:crypto';
import PostalMime, { type Address, type Email } from 'postal-mime';
import type { MailFacts } from '#flow/correspondence';
import { FactotumError, type JsonObject } from '#kernel';
import { type CalendarPart, calendarPartBytesMax } from './calendar.ts';
import { claimsOf } from './claims.ts';
import type { ReadDocument } from './document.ts';
import { excerptsOf } from './excerpt.ts';
import { htmlToText } from './html.ts';
import { type IncomingEvent, type Provenance, payloadBytesMax, rawBytesMax } from './schema.ts';
import { cut, cutToBytes, jsonBytes } from './text.ts';

/**
 * What a planner reads of a mail; the whole stays in the raw message. The bounds hold for any mail: all but the text comes to 205 KB at
 * the very worst (three bytes a character), and the text is cut to what is left of a payload.
 */
const most = {
  textChars: 60_000,
  people: 50,
  attachments: 50,
  references: 20,
  subject: 900,
  name: 100,
  address: 254,
  id: 500,
  header: 1_000,
};
/** Lines that may each begin a MIME part: 10,000 take 0.4 s to read, and 25 MiB could hold millions. */
const partsMax = 10_000;

/** Room in a payload for where the mail belongs, which is known later: ids and one word. */
const placeBytesMax = 1_024;

/** A mail as an event, and what tells where it belongs. */
export interface IncomingMail extends IncomingEvent {
  readonly mail: MailFacts;
}

/**
 * Reads a raw RFC 5322 message into an event. By every door the source is `mail` and the external id is the hash of the raw bytes:
 * Message-ID is the sender's claim, so it only links threads and never decides what counts as seen.
 *
 * @param door - with what is known of the sender there; left out, the mail's own topmost header is looked at
 * @param readDocument - tells what attachments say; left out where nobody will act on the mail
 * @param readCalendar - tells what a part says about an appointment, by its text and the address that the mail claims to be from
 * @throws FactotumError `mail.invalid` when it is empty, has no header at all or does not parse; `request.too_large` beyond 25 MiB.
 */
export async function readMail(
  bytes: Uint8Array,
  { authentication: known, ...door }: Pick<Provenance, 'channel' | 'submittedBy' | 'authentication'>,
  readDocument?: ReadDocument,
  readCalendar?: (text: string, from: string) => CalendarPart | null,
): Promise<IncomingMail> {
  if (bytes.byteLength > rawBytesMax)
    throw new FactotumError(
      'request.too_large',
      `The message has ${bytes.byteLength} bytes; ${rawBytesMax} are the most. Send its attachments another way.`,
    );
  const mail = await parse(bytes);
  const externalId = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const excerpts = readDocument === undefined ? new Map<number, JsonObject>() : await excerptsOf(attachedTo(mail), readDocument);
  const calendar = readCalendar === undefined ? null : calendarOf(mail, readCalendar);
  const { payload, facts } = payloadOf(mail, excerpts, { bytes, externalId, calendar: calendar?.summary });
  const { sender, subject, date: occurredAt } = payload;
  const authentication = known ?? authenticationOf(mail);
  return {
    source: 'mail',
    kind: calendar?.kind ?? 'mail.received',
    externalId,
    ...(occurredAt === null ? {} : { occurredAt }),
    title: subject === '' ? '(no subject)' : subject,
    payload,
    provenance: {
      ...door,
      integrity: 'untrusted',
      ...(sender === '' ? {} : { from: sender }),
      ...(authentication === undefined || Object.keys(authentication).length === 0 ? {} : { authentication }),
    },
    raw: bytes,
    mail: facts,
    ...(calendar === null ? {} : { also: calendar.apply }),
  };
}

/** The attachments of a mail that is kept, in the order of its payload. @throws FactotumError `mail.invalid`. */
export const mailAttachments = async (bytes: Uint8Array) => attachedTo(await parse(bytes));

async function parse(bytes: Uint8Array): Promise<Email> {
  refuseManyParts(bytes);
  let mail: Email;
  try {
    mail = await PostalMime.parse(bytes, { maxNestingDepth: 64, maxHeadersSize: 1024 * 1024 });
  } catch (cause) {
    throw new FactotumError('mail.invalid', 'This does not read as a mail. Save it as .eml with its headers.', { cause });
  }
  if (!mail.headers.some(({ key }) => knownFields.has(key)))
    throw new FactotumError(
      'mail.invalid',
      'This has none of the headers of a mail, such as From or Subject. Save it as .eml with its headers.',
    );
  return mail;
}

function refuseManyParts(bytes: Uint8Array): void {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  if (!/multipart\//i.test(text)) return;
  let lines = 0;
  for (let at = text.indexOf('\n--'); at >= 0; at = text.indexOf('\n--', at + 3)) lines += 1;
  if (lines > partsMax)
    throw new FactotumError('mail.invalid', `This mail has more than ${partsMax} parts. Send what is in it in another way.`);
}

/** A file without any of these is some other text that happens to hold a colon. */
const knownFields = new Set([
  'from',
  'to',
  'subject',
  'date',
  'message-id',
  'received',
  'return-path',
  'sender',
  'reply-to',
  'mime-version',
  'content-type',
  'delivered-to',
  'x-mailer',
]);

/** The attachments that are named, with their bytes. */
const attachedTo = (mail: Email) =>
  mail.attachments.slice(0, most.attachments).map(({ filename, mimeType, content }) => ({
    name: line(filename ?? undefined, most.name),
    type: line(mimeType, most.name),
    content: typeof content === 'string' ? Buffer.from(content) : new Uint8Array(content),
  }));

function payloadOf(
  mail: Email,
  excerpts: ReadonlyMap<number, JsonObject>,
  source: { bytes: Uint8Array; externalId: string; calendar?: JsonObject | undefined },
) {
  const header = (name: string) => line(mail.headers.find(({ key }) => key === name)?.value, most.header);
  const from = single(mail.from);
  const sender = addressOf(from);
  const head = {
    from: { name: line(from?.name, most.name), address: sender },
    sender,
    replyTo: people(mail.replyTo)[0]?.address ?? sender,
    to: people(mail.to),
    cc: people(mail.cc),
    subject: line(mail.subject, most.subject),
    date: dateOf(mail.date),
    messageId: line(mail.messageId, most.id),
    inReplyTo: line(mail.inReplyTo, most.id),
    references: (mail.references ?? '')
      .split(/\s+/)
      .filter(Boolean)
      .slice(-most.references)
      .map((id) => line(id, most.id)),
    listId: header('list-id'),
    listUnsubscribe: header('list-unsubscribe'),
    autoSubmitted: header('auto-submitted'),
    attachments: attachedTo(mail).map(({ content, ...named }, at) => ({
      ...named,
      sizeBytes: content.byteLength,
      sha256: createHash('sha256').update(content).digest('hex'),
      ...(excerpts.has(at) ? { excerpt: excerpts.get(at) ?? {} } : {}),
    })),
  } satisfies JsonObject;
  const { text, hasHidden } = textOf(mail);
  const { shown, facts } = claimsOf(mail, head, source);
  const { calendar } = source;
  const known = { ...head, ...shown, hiddenText: hasHidden, ...(calendar === undefined ? {} : { calendar }) };
  const roomBytes = payloadBytesMax - placeBytesMax - jsonBytes({ ...known, text: '' });
  return { payload: { ...known, text: cutToBytes(text, roomBytes) }, facts };
}

/** The first part that says something about an appointment. */
function calendarOf(mail: Email, read: (text: string, from: string) => CalendarPart | null): CalendarPart | null {
  const part = mail.attachments.find(({ mimeType }) => mimeType.toLowerCase() === 'text/calendar');
  if (part === undefined) return null;
  const text = typeof part.content === 'string' ? part.content : new TextDecoder().decode(part.content);
  return text.length > calendarPartBytesMax ? null : read(text, addressOf(single(mail.from)));
}

/** The plain part, or the HTML part as text. */
function textOf(mail: Email): { text: string; hasHidden: boolean } {
  const plain = mail.text?.trim() ?? '';
  if (plain !== '' || mail.html === undefined) return { text: clean(cut(plain, most.textChars)), hasHidden: false };
  const { text, hasHidden } = htmlToText(mail.html);
  return { text: clean(cut(text, most.textChars)), hasHidden };
}

function people(list: readonly Address[] | undefined): { name: string; address: string }[] {
  return (list ?? [])
    .flatMap((entry) => ('group' in entry && entry.group !== undefined ? entry.group : [entry]))
    .map((entry) => ({ name: line(entry.name, most.name), address: addressOf(entry) }))
    .filter(({ address }) => address !== '')
    .slice(0, most.people);
}

function single(address: Address | undefined): Mailbox | undefined {
  return address !== undefined && 'group' in address && address.group !== undefined ? address.group[0] : address;
}

interface Mailbox {
  readonly name?: string | undefined;
  readonly address?: string | undefined;
}

const addressOf = (mailbox: Mailbox | undefined): string => line(mailbox?.address, most.address).toLowerCase();

/** What the sender's clock said. A year in which nobody sent mail is no date: neither calendars nor the database take it. */
function dateOf(text: string | undefined): string | null {
  const date = new Date(text ?? Number.NaN);
  const year = date.getUTCFullYear();
  return year >= 1970 && year <= 9999 ? date.toISOString() : null;
}

/** Only the topmost header was added by the tenant's own server; those below may be the sender's. It stays a hint all the same. */
function authenticationOf(mail: Email): Provenance['authentication'] {
  const text = mail.headers.find(({ key }) => key === 'authentication-results')?.value ?? '';
  const found = Object.fromEntries(
    (['spf', 'dkim', 'dmarc'] as const).flatMap((method) => {
      const verdict = new RegExp(`\\b${method}=([a-z]+)`, 'i').exec(text)?.[1];
      return verdict === undefined ? [] : [[method, verdict.toLowerCase()]];
    }),
  );
  return Object.keys(found).length === 0 ? undefined : found;
}

/** A header's text as one line: an encoded word can bring in anything. */
const line = (text: string | undefined, charsMax: number): string =>
  cut(
    clean(text ?? '')
      .replace(/\s+/g, ' ')
      .trim(),
    charsMax,
  );

/** Control characters but tab and line ends, and halves of surrogate pairs, show as U+FFFD: not all of them can be stored. */
function clean(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that go.
  return text.toWellFormed().replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g, '\uFFFD');
}
