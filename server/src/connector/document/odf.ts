import type { Archive } from './archive.ts';
import { csvLine } from './csv-line.ts';
import { type Read, type ReadLimits, unreadable } from './document.ts';
import { partText } from './ooxml.ts';
import { readXml } from './xml.ts';

/** Whether an archive is a text document or a workbook of OpenDocument (ISO/IEC 26300), or null. */
export async function odfKind(archive: Archive): Promise<'odt' | 'ods' | null> {
  const type = (await partText(archive, 'mimetype'))?.text ?? '';
  if (type.startsWith('application/vnd.oasis.opendocument.spreadsheet')) return 'ods';
  return type.startsWith('application/vnd.oasis.opendocument.text') ? 'odt' : null;
}

/** The text of a document in its order, tables in lines with tabs; or the cells of a workbook as CSV, sheet by sheet. */
export async function readOdf(archive: Archive, kind: 'odt' | 'ods', { textCharsMax }: ReadLimits): Promise<Read> {
  const manifest = await partText(archive, 'META-INF/manifest.xml');
  if (manifest?.text.includes('encryption-data'))
    throw unreadable('This document is protected by a password. Send it without, or tell a person the password.');
  const content = await partText(archive, 'content.xml');
  if (content === null) throw unreadable('This document has no content that could be read. Save it anew and send that.');
  const read: Content = kind === 'odt' ? textOf(content.text, textCharsMax) : sheetsOf(content.text, textCharsMax);
  const meta = metaOf((await partText(archive, 'meta.xml'))?.text.slice(0, 100_000) ?? '');
  const facts = {
    author: meta.get('creator') ?? meta.get('initial-creator'),
    createdAt: meta.get('creation-date'),
    changedAt: meta.get('date'),
    program: meta.get('generator'),
  };
  return {
    kind,
    text: read.text,
    pages: read.sheets,
    title: meta.get('title'),
    metadata: Object.fromEntries(
      Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [[name, value.slice(0, 500)]])),
    ),
    truncated: read.isCut || content.isCut,
    warnings: archive.parts.some(({ name }) => /^(?:Basic|Scripts)\/./.test(name)) ? ['It contains macros. Those were not run.'] : [],
  };
}

function metaOf(xml: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let text = '';
  for (const token of readXml(xml)) {
    if (token.type === 'text') text += token.text;
    else {
      if (token.type === 'close' && text.trim() !== '') values.set(token.name, text.trim().toWellFormed());
      text = '';
    }
  }
  return values;
}

interface Content {
  readonly text: string;
  readonly isCut: boolean;
  readonly sheets?: number;
}

function textOf(xml: string, charsMax: number): Content {
  const pieces: string[] = [];
  let chars = 0;
  let paragraphs = 0;
  let deleted = 0;
  let cells = 0;
  const add = (text: string) => {
    pieces.push(text);
    chars += text.length;
  };
  for (const token of readXml(xml)) {
    if (chars > charsMax) return { text: pieces.join(''), isCut: true };
    if (token.type === 'text') {
      // Blanks count for one (part 3, 6.1.2); what stands outside of paragraphs is for the eyes of programmers.
      if (paragraphs > 0 && deleted === 0) add(token.text.replace(/\s+/g, ' '));
      continue;
    }
    const isOpen = token.type === 'open';
    if (token.name === 'tracked-changes') deleted += isOpen ? 1 : -1;
    else if (token.name === 'p' || token.name === 'h') {
      paragraphs += isOpen ? 1 : -1;
      if (!isOpen && deleted === 0) add(cells > 0 ? ' ' : '\n');
    } else if (token.name === 'table-cell') {
      cells += isOpen ? 1 : -1;
      if (!isOpen) add('\t');
    } else if (token.name === 'table-row' && !isOpen) add('\n');
    else if (isOpen && deleted === 0) add(blankOf(token.name, token.attributes.get('c')));
  }
  return { text: pieces.join('').replaceAll(' \t', '\t'), isCut: false };
}

function blankOf(name: string, count: string | undefined): string {
  if (name === 'tab') return '\t';
  if (name === 'line-break') return '\n';
  return name === 's' ? ' '.repeat(Math.min(Number(count ?? 1) || 1, 100)) : '';
}

/** What is repeated is written out so often at most: a sheet is filled to its last row by one that is repeated a million times. */
const repeatedMax = 1_000;

function sheetsOf(xml: string, charsMax: number): Content {
  const lines: string[] = [];
  let chars = 0;
  let sheets = 0;
  let row: string[] = [];
  let rowTimes = 1;
  let cell = { text: '', value: null as string | null, times: 1 };
  let paragraphs = 0;
  let annotations = 0;
  for (const token of readXml(xml)) {
    if (token.type === 'text') {
      if (paragraphs > 0 && annotations === 0) cell.text += token.text;
      continue;
    }
    const isOpen = token.type === 'open';
    switch (token.name) {
      case 'annotation':
        annotations += isOpen ? 1 : -1;
        break;
      case 'table':
        if (isOpen) {
          sheets += 1;
          lines.push(`${sheets > 1 ? '\n' : ''}## ${token.attributes.get('name') ?? `Sheet ${sheets}`}`);
        }
        break;
      case 'table-row':
        if (isOpen) {
          row = [];
          rowTimes = timesOf(token.attributes.get('number-rows-repeated'));
        } else {
          while (row.at(-1) === '') row.pop();
          const line = csvLine(row);
          for (let times = row.length === 0 ? 0 : rowTimes; times > 0; times -= 1) {
            lines.push(line);
            chars += line.length + 1;
            if (chars > charsMax) return { text: lines.join('\n'), sheets, isCut: true };
          }
        }
        break;
      case 'table-cell':
      case 'covered-table-cell':
        if (isOpen) cell = { text: '', value: valueIn(token.attributes), times: timesOf(token.attributes.get('number-columns-repeated')) };
        else for (let times = cell.times; times > 0 && row.length < repeatedMax; times -= 1) row.push(cell.value ?? cell.text);
        break;
      case 'p':
        paragraphs += isOpen ? 1 : -1;
        if (isOpen && cell.text !== '') cell.text += ' ';
        break;
    }
  }
  return { text: lines.join('\n'), sheets, isCut: false };
}

const timesOf = (count: string | undefined): number => Math.min(Math.max(Number(count ?? 1) || 1, 1), repeatedMax);

/** The value as it is kept; null where the text that is shown is the value. */
function valueIn(attributes: { get(name: string): string | undefined }): string | null {
  switch (attributes.get('value-type')) {
    case 'date':
      return attributes.get('date-value')?.replace(/T00:00:00$/, '') ?? null;
    case 'float':
    case 'currency':
    case 'percentage':
      return attributes.get('value') ?? null;
    default:
      return null;
  }
}
