import type { Archive } from './archive.ts';
import type { Read, ReadLimits } from './document.ts';
import { factsOf, partText } from './ooxml.ts';
import { readXml } from './xml.ts';

/** A text document of Word and its like: its body, then notes, comments, headers and footers. */
export async function readDocx(archive: Archive, main: string, { textCharsMax }: ReadLimits): Promise<Read> {
  const beside = archive.parts
    .map(({ name }) => name)
    .filter((name) => /^word\/(?:footnotes|endnotes|comments|header\d*|footer\d*)\.xml$/.test(name));
  const texts: string[] = [];
  let isCut = false;
  let isHidden = false;
  let chars = 0;
  for (const name of [main, ...beside.sort()]) {
    const part = await partText(archive, name);
    if (part === null || chars > textCharsMax) continue;
    const read = textOf(part.text, textCharsMax - chars);
    chars += read.text.length;
    isCut ||= part.isCut || read.isCut;
    isHidden ||= read.isHidden;
    // The same header stands above every section.
    if (read.text !== '' && !texts.includes(read.text)) texts.push(read.text);
  }
  const { title, metadata, warnings } = await factsOf(archive);
  return {
    kind: 'docx',
    text: texts.join('\n\n'),
    title,
    metadata,
    truncated: isCut,
    warnings: isHidden ? [...warnings, 'It contains hidden text, which is read as well.'] : warnings,
  };
}

/** Elements whose content is no text of the document: settings of paragraphs, what was moved away, and copies for old programs. */
const skipped = new Set(['pPr', 'moveFrom', 'Fallback']);

function textOf(xml: string, charsMax: number): { text: string; isCut: boolean; isHidden: boolean } {
  const pieces: string[] = [];
  let chars = 0;
  let isText = false;
  let isHidden = false;
  let skip = 0;
  let cells = 0;
  const add = (text: string) => {
    pieces.push(text);
    chars += text.length;
  };
  for (const token of readXml(xml)) {
    if (chars > charsMax) return { text: pieces.join(''), isCut: true, isHidden };
    if (token.type === 'text') {
      if (isText && skip === 0) add(token.text);
      continue;
    }
    const isOpen = token.type === 'open';
    if (skipped.has(token.name)) skip += isOpen ? 1 : -1;
    else if (skip > 0) continue;
    else if (token.name === 't') isText = isOpen;
    else if (token.name === 'tc') {
      cells += isOpen ? 1 : -1;
      if (!isOpen) add('\t');
    } else if (token.name === 'p' && !isOpen) add(cells > 0 ? ' ' : '\n');
    else if (token.name === 'tr' && !isOpen) add('\n');
    else if (isOpen && token.name === 'tab') add('\t');
    else if (isOpen && (token.name === 'br' || token.name === 'cr')) add(cells > 0 ? ' ' : '\n');
    else if (isOpen && token.name === 'noBreakHyphen') add('-');
    else if (isOpen && token.name === 'vanish') isHidden ||= !/^(?:0|false|off)$/.test(token.attributes.get('val') ?? '');
  }
  return { text: pieces.join('').replaceAll(' \t', '\t').trim(), isCut: false, isHidden };
}
