import { unreadable } from './document.ts';

/** How a document is read, and how people call it. */
export interface Sniffed {
  readonly kind: 'pdf' | 'container' | 'rtf' | 'image' | 'html' | 'text';
  readonly label: string;
}

/** @throws DocumentFault `unreadable` for what is known and not read: it says what to send instead. */
export function sniff(bytes: Buffer): Sniffed {
  const found = signatures.find(({ is }) => is(bytes));
  if (found === undefined) return looksLikeHtml(bytes) ? { kind: 'html', label: 'HTML page' } : { kind: 'text', label: 'text' };
  if ('refusal' in found) throw unreadable(found.refusal(bytes));
  return found.sniffed;
}

/** What is wrong with a name whose ending promises something else than the bytes are, or null. */
export function endingFault(name: string, { kind, label }: Sniffed): string | null {
  const ending = /\.([a-z0-9]{1,8})$/i.exec(name)?.[1]?.toLowerCase();
  const promised = ending === undefined ? undefined : endings[ending];
  return promised === undefined || promised.includes(kind)
    ? null
    : `The name ends in .${ending}, but the content is ${article(label)} ${label}.`;
}

const article = (label: string) => (/^[aeiou]|^(?:RTF|HEIC|HTML)/i.test(label) && !label.startsWith('u') ? 'an' : 'a');

type Signature = { readonly is: (bytes: Buffer) => boolean } & (
  | { readonly sniffed: Sniffed }
  | { readonly refusal: (bytes: Buffer) => string }
);

const starts =
  (text: string, offset = 0) =>
  (bytes: Buffer): boolean =>
    bytes.toString('latin1', offset, offset + text.length) === text;
const image = (label: string): Sniffed => ({ kind: 'image', label });
const archive = (label: string) => () => `This is ${label} archive. Only ZIP archives are looked into: send the files in it by themselves.`;
const program = () => 'This is a program and no document. It is neither opened nor run.';

const signatures: readonly Signature[] = [
  // Readers take a PDF that begins late, as mail gateways make them.
  { is: (bytes) => bytes.subarray(0, 1_024).includes('%PDF-'), sniffed: { kind: 'pdf', label: 'PDF' } },
  { is: (bytes) => starts('PK\x03\x04')(bytes) || starts('PK\x05\x06')(bytes), sniffed: { kind: 'container', label: 'ZIP archive' } },
  { is: starts('{\\rtf'), sniffed: { kind: 'rtf', label: 'RTF document' } },
  { is: starts('\x89PNG\r\n\x1a\n'), sniffed: image('PNG image') },
  { is: starts('\xff\xd8\xff'), sniffed: image('JPEG image') },
  { is: (bytes) => starts('GIF87a')(bytes) || starts('GIF89a')(bytes), sniffed: image('GIF image') },
  { is: (bytes) => starts('RIFF')(bytes) && starts('WEBP', 8)(bytes), sniffed: image('WebP image') },
  {
    is: (bytes) => starts('ftyp', 4)(bytes) && /^(?:hei[cxms]|hev[cxms]|mif1|msf1|avif|avis)/.test(bytes.toString('latin1', 8, 12)),
    sniffed: image('HEIC image'),
  },
  { is: starts('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'), refusal: compoundRefusal },
  { is: starts('\x1f\x8b'), refusal: archive('a gzip') },
  { is: starts("7z\xbc\xaf'\x1c"), refusal: archive('a 7z') },
  { is: starts('Rar!\x1a\x07'), refusal: archive('a RAR') },
  { is: starts('BZh'), refusal: archive('a bzip2') },
  { is: starts('\xfd7zXZ\0'), refusal: archive('an XZ') },
  { is: starts('ustar', 257), refusal: archive('a TAR') },
  { is: starts('\x7fELF'), refusal: program },
  { is: (bytes) => starts('MZ')(bytes) && bytes.subarray(0, 1_024).includes('\0\0'), refusal: program },
  { is: (bytes) => starts('\xcf\xfa\xed\xfe')(bytes) || starts('\xca\xfe\xba\xbe')(bytes), refusal: program },
];

/** The compound file of old Office programs. New ones wrap what they encrypt into it. */
function compoundRefusal(bytes: Buffer): string {
  return bytes.includes(Buffer.from('EncryptedPackage', 'utf16le'))
    ? 'This document is protected by a password. Send it without, or tell a person the password.'
    : 'This is a document of an Office program from before 2007. Save it as DOCX, XLSX or PDF and send that.';
}

/** The kinds that an ending may turn out to be. Text is not here: anything may be kept as text. */
const endings: Readonly<Record<string, readonly Sniffed['kind'][]>> = {
  pdf: ['pdf'],
  ...Object.fromEntries(['docx', 'docm', 'xlsx', 'xlsm', 'odt', 'ods', 'zip', 'pptx'].map((ending) => [ending, ['container'] as const])),
  rtf: ['rtf'],
  doc: ['rtf'],
  ...Object.fromEntries(['png', 'jpg', 'jpeg', 'gif', 'webp', 'heic', 'heif', 'avif'].map((ending) => [ending, ['image'] as const])),
  html: ['html', 'text'],
  htm: ['html', 'text'],
  ...Object.fromEntries(['txt', 'csv', 'json', 'xml', 'md'].map((ending) => [ending, ['text', 'html'] as const])),
};

function looksLikeHtml(bytes: Buffer): boolean {
  const start = bytes
    .toString('latin1', 0, 2_048)
    .replaceAll('\0', '')
    .replace(/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/, '');
  return /^\s*(?:<!--[^>]{0,500}-->\s*)?<(?:!doctype\s+html|html|head|body)\b/i.test(start);
}
