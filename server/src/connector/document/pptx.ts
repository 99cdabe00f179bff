import type { Archive } from './archive.ts';
import type { Read, ReadLimits } from './document.ts';
import { factsOf, partText } from './ooxml.ts';
import { readXml } from './xml.ts';

/** The words on the slides of a presentation, slide by slide. */
export async function readPptx(archive: Archive, { textCharsMax }: ReadLimits): Promise<Read> {
  const slides = archive.parts
    .flatMap(({ name }) => {
      const number = /^ppt\/slides\/slide(\d{1,5})\.xml$/.exec(name)?.[1];
      return number === undefined ? [] : [{ name, number: Number(number) }];
    })
    .sort((one, other) => one.number - other.number);
  const texts: string[] = [];
  let chars = 0;
  for (const { name, number } of slides) {
    if (chars > textCharsMax) break;
    const text = textOf((await partText(archive, name))?.text ?? '');
    texts.push(`## ${number}\n${text}`);
    chars += text.length;
  }
  const { title, metadata, warnings } = await factsOf(archive);
  return {
    kind: 'pptx',
    text: texts.join('\n\n'),
    pages: slides.length,
    title,
    metadata,
    truncated: texts.length < slides.length,
    warnings,
  };
}

function textOf(xml: string): string {
  const pieces: string[] = [];
  let isText = false;
  for (const token of readXml(xml)) {
    if (token.type === 'text') {
      if (isText) pieces.push(token.text);
    } else if (token.name === 't') isText = token.type === 'open';
    else if (token.type === 'close' && (token.name === 'p' || token.name === 'br')) pieces.push('\n');
  }
  return pieces.join('').trim();
}
