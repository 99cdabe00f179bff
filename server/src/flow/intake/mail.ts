import { createHash } from 'node:crypto';
import { convert } from 'html-to-text';
import PostalMime, { type Address, type Email } from 'postal-mime';
import { FactotumError, type JsonObject } from '#kernel';
import { type IncomingEvent, type Provenance, rawBytesMax } from './schema.ts';

/** A planner reads this much of a mail's text; the whole stays in the raw message. */
const textCharsMax = 60_000;
const listMax = 200;

/**
 * Reads a raw RFC 5322 message into an event. By every door the source is `mail` and the external id is the hash of the raw bytes:
 * Message-ID is the sender's claim, so it only links threads and never decides what counts as seen.
 *
 * @throws FactotumError `mail.invalid` when it is empty, has no header at all or does not parse; `request.too_large` beyond 25 MiB.
 */
export async function readMail(bytes: Uint8Array, door: Pick<Provenance, 'channel' | 'submittedBy'>): Promise<IncomingEvent> {
  if (bytes.byteLength > rawBytesMax)
    throw new FactotumError(
      'request.too_large',
      `The message has ${bytes.byteLength} bytes; ${rawBytesMax} are the most. Send its attachments another way.`,
    );
  const mail = await parse(bytes);
  const externalId = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const sender = single(mail.from)?.address?.toLowerCase() ?? '';
  const subject = clean(mail.subject ?? '').slice(0, 998);
  const date = mail.date === undefined ? undefined : new Date(mail.date);
  const occurredAt = date !== undefined && Number.isFinite(date.getTime()) ? date.toISOString() : undefined;
  const authentication = authenticationOf(mail);
  return {
    source: 'mail',
    kind: 'mail.received',
    externalId,
    ...(occurredAt === undefined ? {} : { occurredAt }),
    title: subject === '' ? '(no subject)' : subject,
    payload: payloadOf(mail, { sender, subject, date: occurredAt }),
    provenance: {
      ...door,
      integrity: 'untrusted',
      ...(sender === '' ? {} : { from: sender }),
      ...(authentication === undefined ? {} : { authentication }),
    },
    raw: bytes,
  };
}

async function parse(bytes: Uint8Array): Promise<Email> {
  let mail: Email;
  try {
    mail = await PostalMime.parse(bytes, { maxNestingDepth: 64, maxHeadersSize: 1024 * 1024 });
  } catch (cause) {
    throw new FactotumError('mail.invalid', 'This does not read as a mail. Save it as .eml with its headers.', { cause });
  }
  if (!mail.headers.some(({ key }) => /^[\x21-\x39\x3b-\x7e]+$/.test(key) && known.has(key)))
    throw new FactotumError(
      'mail.invalid',
      'This has none of the headers of a mail, such as From or Subject. Save it as .eml with its headers.',
    );
  return mail;
}

/** A file without any of these is some other text that happens to hold a colon. */
const known = new Set([
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

function payloadOf(mail: Email, { sender, subject, date }: { sender: string; subject: string; date: string | undefined }): JsonObject {
  const header = (name: string) => clean(mail.headers.find(({ key }) => key === name)?.value ?? '').slice(0, 2_000);
  const from = single(mail.from);
  return {
    from: { name: clean(from?.name ?? ''), address: sender },
    sender,
    replyTo: people(mail.replyTo)[0]?.address ?? sender,
    to: people(mail.to),
    cc: people(mail.cc),
    subject,
    date: date ?? null,
    messageId: clean(mail.messageId ?? ''),
    inReplyTo: clean(mail.inReplyTo ?? ''),
    references: clean(mail.references ?? '')
      .split(/\s+/)
      .filter(Boolean)
      .slice(-50),
    listId: header('list-id'),
    listUnsubscribe: header('list-unsubscribe'),
    autoSubmitted: header('auto-submitted'),
    text: textOf(mail),
    attachments: mail.attachments.slice(0, listMax).map((attachment) => {
      const content = typeof attachment.content === 'string' ? Buffer.from(attachment.content) : new Uint8Array(attachment.content);
      return {
        name: clean(attachment.filename ?? ''),
        type: clean(attachment.mimeType),
        sizeBytes: content.byteLength,
        sha256: createHash('sha256').update(content).digest('hex'),
      };
    }),
  };
}

/** The plain part, or the HTML part reduced to what a reader would see: no images, no scripts, links with their address. */
function textOf(mail: Email): string {
  const plain = mail.text?.trim() ?? '';
  if (plain !== '') return clean(plain).slice(0, textCharsMax);
  if (mail.html === undefined) return '';
  const html = mail.html.slice(0, 512 * 1024);
  return clean(
    convert(html, {
      wordwrap: false,
      limits: { maxInputLength: 512 * 1024, maxDepth: 200, maxChildNodes: 5_000 },
      selectors: [{ selector: 'img', format: 'skip' }],
    }),
  ).slice(0, textCharsMax);
}

function people(list: readonly Address[] | undefined): { name: string; address: string }[] {
  return (list ?? [])
    .flatMap((entry) => ('group' in entry && entry.group !== undefined ? entry.group : [entry]))
    .flatMap((entry) =>
      entry.address === undefined || entry.address === '' ? [] : [{ name: clean(entry.name), address: entry.address.toLowerCase() }],
    )
    .slice(0, listMax);
}

function single(address: Address | undefined): { name: string; address?: string | undefined } | undefined {
  if (address === undefined) return undefined;
  return 'group' in address && address.group !== undefined ? address.group[0] : address;
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

/** Neither NUL nor half a surrogate pair can be stored or made canonical; nothing else is changed. */
function clean(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}
