import { readContainer } from './container.ts';
import { DocumentFault, type DocumentText, type Read, type ReadLimits, unreadable } from './document.ts';
import { readHtml } from './html.ts';
import { readImage } from './image.ts';
import { readPdf } from './pdf.ts';
import { readPlainText } from './plain-text.ts';
import { readRtf } from './rtf.ts';
import { endingFault, type Sniffed, sniff } from './sniff.ts';

export interface Order extends ReadLimits {
  readonly name: string;
  readonly mediaType: string | null;
}

/**
 * The text of a document, in this process: for `reader-process.ts`, which has nothing to lose. The same bytes always give the same.
 *
 * @throws DocumentFault and nothing else.
 */
export async function readBytes(bytes: Buffer, order: Order): Promise<DocumentText> {
  const sniffed = asDeclared(sniff(bytes), order);
  const read = await readAs(sniffed, bytes, order);
  const text = clean(read.text);
  const title = read.title === undefined ? '' : clean(read.title).replace(/\s+/g, ' ').trim();
  const lie = endingFault(order.name, sniffed);
  return {
    kind: read.kind,
    text: cut(text, order.textCharsMax),
    ...(read.pages === undefined ? {} : { pages: read.pages }),
    ...(title === '' ? {} : { title: cut(title, 300) }),
    metadata: read.metadata ?? {},
    truncated: read.truncated === true || text.length > order.textCharsMax,
    warnings: [...(lie === null ? [] : [lie]), ...(read.warnings ?? [])],
  };
}

/** A page that begins like text is one if it is called so. */
const asDeclared = (sniffed: Sniffed, { name, mediaType }: Order): Sniffed =>
  sniffed.kind === 'text' && (/^text\/html\b/i.test(mediaType ?? '') || /\.html?$/i.test(name))
    ? { kind: 'html', label: 'HTML page' }
    : sniffed;

async function readAs(sniffed: Sniffed, bytes: Buffer, order: Order): Promise<Read> {
  try {
    return await readers[sniffed.kind](bytes, order);
  } catch (error) {
    if (error instanceof DocumentFault) throw error;
    throw unreadable(`This ${sniffed.label} is damaged. Open it in the program it was made with, save it anew and send that.`, error);
  }
}

const readers: Readonly<Record<Sniffed['kind'], (bytes: Buffer, order: Order) => Promise<Read> | Read>> = {
  pdf: readPdf,
  container: readContainer,
  rtf: readRtf,
  image: readImage,
  html: readHtml,
  text: readPlainText,
};

/** Control characters go, but tab and line end; so do halves of surrogate pairs. Not all of them can be stored. */
function clean(text: string): string {
  return (
    text
      .toWellFormed()
      .replace(/\r\n?|[\u2028\u2029\v\f]/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that go.
      .replace(/[\0-\x08\x0e-\x1f\x7f]/g, '\uFFFD')
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n')
      .replace(/\n{4,}/g, '\n\n\n')
      .trim()
  );
}

/** Never ends in half a character. */
function cut(text: string, charsMax: number): string {
  const isHalf = text.length > charsMax && (text.charCodeAt(charsMax - 1) & 0xfc00) === 0xd800;
  return text.slice(0, isHalf ? charsMax - 1 : charsMax);
}
