import type { Archive } from './archive.ts';
import { csvLine } from './csv-line.ts';
import { type Read, type ReadLimits, unreadable } from './document.ts';
import { cellNumber, dateFormatOf } from './number-format.ts';
import { factsOf, partText, relationsOf, resolvePart } from './ooxml.ts';
import { readXml } from './xml.ts';

interface Sheet {
  readonly name: string;
  readonly part: string;
  readonly isHidden: boolean;
}

/** What cells refer to. */
interface Workbook {
  readonly strings: readonly string[];
  /** By the number of a cell's style: the code of its format. */
  readonly formats: readonly (string | number)[];
  /** Days are counted from 1904, as Excel for the Macintosh did. */
  readonly is1904: boolean;
}

/** No sheet that people look at has more columns; Excel has 16,384. */
const columnsMax = 1_000;

/** The cells of a workbook as CSV, sheet by sheet: of a formula the value it had when the file was saved. Dates in ISO 8601. */
export async function readXlsx(archive: Archive, main: string, { textCharsMax }: ReadLimits): Promise<Read> {
  const folder = main.slice(0, main.lastIndexOf('/'));
  const { sheets, is1904 } = await sheetsOf(archive, main, folder);
  const workbook: Workbook = {
    strings: await stringsOf(archive, `${folder}/sharedStrings.xml`),
    formats: await formatsOf(archive, `${folder}/styles.xml`),
    is1904,
  };
  const texts: string[] = [];
  let chars = 0;
  let isCut = false;
  for (const { name, part } of sheets) {
    if (chars > textCharsMax) {
      isCut = true;
      break;
    }
    const xml = await partText(archive, part);
    if (xml === null) continue;
    const rows = rowsOf(xml.text, workbook, textCharsMax - chars);
    isCut ||= xml.isCut || rows.isCut;
    texts.push(`## ${name}\n${rows.text}`);
    chars += rows.text.length;
  }
  const { title, metadata, warnings } = await factsOf(archive);
  const hidden = sheets.filter(({ isHidden }) => isHidden).length;
  return {
    kind: 'xlsx',
    text: texts.join('\n\n'),
    pages: sheets.length,
    title,
    metadata: { ...metadata, sheets: sheets.slice(0, 100).map(({ name }) => name.toWellFormed().slice(0, 100)) },
    truncated: isCut,
    warnings: hidden === 0 ? warnings : [...warnings, `${hidden} of its sheets are hidden. They are read as well.`],
  };
}

async function sheetsOf(archive: Archive, main: string, folder: string): Promise<{ sheets: Sheet[]; is1904: boolean }> {
  const workbook = await partText(archive, main);
  if (workbook === null) throw unreadable('This workbook has no sheets that could be read. Save it anew as XLSX and send that.');
  const relations = await relationsOf(archive, `${folder}/_rels/${main.slice(folder.length + 1)}.rels`);
  const sheets: Sheet[] = [];
  let is1904 = false;
  for (const token of readXml(workbook.text)) {
    if (token.type !== 'open') continue;
    if (token.name === 'workbookPr') is1904 = /^(?:1|true)$/.test(token.attributes.get('date1904') ?? '');
    if (token.name !== 'sheet') continue;
    const id = token.attributes.get('id');
    const target = relations.find((relation) => relation.id === id && !relation.isExternal)?.target;
    if (target === undefined) continue;
    const isHidden = /hidden/i.test(token.attributes.get('state') ?? '');
    sheets.push({ name: token.attributes.get('name') ?? `Sheet ${sheets.length + 1}`, part: resolvePart(folder, target), isHidden });
  }
  return { sheets, is1904 };
}

async function stringsOf(archive: Archive, name: string): Promise<string[]> {
  const part = await partText(archive, name);
  const strings: string[] = [];
  let text = '';
  let isText = false;
  let phonetic = 0;
  for (const token of readXml(part?.text ?? '')) {
    if (token.type === 'text') {
      if (isText && phonetic === 0) text += token.text;
    } else if (token.name === 't') isText = token.type === 'open';
    else if (token.name === 'rPh') phonetic += token.type === 'open' ? 1 : -1;
    else if (token.name === 'si' && token.type === 'close') {
      strings.push(text);
      text = '';
    }
  }
  return strings;
}

/** The format of each style that cells may have: a number of the standard's list, or the code of one of the workbook's own. */
async function formatsOf(archive: Archive, name: string): Promise<(string | number)[]> {
  const part = await partText(archive, name);
  const codes = new Map<number, string>();
  const formats: (string | number)[] = [];
  let isCellStyles = false;
  for (const token of readXml(part?.text ?? '')) {
    if (token.type === 'text') continue;
    if (token.name === 'cellXfs') isCellStyles = token.type === 'open';
    if (token.type !== 'open') continue;
    if (token.name === 'numFmt') codes.set(Number(token.attributes.get('numFmtId')), token.attributes.get('formatCode') ?? '');
    if (token.name === 'xf' && isCellStyles) {
      const id = Number(token.attributes.get('numFmtId') ?? 0);
      formats.push(codes.get(id) ?? id);
    }
  }
  return formats;
}

function rowsOf(xml: string, workbook: Workbook, charsMax: number): { text: string; isCut: boolean } {
  const lines: string[] = [];
  let chars = 0;
  let row: string[] = [];
  let cell: { column: number; type: string; style: number; value: string } | null = null;
  let isValue = false;
  for (const token of readXml(xml)) {
    if (token.type === 'text') {
      if (isValue && cell !== null) cell.value += token.text;
      continue;
    }
    const isOpen = token.type === 'open';
    switch (token.name) {
      case 'row':
        if (isOpen) row = [];
        else if (row.length > 0) {
          const line = csvLine(row);
          lines.push(line);
          chars += line.length + 1;
          if (chars > charsMax) return { text: lines.join('\n'), isCut: true };
        }
        break;
      case 'c':
        if (isOpen) {
          const column = columnOf(token.attributes.get('r')) ?? row.length;
          cell = { column, type: token.attributes.get('t') ?? 'n', style: Number(token.attributes.get('s') ?? 0), value: '' };
        } else if (cell !== null) {
          const text = textOf(cell, workbook);
          if (text !== '' && cell.column < columnsMax) {
            while (row.length < cell.column) row.push('');
            row[cell.column] = text;
          }
          cell = null;
        }
        break;
      case 'v':
      case 't':
        isValue = isOpen;
        break;
    }
  }
  return { text: lines.join('\n'), isCut: false };
}

/** `BC12` is the column 54, counted from 0. */
function columnOf(reference: string | undefined): number | null {
  const letters = /^([A-Z]{1,3})\d/.exec(reference ?? '')?.[1];
  return letters === undefined ? null : [...letters].reduce((column, letter) => column * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

function textOf({ type, style, value }: { type: string; style: number; value: string }, { strings, formats, is1904 }: Workbook): string {
  if (value === '') return '';
  if (type === 's') return strings[Number(value)] ?? '';
  if (type === 'b') return value === '1' ? 'TRUE' : 'FALSE';
  if (type === 'd') return value.replace(/T00:00:00(?:\.0+)?Z?$/, '');
  // Text, the result of a formula that is text, and faults such as #DIV/0!.
  if (type !== 'n') return value;
  return cellNumber(value, dateFormatOf(formats[style] ?? 0), is1904);
}
