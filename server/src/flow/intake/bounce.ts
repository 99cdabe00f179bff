import type { JsonObject } from '#kernel';

/** What a notice says about one recipient. */
type Recipient = { readonly address: string; readonly action: string; readonly status: string; readonly reason: string };

/** What a mail says that reports on the delivery of another: all of it claims of whoever sent it. */
export interface Report {
  /** Message-IDs in it: the one that it reports on is among them. */
  readonly ids: readonly string[];
  /** It was given up, at least for somebody. */
  readonly isFinal: boolean;
  readonly recipients: readonly (Recipient & JsonObject)[];
}

/** As much of a notice as is looked through: what it says comes first, and of the mail it brings back the head is enough. */
const readBytesMax = 256 * 1024;
const idsMax = 20;
const recipientsMax = 20;
const idPattern = /<[\x21-\x3b\x3d\x3f-\x7e]{3,250}>/g;

/**
 * Reads a notice about a delivery (RFC 3464), or one of the plain forms that have only words and the mail that came back.
 *
 * It looks at lines and takes no part of the message apart: notices are cut, nested and labelled wrongly in the wild, and all that counts is
 * whether an id of ours stands in it.
 */
export function readReport(bytes: Uint8Array, { failedRecipients }: { failedRecipients: string }): Report {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, readBytesMax))
    .toString('latin1')
    .replace(/\r\n?/g, '\n');
  const body = text.slice(Math.max(0, text.indexOf('\n\n')));
  const top = text.slice(0, Math.max(0, text.indexOf('\n\n')));
  const ids = [
    ...fields(body, 'message-id'),
    ...fields(body, 'original-message-id'),
    ...fields(top, 'in-reply-to'),
    ...fields(top, 'references'),
    ...fields(top, 'x-original-message-id'),
  ].flatMap((value) => value.match(idPattern) ?? []);
  const recipients = recipientsOf(body, failedRecipients);
  const isFinal =
    recipients.some(({ action }) => action === 'failed') ||
    (recipients.every(({ action }) => action === '') &&
      !/\b(delayed|will (be|keep) (retry|try)|warning: message .{0,80}delayed)/i.test(body.slice(0, 8_192)));
  return { ids: [...new Set(ids)].slice(0, idsMax), isFinal, recipients };
}

/** The values of a field, wherever it stands at the beginning of a line, unfolded. */
function fields(text: string, name: string): string[] {
  const found: string[] = [];
  for (const [, value = ''] of text.matchAll(new RegExp(`^${name}:[ \\t]*([^\\n]{0,1000}(?:\\n[ \\t][^\\n]{0,1000}){0,5})`, 'gim'))) {
    found.push(value.replace(/\n[ \t]+/g, ' ').trim());
    if (found.length === idsMax) break;
  }
  return found;
}

function recipientsOf(body: string, failedRecipients: string): Report['recipients'] {
  // Groups of fields, one a recipient, parted by empty lines (RFC 3464, section 2.1).
  const groups = body.split(/\n[ \t]*\n/).filter((group) => /^(final|original)-recipient:/im.test(group));
  const reported = groups.slice(0, recipientsMax).map((group) => ({
    address: addressIn(fields(group, 'final-recipient')[0] ?? fields(group, 'original-recipient')[0] ?? ''),
    action: word(fields(group, 'action')[0] ?? ''),
    status: statusIn(fields(group, 'status')[0] ?? ''),
    reason: plain((fields(group, 'diagnostic-code')[0] ?? '').replace(/^[\w-]+;\s*/, '')),
  }));
  if (reported.length > 0) return reported;
  const status = statusIn(/\b[45]\.\d{1,3}\.\d{1,3}\b/.exec(body.slice(0, 16_384))?.[0] ?? '');
  const reason = plain(/^[ \t]*[^\n]{0,200}\b[45]\d\d[ -][^\n]{0,300}/m.exec(body.slice(0, 16_384))?.[0] ?? '');
  return failedRecipients
    .split(',')
    .map(addressIn)
    .filter((address) => address !== '')
    .slice(0, recipientsMax)
    .map((address) => ({ address, action: '', status, reason }));
}

const addressIn = (value: string): string => /[^\s;<>"]{1,200}@[^\s;<>"]{1,200}/.exec(plain(value))?.[0]?.toLowerCase().slice(0, 254) ?? '';
const statusIn = (value: string): string => /^[245]\.\d{1,3}\.\d{1,3}/.exec(value)?.[0] ?? '';
const word = (value: string): string => /^[a-z]{1,20}/i.exec(value)?.[0]?.toLowerCase() ?? '';
const plain = (value: string): string =>
  value
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 300);
